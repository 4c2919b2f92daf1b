"""The ollama SDK.

A model on a server of one's own has no price: the cost of its calls is not known, and is not said to be 0.
Source: ``ollama/_client.py`` of ollama 0.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Call, Hook, Sent, Target
from agentotel.wire import ollama

PATHS: Final = {
    ("post", "/api/chat"): Call(operation="chat", format=ollama.FORMAT),
    ("post", "/api/generate"): Call(operation="text_completion", format=ollama.FORMAT),
    ("post", "/api/embed"): Call(operation="embeddings", format=ollama.EMBED),
    ("post", "/api/embeddings"): Call(operation="embeddings", format=ollama.EMBED),
    ("post", "/v1/systemone"): Call(operation="generate_content", format=ollama.SYSTEM_ONE),
}
"""Which request paths are operations; ``not_operations`` names the others."""


def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``_request(cls, method, path, *, json, stream)`` of a stream, and ``_request_raw(method, path, *, json)``.

    The second is what the first one calls for an answer that does not stream. Its response still has what the
    SDK's classes have no field for, such as the ids of tool calls.
    """
    streams = not isinstance(args[0], str)
    if streams and not kwargs.get("stream"):
        return None
    method, path = args[1:3] if streams else args[0:2]
    call = PATHS.get((method.lower(), path))
    if call is None:
        return None
    http = client._client  # noqa: SLF001 - where it keeps the httpx client
    url = http.base_url
    return Sent(
        call=call,
        target=Target(provider="ollama", server=url.host or None, port=hosts.port_of(url)),
        body=kwargs["json"],
        timeout_s=http.timeout.read,
        http_client=http,
    )


ADAPTER: Final = Adapter(
    package="ollama",
    oldest=(0, 4),
    below=(0, 7),
    hooks=tuple(
        Hook(module="ollama._client", owner=owner, method=method)
        for owner in ("Client", "AsyncClient")
        for method in ("_request", "_request_raw")
    ),
    read=read,
)
