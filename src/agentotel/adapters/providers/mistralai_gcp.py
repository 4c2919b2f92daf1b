"""The mistralai SDK's client for models that Vertex AI serves.

It names a request by the end of its URL, and puts project and model into the path where it sends.
Source: ``mistralai/gcp/client`` of mistralai 2.0 and 3.7.
"""

from __future__ import annotations

from typing import Any, Final

from agentotel.adapters.providers import _mistral
from agentotel.adapters.providers._paths import Routes
from agentotel.capture.spec import Call
from agentotel.wire import mistral_chat

_CHAT: Final = Call(operation="chat", format=mistral_chat.CHAT)
_FIM: Final = Call(operation="text_completion", format=mistral_chat.FIM)

PATHS: Final = {
    ("post", "/rawPredict"): _CHAT,
    ("post", "/streamRawPredict"): _CHAT,
    ("post", "/rawPredict#fim"): _FIM,
    ("post", "/streamRawPredict#fim"): _FIM,
}
"""Ends of the requests that are operations, which are all that the client has; what follows ``#`` is not sent."""


def place(url: Any) -> str:
    """Give what names a request: the path, and the fragment where there is one."""
    return f"{url.path}#{url.fragment}" if url.fragment else str(url.path)


ADAPTER: Final = _mistral.adapter("mistralai.gcp.client", "gcp.vertex_ai", Routes(PATHS).find_end, place=place)
