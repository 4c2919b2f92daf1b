"""The cohere SDK: both versions of the API, at Cohere and behind Amazon Bedrock and SageMaker.

A stream of a version before 5.16 cannot be closed: its generator catches the exception that closes it.
Source: ``cohere/core/http_client.py``, ``cohere/aws_client.py`` of cohere 7.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Call, Hook, Sent, Target
from agentotel.wire import cohere_chat, cohere_tasks, cohere_v1
from agentotel.wire.format import Body

PATHS: Final = {
    ("post", "/v2/chat"): Call(operation="chat", format=cohere_chat.FORMAT),
    ("post", "/v2/embed"): Call(operation="embeddings", format=cohere_tasks.EMBED),
    ("post", "/v2/rerank"): Call(operation="rerank", format=cohere_tasks.RERANK),
    ("post", "/v2/parse"): Call(operation="generate_content", format=cohere_tasks.DOCUMENT),
    ("post", "/v2/audio/transcriptions"): Call(operation="generate_content", format=cohere_tasks.TRANSCRIPTION),
    ("post", "/v1/chat"): Call(operation="chat", format=cohere_v1.CHAT),
    ("post", "/v1/generate"): Call(operation="text_completion", format=cohere_v1.GENERATE),
    ("post", "/v1/summarize"): Call(operation="text_completion", format=cohere_v1.SUMMARIZE),
    ("post", "/v1/embed"): Call(operation="embeddings", format=cohere_tasks.EMBED),
    ("post", "/v1/rerank"): Call(operation="rerank", format=cohere_tasks.RERANK),
    ("post", "/v1/classify"): Call(operation="classify", format=cohere_tasks.CLASSIFY),
}
"""Which request paths are operations; ``not_operations`` names the others."""

PLATFORMS: Final = {"cohere.aws_client": "aws.bedrock", "cohere.oci_client": "oracle.oci"}
"""Modules that send requests elsewhere than their URL says, by a hook of httpx, and the provider there."""


RAISED: Final = {
    400: "bad_request_error.BadRequestError",
    401: "unauthorized_error.UnauthorizedError",
    403: "forbidden_error.ForbiddenError",
    404: "not_found_error.NotFoundError",
    422: "unprocessable_entity_error.UnprocessableEntityError",
    429: "too_many_requests_error.TooManyRequestsError",
    498: "invalid_token_error.InvalidTokenError",
    499: "client_closed_request_error.ClientClosedRequestError",
    500: "internal_server_error.InternalServerError",
    501: "not_implemented_error.NotImplementedError",
    503: "service_unavailable_error.ServiceUnavailableError",
    504: "gateway_timeout_error.GatewayTimeoutError",
}
"""Exceptions by HTTP status, in ``cohere.errors``; any other status is an ``ApiError``."""


def raises(status: int) -> str:
    """Name the exception of an HTTP status."""
    return f"cohere.errors.{RAISED[status]}" if status in RAISED else "cohere.core.api_error.ApiError"


def read(sender: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read the arguments of ``request(path, *, method, json, request_options, omit)``, and those of ``stream``."""
    path = args[0] if args else kwargs.get("path")
    call = PATHS.get((str(kwargs.get("method")).lower(), f"/{path}"))
    if call is None:
        return None
    options: Mapping[str, Any] = kwargs.get("request_options") or {}
    body = _body(kwargs, options)
    platform = _platform(sender.httpx_client)
    url = sender.get_base_url(kwargs.get("base_url"))
    return Sent(
        call=call,
        target=_target(url) if platform is None else Target(provider=platform, server=None, port=None),
        body=body,
        retry_limit=options.get("max_retries", getattr(sender, "base_max_retries", None)),
        timeout_s=_seconds(sender, options),
        http_client=sender.httpx_client,
    )


def _body(kwargs: Mapping[str, Any], options: Mapping[str, Any]) -> Body:
    """Give the body without what the caller left out, for which the SDK has a mark."""
    omit = kwargs.get("omit")
    sent = kwargs.get("json") or kwargs.get("data") or {}
    given = {name: value for name, value in sent.items() if value is not omit}
    more = options.get("additional_body_parameters")
    return {**given, **more} if more else given


def _platform(http_client: Any) -> str | None:
    hooks = getattr(http_client, "event_hooks", {}).get("request", ())
    return next((PLATFORMS[hook.__module__] for hook in hooks if getattr(hook, "__module__", "") in PLATFORMS), None)


@lru_cache(maxsize=1000)
def _target(url: str) -> Target:
    parts = urlsplit(url)
    return Target(provider="cohere", server=parts.hostname, port=hosts.port_of(parts))


def _seconds(sender: Any, options: Mapping[str, Any]) -> float | None:
    given = (options.get("timeout"), options.get("timeout_in_seconds"), sender.base_timeout())
    seconds = next((one for one in given if one is not None), None)
    return float(seconds) if isinstance(seconds, int | float) else None


ADAPTER: Final = Adapter(
    package="cohere",
    oldest=(5, 16),
    below=(8,),
    hooks=tuple(
        Hook(module="cohere.core.http_client", owner=owner, method=method)
        for owner in ("HttpClient", "AsyncHttpClient")
        for method in ("request", "stream")
    ),
    read=read,
    raises=raises,
)
