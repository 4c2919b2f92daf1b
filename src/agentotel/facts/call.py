"""Facts of one model call: what was asked, what came back, over which attempts.

Mappings named ``attributes`` are keyed by the attribute names of the semantic
conventions (``agentotel.semconv``), since those are the field's vocabulary. Values that are made in every call are
named tuples, at a third of the time of a frozen dataclass. Make them by keyword, which takes two to five times as long
as by position, but where a call of the commonest formats makes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

AttributeScalar = str | bool | int | float
AttributeValue = AttributeScalar | Sequence[str]
"""A value that an OpenTelemetry attribute can hold."""


NOTHING: Mapping[str, AttributeValue] = MappingProxyType({})


class Usage(NamedTuple):
    """Tokens of one call, by class, in the sense of the conventions.

    ``None`` means that the provider did not send the number. ``input_tokens`` holds all
    input (cached included) and ``output_tokens`` all output (reasoning included), so the
    other fields are subsets of these two.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    """The part of ``cache_write_tokens`` written with a lifetime of one hour."""
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_input_tokens: int | None = None
    image_output_tokens: int | None = None
    text_input_tokens: int | None = None
    text_output_tokens: int | None = None
    audio_cache_read_tokens: int | None = None
    image_cache_read_tokens: int | None = None
    text_cache_read_tokens: int | None = None
    web_searches: int | None = None
    """Searches of the web that the provider bills beside the tokens."""
    storage_searches: int | None = None
    """Searches of stored files that it bills so."""
    search_units: int | None = None
    """What Cohere bills a reranking by: a query over up to 100 documents."""
    video_input_tokens: int | None = None
    video_output_tokens: int | None = None
    video_cache_read_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequest:
    """A call of a client-side tool that the model asks for.

    ``arguments`` is as the provider sent it: a JSON text (OpenAI) or a mapping (Anthropic).
    """

    id: str | None
    name: str
    arguments: object


class ServerToolUse(NamedTuple):
    """One use of a tool that the provider ran itself while it made an answer.

    ``kind`` is the provider's word for the tool (``web_search``, ``mcp``), ``name`` the name that it goes by,
    ``status`` how it went in the provider's word, ``server`` the label of a hosted MCP server.
    """

    kind: str
    name: str
    id: str | None = None
    status: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an operation failed.

    ``type`` is the low-cardinality ``error.type``; ``message`` may hold content and leaves
    the process only where content is captured. ``category``, ``origin`` and ``retry`` are
    the values of ``agentotel.error.*``.
    """

    type: str
    message: str | None = None
    category: str | None = None
    origin: str | None = None
    retry: str | None = None


class Request(NamedTuple):
    """What a model call asks for.

    ``attributes`` holds what else the start of its span needs, under attribute names, for example
    ``{"gen_ai.data_source.id": "vs_1"}``; of a call that only somebody else's span tells of, all that it tells.
    """

    model: str | None = None
    stream: bool = False
    attributes: Mapping[str, AttributeValue] = NOTHING


class Response(NamedTuple):
    """What a model call gave.

    ``finish_reasons`` has one entry per choice, in choice order. ``attributes`` holds what is counted
    while an answer is read, under attribute names. ``failure`` is set where the body itself says
    that the call failed although HTTP did not. ``usage`` is None when nothing was sent; ``billed`` is what
    the price is of, where the provider bills by other counts. ``tier`` is the service tier that was billed, in
    the provider's word.
    """

    id: str | None = None
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    billed: Usage | None = None
    tier: str | None = None
    tool_requests: tuple[ToolRequest, ...] = ()
    attributes: Mapping[str, AttributeValue] = NOTHING
    failure: Failure | None = None
    server_tools: tuple[ServerToolUse, ...] = ()
    """Tools that the provider ran itself."""
    beside: tuple[tuple[str | None, Usage], ...] = ()
    """Model and tokens of inferences inside the answer that ``usage`` leaves out and that are billed as well."""


class Context(NamedTuple):
    """What the model reads, raw and in order, for hashing. Not changed, not copied.

    ``system`` is system text sent apart from the messages, ``tools`` the offered tools.
    """

    system: object = None
    tools: object = None
    messages: Sequence[object] = ()


class Content(NamedTuple):
    """Content of a request in the JSON shape of the conventions; None where absent."""

    system_instructions: list[dict[str, object]] | None = None
    input_messages: list[dict[str, object]] | None = None
    tool_definitions: list[dict[str, object]] | None = None
    query: str | None = None
    """What a retrieval searches for."""


class Attempt(NamedTuple):
    """One HTTP request inside an operation.

    ``wait_s`` is the pause before this attempt since the failed one before it ended, and ``reason`` the category
    of that failure; both None where the attempt repeats none. ``category`` is that of its own failure. ``target``
    tells requests to different places apart and is not exported.
    """

    number: int
    status: int | None = None
    error_type: str | None = None
    wait_s: float | None = None
    reason: str | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    host: str | None = None
    category: str | None = None
    target: object = None
    started_at_ns: int = 0
    duration_s: float = 0.0

    @property
    def ended_at_ns(self) -> int:
        """The Unix time at which it ended."""
        return self.started_at_ns + round(self.duration_s * 1e9)


class Cost(NamedTuple):
    """Price of one operation in US dollars. ``source`` names catalogue and version or the override."""

    usd: float
    source: str
    input_usd: float | None = None
    output_usd: float | None = None

    def plus(self, other: Cost) -> Cost:
        """Add another price to this one."""
        return Cost(
            usd=self.usd + other.usd,
            source=self.source,
            input_usd=None if self.input_usd is None else self.input_usd + (other.input_usd or 0.0),
            output_usd=None if self.output_usd is None else self.output_usd + (other.output_usd or 0.0),
        )
