"""Messages of Anthropic, beta included.

Source: ``anthropic/types`` and ``anthropic/types/beta`` of anthropic 2.11.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.facts.call import AttributeValue, Content, Context, Response, ServerToolUse, Usage
from agentotel.semconv import names
from agentotel.wire._anthropic_fold import MessageFold
from agentotel.wire._anthropic_parts import content_parts, server_uses, tool_request
from agentotel.wire.beside import Beside, sums
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import MISSING_REASON, Part, function_tool, output_message, part, sent_messages
from agentotel.wire.read import (
    Rule,
    UsageTable,
    attributes,
    by_table,
    failure,
    inside,
    integer,
    items,
    number,
    one_of,
    plain_request,
    positive,
    text,
    texts,
    usage,
)
from agentotel.wire.server_tools import counts

_FORMAT = inside("type", one_of({"json_schema": "json"}))
REQUEST: tuple[Rule, ...] = (
    ("max_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("top_p", names.REQUEST_TOP_P, number),
    ("top_k", names.REQUEST_TOP_K, integer),
    ("stop_sequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("output_config", names.OUTPUT_TYPE, inside("format", _FORMAT)),
    ("output_config", names.REQUEST_REASONING_LEVEL, inside("effort", text)),
    ("output_format", names.OUTPUT_TYPE, _FORMAT),
)
USAGE: UsageTable = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "cache_creation": {"ephemeral_1h_input_tokens": "cache_write_1h_tokens"},
    "output_tokens_details": {"thinking_tokens": "reasoning_tokens"},
    "server_tool_use": {"web_search_requests": "web_searches"},
}


def _compacted(content: object) -> AttributeValue | None:
    return True if any(fields(block).get("type") == "compaction" for block in items(content)) else None


RESPONSE: tuple[Rule, ...] = (
    ("content", names.CONVERSATION_COMPACTED, _compacted),
    *(
        ("usage", name, inside("cache_creation", inside(f"ephemeral_{lifetime}_input_tokens", positive)))
        for lifetime, name in (("5m", names.USAGE_CACHE_WRITE_5M), ("1h", names.USAGE_CACHE_WRITE_1H))
    ),
)
SERVER_COUNTS: Mapping[str, str] = {"web_search_requests": "web_search", "web_fetch_requests": "web_fetch"}
"""Counts of the usage to the tools that they are of. They are what is billed, and come before counted blocks."""

APART = frozenset({"compaction", "advisor_message"})
"""Kinds of iterations that the totals of a message leave out.

Source: ``BetaUsage.iterations`` of anthropic 2.12, and Anthropic's pages on compaction and on the advisor tool.
"""
FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_call",
}
"""Source: ``normalize_finish_reason`` of opentelemetry-instrumentation-genai-anthropic 1.3b0."""


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the parameters of a message."""
    found = attributes(body, REQUEST)
    if body.get("context_management") is not None:  # without it nothing is compacted, and reading all messages is slow
        sent = (fields(one).get("content") for one in items(body.get("messages")))
        if any(_compacted(content) for content in sent):
            found[names.CONVERSATION_COMPACTED] = True
    return found


def response(body: Body) -> Response:
    """Read a message. A message without a stop reason was cut off: its finish reason is ``error``."""
    blocks = [fields(block) for block in items(body.get("content"))]
    used = server_uses(blocks)
    sent = fields(body.get("usage"))
    beside = _beside(sent)
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        finish_reasons=(_finish_reason(body),) if "content" in body else (),
        usage=_usage(sent),
        tier=_tier(sent),
        tool_requests=tuple(tool_request(block) for block in blocks if block.get("type") == "tool_use"),
        attributes={**_tool_counts(used, sent), **sums(beside)},
        failure=failure(body.get("error")),
        server_tools=used,
        beside=beside,
    )


def context(body: Body) -> Context:
    """Show the system text, the offered tools and the messages."""
    return Context(system=body.get("system"), tools=body.get("tools"), messages=items(body.get("messages")))


def answers(message: object) -> tuple[str, ...]:
    """Return the ids of the tool calls whose results a message holds."""
    blocks = [fields(block) for block in items(fields(message).get("content"))]
    ids = [text(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]
    return tuple(call_id for call_id in ids if call_id)


def content(body: Body) -> Content:
    """Read system text, messages and tool definitions in the shape of the conventions."""
    return Content(
        system_instructions=content_parts(body.get("system")) or None,
        input_messages=sent_messages(body.get("messages"), content_parts) or None,
        tool_definitions=[_tool(fields(tool)) for tool in items(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the one output message."""
    if "content" not in body:
        return None
    role = text(body.get("role")) or "assistant"
    return [output_message(role, content_parts(body["content"]), _finish_reason(body))]


def _finish_reason(body: Body) -> str:
    reason = text(body.get("stop_reason"))
    return FINISH_REASONS.get(reason, reason) if reason else MISSING_REASON


def _usage(sent: Body) -> Usage | None:
    """Add up the input: the API counts what was read from and written to the cache apart from the rest."""
    found = usage(sent, USAGE)
    if found is None or found.input_tokens is None:
        return found
    cached = (found.cache_read_tokens or 0) + (found.cache_write_tokens or 0)
    return found._replace(input_tokens=found.input_tokens + cached) if cached else found


def _tier(sent: Body) -> str | None:
    """Name what was billed: a faster mode has a price of its own, whatever the tier."""
    speed = text(sent.get("speed"))
    return speed if speed and speed != "standard" else text(sent.get("service_tier"))


def _beside(sent: Body) -> Beside:
    """Read the iterations that are billed beside the totals: model, None for that of the message, and tokens."""
    iterations = [fields(one) for one in items(sent.get("iterations"))]
    apart = [(text(one.get("model")), _usage(one)) for one in iterations if text(one.get("type")) in APART]
    return tuple((model, found) for model, found in apart if found is not None)


def _tool_counts(used: tuple[ServerToolUse, ...], sent: Body) -> dict[str, AttributeValue]:
    billed = fields(sent.get("server_tool_use"))
    told = {kind: count for key, kind in SERVER_COUNTS.items() if (count := integer(billed.get(key)))}
    return counts(used, told)


def _tool(sent: Body) -> Part:
    """Read a tool of the caller, or one of Anthropic's, which is known by its versioned type."""
    kind = text(sent.get("type"))
    if kind in {None, "custom"} or "input_schema" in sent:
        return function_tool(sent, "input_schema")
    return part(kind or "", name=text(sent.get("name")) or kind)


FORMAT = Format(
    name="anthropic_messages",
    request=plain_request,
    response=response,
    asks=asks,
    tells=by_table(RESPONSE),
    fold=MessageFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
    separate=True,
)
