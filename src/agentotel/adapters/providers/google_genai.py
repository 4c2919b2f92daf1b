"""The google-genai SDK: the Gemini API and Vertex AI.

Its methods go through a few request methods that stand above the retries. Interactions and decisions have a client of
their own inside the SDK, live sessions a WebSocket.

Source: ``google/genai/_api_client.py`` of google-genai 3.4 and 2.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel.adapters.providers import _google_live, _google_paths, _google_resources
from agentotel.adapters.providers._google_paths import find, target, told_apart
from agentotel.capture.spec import Adapter, Hook, Sent
from agentotel.wire.format import fields

PATHS: Final = _google_paths.PATHS

DEFAULT_ATTEMPTS: Final = 5
"""Requests for one call where retries are asked for without a number: ``_RETRY_ATTEMPTS``."""


def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read the arguments of a method, whichever of the SDK's clients it is of."""
    if "websocket" in kwargs or hasattr(client, "_ws"):
        return _google_live.read(client, kwargs)
    if "hook_ctx" in kwargs:
        sent = _google_resources.read(kwargs)
    elif hasattr(client, "max_retries"):
        sent = _google_resources.read_older(client, args, kwargs)
    else:
        sent = _read_request(client, *args, **kwargs)
    return None if sent is None else told_apart(sent)


def answer(value: Any) -> Any:
    """Show what a request method gave: the JSON of a response of the SDK, else the value itself."""
    body = getattr(value, "body", None)
    return json.loads(body) if isinstance(body, str) and body else value


def _read_request(
    client: Any, http_method: str, path: str, request_dict: Mapping[str, Any], http_options: Any = None
) -> Sent | None:
    """Read ``request(http_method, path, request_dict, http_options)`` and its like."""
    found = find(http_method, "/" + path.partition("?")[0])
    if found is None:
        return None
    own, shared = fields(http_options), fields(client._http_options)  # noqa: SLF001 - what its requests go by
    url = urlsplit(str(own.get("base_url") or shared.get("base_url") or ""))
    timeout_ms = own.get("timeout") or shared.get("timeout")
    return Sent(
        call=found[0],
        target=target(url.hostname, url, vertex=bool(client.vertexai)),
        body={**_merged(request_dict, fields(own.get("extra_body") or shared.get("extra_body"))), **found[1]},
        retry_limit=_retries(own.get("retry_options") or shared.get("retry_options")),
        timeout_s=timeout_ms / 1000 if isinstance(timeout_ms, int) and timeout_ms else None,
    )


def _merged(sent: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Put an extra body into a body, which also holds parts of the URL under names that begin with ``_``."""
    body = {key: value for key, value in sent.items() if not key.startswith("_")}
    for key, value in extra.items():
        inner = body.get(key)
        body[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    return body


def _retries(options: Any) -> int:
    """Count the retries that options allow; without options there is none."""
    if options is None:
        return 0
    attempts = fields(options).get("attempts")
    return max(attempts if isinstance(attempts, int) else DEFAULT_ATTEMPTS, 1) - 1


ADAPTER: Final = Adapter(
    package="google.genai",
    oldest=(2,),
    below=(4,),
    hooks=(
        *(
            Hook(module="google.genai._api_client", owner="BaseApiClient", method=method)
            for method in ("request", "request_streamed", "async_request", "async_request_streamed")
        ),
        *_google_resources.HOOKS,
        *_google_live.HOOKS,
    ),
    read=read,
    answer=answer,
    raises=str,
)
