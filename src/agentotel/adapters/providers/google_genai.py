"""The google-genai SDK: the Gemini API and Vertex AI.

Its methods go through a few request methods that stand above the retries. Interactions and decisions
have a client of their own inside the SDK: one that Stainless generated before 2.9, one by Speakeasy since.

Source: ``google/genai/_api_client.py`` and ``google/genai/_gaos/basesdk.py`` of google-genai 3.4,
``google/genai/_interactions/_base_client.py`` of 2.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel.adapters.providers import _stainless
from agentotel.capture.libraries import PORTS
from agentotel.capture.spec import Adapter, Call, Hook, Sent, Target
from agentotel.wire import google_embeddings, google_generate, google_images, google_interactions
from agentotel.wire.format import fields

PATHS: Final = {
    ("post", "/{model}:generateContent"): Call(operation="generate_content", format=google_generate.FORMAT),
    ("post", "/{model}:streamGenerateContent"): Call(operation="generate_content", format=google_generate.PASSED_ON),
    ("post", "/{model}:embedContent"): Call(operation="embeddings", format=google_embeddings.FORMAT),
    ("post", "/{model}:batchEmbedContents"): Call(operation="embeddings", format=google_embeddings.FORMAT),
    ("post", "/{model}:predict"): Call(operation="generate_content", format=google_images.FORMAT),
    ("post", "/interactions"): Call(operation="generate_content", format=google_interactions.FORMAT),
    ("get", "/interactions/{id}"): Call(operation="fetch_response", format=google_interactions.FETCH),
    ("post", "/decisions"): Call(operation="generate_content", format=google_interactions.DECISION),
}
"""Which ends of request paths are operations; ``not_operations`` names the others."""

DEFAULT_ATTEMPTS: Final = 5
"""Requests for one call where retries are asked for without a number: ``_RETRY_ATTEMPTS``."""

_MODEL = re.compile(r"/((?:tunedModels/|endpoints/)?[^/:]+):(\w+)$")
_RESOURCE = re.compile(r"/(interactions|decisions)(?:/([^/]+))?$")


def find(method: str, path: str) -> tuple[Call, dict[str, object]] | None:
    """Find the operation of a request, and what its path says: the model and whether it streams, or an id."""
    named = _MODEL.search(path)
    if named is not None:
        call = PATHS.get((method, f"/{{model}}:{named[2]}"))
        said: dict[str, object] = {"model": named[1]}
        if named[2].startswith("stream"):
            said["stream"] = True
        return None if call is None else (call, said)
    found = _RESOURCE.search(path)
    if found is None:
        return None
    call = PATHS.get((method, f"/{found[1]}/{{id}}" if found[2] else f"/{found[1]}"))
    return None if call is None else (call, {"id": found[2]} if found[2] else {})


def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read the arguments of a request method, whichever of the SDK's three clients it is of."""
    if "hook_ctx" in kwargs:
        sent = _read_resource(kwargs)
    elif hasattr(client, "max_retries"):
        sent = _read_older(client, args, kwargs)
    else:
        sent = _read_request(client, *args, **kwargs)
    return None if sent is None else _told_apart(sent)


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
        target=_target(url.hostname, url.port, url.scheme, vertex=bool(client.vertexai)),
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


def _read_resource(kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``do_request(hook_ctx, request, is_error_status_code, stream, retry_config)``."""
    request, url = kwargs["request"], kwargs["request"].url
    found = find(request.method.lower(), url.path)
    if found is None:
        return None
    config, _codes = kwargs.get("retry_config") or (None, None)
    return Sent(
        call=found[0],
        target=_target(url.host, url.port, url.scheme, vertex="/projects/" in url.path),
        body={**(json.loads(request.content) if request.content else dict(url.params)), **found[1]},
        retry_limit=0 if config is None else config.max_retries,
        timeout_s=request.extensions.get("timeout", {}).get("read"),
    )


def _read_older(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``request(cast_to, options, *, stream, stream_cls)``."""
    options, url = args[1] if len(args) > 1 else kwargs["options"], client.base_url
    found = find(options.method.lower(), options.url.partition("?")[0])
    if found is None:
        return None
    limit = options.max_retries
    return Sent(
        call=found[0],
        target=_target(url.host, url.port, url.scheme, vertex="/projects/" in options.url),
        body={**(options.json_data or options.params), **found[1]},
        retry_limit=limit if isinstance(limit, int) else client.max_retries,
        timeout_s=_stainless.seconds(options.timeout, client),
        http_client=client._client,  # noqa: SLF001 - what sends the attempts
    )


def _told_apart(sent: Sent) -> Sent:
    """Tell apart what one path is used for: the older embedding models by their body, agents from models."""
    first = next(iter(sent.body.get("instances") or ()), None)  # type: ignore[call-overload]  # a list
    if "content" in fields(first):
        return sent._replace(call=PATHS["post", "/{model}:embedContent"])
    agent = sent.body.get("agent") and sent.call.operation == "generate_content"
    return sent._replace(call=replace(sent.call, operation="invoke_agent")) if agent else sent


def _target(host: str | None, port: int | None, scheme: str, *, vertex: bool) -> Target:
    return Target(
        provider="gcp.vertex_ai" if vertex else "gcp.gemini", server=host or None, port=port or PORTS.get(scheme)
    )


def _retries(options: Any) -> int:
    """Count the retries that options allow; without options there is none."""
    if options is None:
        return 0
    attempts = fields(options).get("attempts")
    return max(attempts if isinstance(attempts, int) else DEFAULT_ATTEMPTS, 1) - 1


def raises(status: int) -> str:
    """Name what an interaction that was refused raises, above the method that is patched."""
    name = _RAISED.get(status, "InternalServerError" if status >= 500 else "APIStatusError")  # noqa: PLR2004
    return f"google.genai.lib.compat_errors.{name}"


_RAISED: Final = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}

ADAPTER: Final = Adapter(
    package="google.genai",
    oldest=(2,),
    below=(4,),
    hooks=(
        *(
            Hook(module="google.genai._api_client", owner="BaseApiClient", method=method)
            for method in ("request", "request_streamed", "async_request", "async_request_streamed")
        ),
        Hook(module="google.genai._gaos.basesdk", owner="BaseSDK", method="do_request"),
        Hook(module="google.genai._gaos.basesdk", owner="AsyncBaseSDK", method="do_request_async"),
        *_stainless.hooks("google.genai._interactions"),
    ),
    read=read,
    answer=answer,
    raises=raises,
)
