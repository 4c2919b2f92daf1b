"""The together SDK, whose bodies are OpenAI's but for rerank.

Source: ``together/_base_client.py`` and ``together/resources`` of together 2.0, whose paths have no version, and 3.1.
"""

from __future__ import annotations

from typing import Final

from agentotel.adapters.providers import _stainless, openai
from agentotel.capture.spec import Adapter, Call
from agentotel.wire import openai_media

_SHARED: Final = ("/chat/completions", "/completions", "/embeddings", "/images/generations", *openai.AUDIO)
_PATHS: Final = {
    **_stainless.under("", openai.PATHS, _SHARED),
    ("post", "/rerank"): Call(operation="rerank", format=openai_media.RERANK),
}
PATHS: Final = {**_PATHS, **_stainless.under("/v1", _PATHS)}
"""Which request paths are operations; ``not_operations`` names the others."""

ADAPTER: Final = Adapter(
    package="together",
    oldest=(2,),
    below=(4,),
    hooks=_stainless.hooks("together"),
    read=_stainless.reader(PATHS, lambda _client: "together"),
)
