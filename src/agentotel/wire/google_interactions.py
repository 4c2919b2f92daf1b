"""Google's Interactions API: creating an interaction, and fetching one again.

Source: ``google/genai/_gaos/types/interactions`` of google-genai 3.4 and ``_interactions/types`` of 2.0; finish
reasons as opentelemetry-instrumentation-google-genai 1.3b0 derives them.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.facts.call import NOTHING, AttributeValue, Content, Context, Failure, Request, Response
from agentotel.semconv import names
from agentotel.wire import server_tools
from agentotel.wire._google import bare_model, counts, made_usage, refusal
from agentotel.wire._google_interactions_fold import InteractionFold
from agentotel.wire._google_served import billed
from agentotel.wire._google_steps import answered, client_call, messages, server_use, step_parts, steps
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.google_generate import with_searches
from agentotel.wire.parts import Part, function_tool, output_message, part, texts_as
from agentotel.wire.read import OTHER_ERROR, Rule, attributes, by_table, integer, items, number, one_of, text, texts

_JSON = one_of({"application/json": "json", "text/plain": "text"})


def _format_type(value: object) -> AttributeValue | None:
    """Read a response format: what is asked for beside text, else the kind of text."""
    asked = [fields(entry) for entry in (items(value) or (value,))]
    kinds = [_OUTPUTS.get(str(entry.get("type"))) for entry in asked]
    return next((kind for kind in kinds if kind), None) or next(
        (kind for entry in asked if (kind := _JSON(entry.get("mime_type")))), None
    )


def _modality(value: object) -> AttributeValue | None:
    return next((_OUTPUTS[str(kind)] for kind in items(value) if str(kind) in _OUTPUTS), None)


_OUTPUTS = {"image": "image", "audio": "speech"}
REQUEST: tuple[Rule, ...] = (
    ("previous_interaction_id", names.REQUEST_PREVIOUS_RESPONSE_ID, text),
    ("response_modalities", names.OUTPUT_TYPE, _modality),
    ("response_format", names.OUTPUT_TYPE, _format_type),
    ("response_mime_type", names.OUTPUT_TYPE, _JSON),
)
AGENT: tuple[Rule, ...] = (("agent", names.AGENT_NAME, text),)
"""What a span is named after where an agent is asked."""
CONFIG: tuple[Rule, ...] = (
    ("max_output_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("top_p", names.REQUEST_TOP_P, number),
    ("seed", names.REQUEST_SEED, integer),
    ("stop_sequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("thinking_level", names.REQUEST_REASONING_LEVEL, text),
)
FETCH_REQUEST: tuple[Rule, ...] = (
    ("id", names.RESPONSE_ID, text),
    ("last_event_id", names.REQUEST_STREAM_CURSOR, text),
)
FETCHED: tuple[Rule, ...] = (("status", names.RESPONSE_STATUS, lambda value: _STATUSES.get(str(value), text(value))),)

_STATUSES: Mapping[str, str] = {"budget_exceeded": "incomplete"}
_REASONS: Mapping[str, str] = {
    "completed": "stop",
    "requires_action": "tool_calls",
    "incomplete": "length",
    "budget_exceeded": "length",
    "requires_continuation": "length",
    "failed": "error",
    "cancelled": "error",
}
"""Status of an interaction to the finish reason that it stands for; others are not finished."""


def request(body: Body) -> Request:
    """Read which model or agent is asked, and whether its answer is to be a stream."""
    stream = body.get("stream") is True
    return Request(model=bare_model(body.get("model")), stream=stream, attributes=attributes(body, AGENT))


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read what an interaction is to be."""
    config = attributes(fields(body.get("generation_config")), CONFIG)
    return {**config, **attributes(body, REQUEST)}


def response(body: Body) -> Response:
    """Read an interaction."""
    sent = fields(body.get("usage"))
    reason, model = _reason(body), bare_model(body.get("model"))
    served = tuple(use for step in steps(body) if (use := server_use(step)))
    told = _grounded(sent)
    usage = made_usage(
        {name: integer(sent.get(key)) for name, key in _TOTALS.items()},
        {name: counts(sent.get(key), "tokens") for name, key in _MODALITIES.items()},
    )
    return Response(
        id=text(body.get("id")),
        model=model,
        finish_reasons=(reason,) if reason else (),
        usage=with_searches(usage, billed(told.get("google_search", 0), model)),
        tier=text(body.get("service_tier")),
        tool_requests=tuple(call for step in steps(body) if (call := client_call(step))),
        attributes=server_tools.counts(served, told) if served or told else NOTHING,
        failure=_failure(body),
        server_tools=served,
    )


def _grounded(sent: Body) -> dict[str, int]:
    """Read how often tools were used to ground an answer: ``[{"type": "google_search", "count": 2}]``."""
    entries = map(fields, items(sent.get("grounding_tool_count")))
    return {str(one.get("type")): count for one in entries if (count := integer(one.get("count")))}


_TOTALS: Mapping[str, str] = {
    "input": "total_input_tokens",
    "tools": "total_tool_use_tokens",
    "output": "total_output_tokens",
    "thoughts": "total_thought_tokens",
    "cached": "total_cached_tokens",
}
_MODALITIES: Mapping[str, str] = {
    "input": "input_tokens_by_modality",
    "tools": "tool_use_tokens_by_modality",
    "output": "output_tokens_by_modality",
    "cached": "cached_tokens_by_modality",
}


def fetch_request(body: Body) -> Request:
    """Read what a fetch asks for: ``{"id": "v1_1", "stream": True, "last_event_id": "..."}``."""
    return Request(stream=str(body.get("stream")).lower() == "true")


def fetched(body: Body) -> Response:
    """Read a fetched interaction. Its tokens and its error are those of the call that made it, not of the fetch."""
    return response(body)._replace(usage=None, failure=None, server_tools=(), attributes=NOTHING)


def context(body: Body) -> Context:
    """Show system instruction, tools and input."""
    return Context(system=body.get("system_instruction"), tools=body.get("tools"), messages=_input(body))


def answers(message: object) -> tuple[str, ...]:
    """Return the id of the call that a step answers."""
    call_id = answered(fields(message))
    return (call_id,) if call_id else ()


def content(body: Body) -> Content:
    """Read system instruction, input and tools in the shape of the conventions."""
    return Content(
        system_instructions=texts_as("text", body.get("system_instruction")) or None,
        input_messages=messages(_input(body)) or None,
        tool_definitions=[_tool(fields(tool)) for tool in items(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the steps of an interaction as the one output message that they are."""
    made = [entry for step in steps(body) if step.get("type") != "user_input" for entry in step_parts(step)]
    reason = _reason(body)
    return [output_message("assistant", made, "tool_call" if reason == "tool_calls" else reason)] if made else None


def _input(body: Body) -> list[object]:
    """List what is sent: steps one by one, content as the one user message that it is."""
    sent = body.get("input")
    listed = list(items(sent)) or ([sent] if sent else [])
    if any(isinstance(entry, str) or fields(entry).get("type") in _CONTENT for entry in listed):
        return [{"type": "user_input", "content": sent}]
    return listed


_CONTENT = frozenset({"text", "image", "audio", "video", "document"})


def _reason(body: Body) -> str | None:
    return _REASONS.get(str(body.get("status")))


def _failure(body: Body) -> Failure | None:
    """Read the error of an interaction: its own, those that it lists, or that of the step that failed."""
    told = body.get("error") or next(iter(items(body.get("errors"))), None)
    if told is None and body.get("status") == "failed":
        told = next((step["error"] for step in steps(body) if step.get("error")), {"code": OTHER_ERROR})
    return refusal(told)


def _tool(sent: Body) -> Part:
    """Read a function, or one of Google's tools, of which only type and name are shown: the rest may hold secrets."""
    kind = text(sent.get("type")) or "function"
    return function_tool(sent, "parameters") if kind == "function" else part(kind, name=text(sent.get("name")) or kind)


FORMAT = Format(
    name="google_interactions",
    request=request,
    response=response,
    asks=asks,
    fold=InteractionFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
)
FETCH = Format(
    name="google_interactions_fetch",
    request=fetch_request,
    response=fetched,
    asks=by_table(FETCH_REQUEST),
    tells=by_table(FETCHED),
    fold=InteractionFold,
    output=output,
)
DECISION = Format(name="google_decisions", request=request, response=response, asks=asks)
