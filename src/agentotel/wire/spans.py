"""Spans that others wrote about model calls, in three dialects: the conventions, OpenInference and OpenLLMetry.

Attributes are read into the same facts as bodies are. Each field is a list of names, the best first.
Source: ``openinference-semantic-conventions`` 0.1.42, ``opentelemetry-semantic-conventions-ai`` 0.5, and the
conventions of ``agentotel.semconv`` with the names that they had before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from agentotel.facts.call import Failure, Request, Response, Usage

Attributes = Mapping[str, object]
V = TypeVar("V")

OPERATION: Final = "gen_ai.operation.name"
_OPENINFERENCE: Final = "openinference.span.kind"
_OPENINFERENCE_ASKS: Final = ("llm.invocation_parameters", "llm.model_name")
"""What only an LLM span of OpenInference has, some of which say their kind at the end."""

_TRACELOOP: Final = "llm.request.type"
_TRACELOOP_KIND: Final = "traceloop.span.kind"

CALLS: Final = frozenset(
    {"chat", "generate_content", "text_completion", "embeddings", "rerank", "moderation", "fetch_response"}
)
"""Operations that are calls of a model; the others hold calls."""

_BY_KIND: Final = {"LLM": "chat", "EMBEDDING": "embeddings", "RERANKER": "rerank"}
_BY_REQUEST_TYPE: Final = {
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "rerank": "rerank",
}
_OLDER_NAMES: Final = {"completion": "text_completion", "acompletion": "chat", "embedding": "embeddings"}

USAGE: Final = (
    (
        "input_tokens",
        (
            "gen_ai.usage.input_tokens",
            "llm.token_count.prompt",
            "gen_ai.usage.prompt_tokens",
            "llm.usage.prompt_tokens",
        ),
    ),
    (
        "output_tokens",
        (
            "gen_ai.usage.output_tokens",
            "llm.token_count.completion",
            "gen_ai.usage.completion_tokens",
            "llm.usage.completion_tokens",
        ),
    ),
    (
        "cache_read_tokens",
        (
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "llm.token_count.prompt_details.cache_read",
        ),
    ),
    (
        "cache_write_tokens",
        (
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
            "llm.token_count.prompt_details.cache_write",
        ),
    ),
    (
        "reasoning_tokens",
        (
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "llm.token_count.completion_details.reasoning",
        ),
    ),
)
"""Fields of ``Usage`` and the attributes that hold them."""

TOTALS: Final = ("gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens")
"""Attributes that hold the sum of input and output."""

USAGE_PREFIXES: Final = ("gen_ai.usage.", "llm.token_count.", "llm.usage.")
"""Beginnings of the names under which tokens of one call are told."""

_MODEL: Final = ("gen_ai.request.model", "llm.model_name", "embedding.model_name", "reranker.model_name")
_ANSWERED: Final = ("gen_ai.response.model", "llm.model_name", "embedding.model_name", "reranker.model_name")
_PROVIDER: Final = ("gen_ai.provider.name", "llm.provider", "gen_ai.system", "llm.system")
_STREAMS: Final = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
_REQUEST: Final = (
    ("gen_ai.request.temperature", "temperature", float),
    ("gen_ai.request.top_p", "top_p", float),
    ("gen_ai.request.max_tokens", "max_tokens", int),
    ("gen_ai.request.seed", "seed", int),
)
_PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "az.ai.openai": "azure.ai.openai",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "amazon": "aws.bedrock",
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "vertexai": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""Names that others have for providers, in lower case, and those of the conventions."""


class Told(NamedTuple):
    """What a span tells about a model call. ``server`` and ``port`` are the provider's, None where not told."""

    operation: str
    provider: str
    request: Request
    response: Response
    server: str | None
    port: int | None


def operation(attributes: Attributes) -> str | None:
    """Name the operation that a span is, by what is on it so far: ``""`` if it only holds calls, None if unknown."""
    name = _text(attributes.get(OPERATION))
    if name is not None:
        name = _OLDER_NAMES.get(name, name)
        return name if name in CALLS else ""
    kind = _text(attributes.get(_OPENINFERENCE))
    if kind is not None:
        return _BY_KIND.get(kind.upper(), "")
    asked = _text(attributes.get(_TRACELOOP))
    if asked is not None:
        return _BY_REQUEST_TYPE.get(asked, "")
    if _TRACELOOP_KIND in attributes:
        return ""
    return "chat" if any(name in attributes for name in _OPENINFERENCE_ASKS) else None


def model(attributes: Attributes) -> str | None:
    """Name the model that was asked for."""
    return _first(attributes, _MODEL, _text)


def same_model(one: str, other: str) -> bool:
    """Tell whether two names may be of one model: some leave out the vendor before it (``amazon.``, ``anthropic/``)."""
    short, long = sorted((one, other), key=len)
    return long == short or long.endswith((f".{short}", f"/{short}"))


def read(attributes: Attributes) -> Told | None:
    """Read the facts of a call; None where the span is no call."""
    found = operation(attributes)
    if not found:
        return None
    provider = (_first(attributes, _PROVIDER, _text) or "unknown").lower()
    asked, answered = model(attributes), _first(attributes, _ANSWERED, _text)
    vendor = f"{provider}/"  # LiteLLM puts it before the model
    return Told(
        operation=found,
        provider=_PROVIDERS.get(provider, provider),
        request=Request(
            model=None if asked is None else asked.removeprefix(vendor),
            stream=any(attributes.get(name) is True for name in _STREAMS),
            attributes=_request(attributes),
        ),
        response=Response(
            id=_text(attributes.get("gen_ai.response.id")),
            model=None if answered is None else answered.removeprefix(vendor),
            finish_reasons=_reasons(attributes),
            usage=_usage(attributes),
        ),
        server=_text(attributes.get("server.address")),
        port=_whole(attributes.get("server.port")),
    )


def failure(attributes: Attributes, events: list[tuple[str, Attributes]], *, origin: str = "model") -> Failure:
    """Read why a call failed, of a span whose status says so."""
    raised = (_text(found.get("exception.type")) for name, found in events if name == "exception")
    kind = _text(attributes.get("error.type")) or next((one for one in raised if one), None)
    return Failure(type=kind or "_OTHER", origin=origin)


def _usage(attributes: Attributes) -> Usage | None:
    found = {field: _first(attributes, names, _whole) for field, names in USAGE}
    return None if all(value is None for value in found.values()) else Usage(**found)


def _reasons(attributes: Attributes) -> tuple[str, ...]:
    told = attributes.get("gen_ai.response.finish_reasons")
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            told = (told,)
    if isinstance(told, list | tuple):
        return tuple(one for one in told if isinstance(one, str))
    single = _first(attributes, ("llm.finish_reason", "llm.response.finish_reason"), _text)
    return () if single is None else (single,)


def _request(attributes: Attributes) -> dict[str, float | int]:
    parameters: object = None
    if isinstance(text := attributes.get("llm.invocation_parameters"), str):
        try:
            parameters = json.loads(text)
        except ValueError:
            parameters = None
    if not isinstance(parameters, dict):
        return {}
    return {
        name: kind(value)
        for name, key, kind in _REQUEST
        if name not in attributes and isinstance(value := parameters.get(key), int | float)
    }


def _first(attributes: Attributes, names: tuple[str, ...], as_kind: Callable[[object], V | None]) -> V | None:
    for name in names:
        if (value := as_kind(attributes.get(name))) is not None:
            return value
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
