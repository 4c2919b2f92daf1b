"""The Responses API of OpenAI: creating a response, and fetching one again.

Source: ``openai/types/responses`` of openai 3.52; finish reasons as
opentelemetry-instrumentation-genai-openai 1.3b0 derives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agentotel.facts.call import NOTHING, AttributeValue, Content, Context, Response
from agentotel.semconv import names
from agentotel.wire._openai import ANSWER, EFFORT, FORMAT_TYPE, SAMPLING, SERVICE_TIER, USAGE
from agentotel.wire._openai_items import answered, client_call, item_parts, messages, searches, server_use
from agentotel.wire._openai_responses_fold import ResponseFold
from agentotel.wire.beside import Beside, sums
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import of_texts
from agentotel.wire.parts import MISSING_REASON, Part, function_tool, output_message, part, texts_as
from agentotel.wire.read import (
    OTHER_ERROR,
    Rule,
    by_table,
    failure,
    inside,
    integer,
    items,
    plain_request,
    positive,
    text,
    usage,
)
from agentotel.wire.server_tools import counts


def _conversation(value: object) -> AttributeValue | None:
    return text(value) or text(fields(value).get("id"))


def _cursor(value: object) -> AttributeValue | None:
    number = integer(value)
    return text(value) if number is None else str(number)


def _compacted(value: object) -> AttributeValue | None:
    return True if any(fields(item).get("type") == "compaction" for item in items(value)) else None


REQUEST: tuple[Rule, ...] = (
    ("max_output_tokens", names.REQUEST_MAX_TOKENS, integer),
    *SAMPLING,
    ("reasoning", names.REQUEST_REASONING_LEVEL, EFFORT),
    ("text", names.OUTPUT_TYPE, inside("format", FORMAT_TYPE)),
    ("conversation", names.CONVERSATION_ID, _conversation),
    ("previous_response_id", names.REQUEST_PREVIOUS_RESPONSE_ID, text),
    ("input", names.CONVERSATION_COMPACTED, _compacted),
    SERVICE_TIER,
)
FETCH_REQUEST: tuple[Rule, ...] = (
    ("id", names.RESPONSE_ID, text),
    ("starting_after", names.REQUEST_STREAM_CURSOR, _cursor),
)
_WRITTEN = (("ttl_30m_tokens", names.USAGE_CACHE_WRITE_30M), ("ttl_12h_tokens", names.USAGE_CACHE_WRITE_12H))
CREATED: tuple[Rule, ...] = (
    *ANSWER,
    ("output", names.CONVERSATION_COMPACTED, _compacted),
    *(
        ("usage", name, inside("input_tokens_details", inside("cache_write_tokens_details", inside(key, positive))))
        for key, name in _WRITTEN
    ),
)
FETCHED: tuple[Rule, ...] = (*ANSWER, ("status", names.RESPONSE_STATUS, text))

_REASONS: Mapping[str, str] = {"completed": "stop", "failed": "error", "cancelled": "error"}
_INCOMPLETE: Mapping[str, str] = {"max_output_tokens": "length"}
_PICTURES = "image_generation"
_UNFINISHED = frozenset({"queued", "in_progress"})


def response(body: Body) -> Response:
    """Read a response. A response that was cut off has no status: its finish reason is ``error``."""
    error = failure(body.get("error"))
    if error is None and body.get("status") == "failed":
        error = failure({"code": OTHER_ERROR})
    output = [fields(item) for item in items(body.get("output"))]
    used = tuple(use for item in output if (use := server_use(item)))
    tokens = usage(body.get("usage"), USAGE)
    beside: Beside = ()
    found: Mapping[str, AttributeValue] = NOTHING
    if used:
        hosted = fields(body.get("tool_usage"))
        beside = _pictures(body, fields(hosted.get("image_gen")))
        found = {**counts(used), **sums(beside)}
        tokens = tokens and tokens._replace(**searches(output, fields(hosted.get("web_search"))))
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        finish_reasons=_finish_reasons(body),
        usage=tokens,
        tier=text(body.get("service_tier")),
        tool_requests=tuple(call for item in output if (call := client_call(item))),
        attributes=found,
        failure=error,
        server_tools=used,
        beside=beside,
    )


def fetched(body: Body) -> Response:
    """Read a fetched response. Its tokens and its error are those of the call that made it, not of the fetch."""
    said = response(body)
    return said._replace(usage=None, failure=None, attributes=NOTHING, server_tools=(), beside=())


def compacted(body: Body) -> Response:
    """Read a compaction: it has usage, and no status, since no answer was written that could stop."""
    return response(body)._replace(finish_reasons=())


def context(body: Body) -> Context:
    """Show instructions, tools and input; a text input is shown as the user message that it stands for."""
    return Context(system=body.get("instructions"), tools=body.get("tools"), messages=_input(body))


def answers(message: object) -> tuple[str, ...]:
    """Return the id of the tool call that an output item answers."""
    call_id = answered(fields(message))
    return (call_id,) if call_id else ()


def content(body: Body) -> Content:
    """Read instructions, input and tool definitions in the shape of the conventions."""
    instructions = body.get("instructions")
    return Content(
        system_instructions=texts_as("text", instructions) or None,
        input_messages=messages(_input(body)) or None,
        tool_definitions=[_tool(fields(tool)) for tool in items(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the items of the response as the one output message that they are."""
    parts = [made for item in items(body.get("output")) for made in item_parts(fields(item))]
    reason = next(iter(_finish_reasons(body)), None)
    return [output_message("assistant", parts, "tool_call" if reason == "tool_calls" else reason)] if parts else None


def _pictures(body: Body, sent: Body) -> Beside:
    """Read the tokens of pictures that a tool made, by the model that the tool is told to take."""
    tokens = usage(sent, USAGE)
    if tokens is None or not (tokens.input_tokens or tokens.output_tokens):
        return ()
    tools = map(fields, items(body.get("tools")))
    models = (text(tool.get("model")) for tool in tools if tool.get("type") == _PICTURES)
    return tuple((model, tokens) for model in models if model)[:1]


def _input(body: Body) -> list[object] | tuple[object, ...]:
    sent = body.get("input")
    return [{"role": "user", "content": sent}] if isinstance(sent, str) else tuple(items(sent))


def _finish_reasons(body: Body) -> tuple[str, ...]:
    """Derive the finish reason: tool calls of a completed response come before its status."""
    status = text(body.get("status"))
    if status in _UNFINISHED or "output" not in body:
        return ()
    if status == "completed" and any(client_call(fields(item)) for item in items(body["output"])):
        return ("tool_calls",)
    if status == "incomplete":
        reason = text(fields(body.get("incomplete_details")).get("reason")) or status
        return (_INCOMPLETE.get(reason, reason),)
    return (_REASONS.get(status or "", MISSING_REASON),)


def _tool(sent: Body) -> Part:
    """Read a function, or one of OpenAI's tools, of which only type and name are shown: the rest may hold secrets."""
    kind = text(sent.get("type")) or "function"
    return function_tool(sent, "parameters") if kind == "function" else part(kind, name=text(sent.get("name")) or kind)


_API = {names.OPENAI_API_TYPE: "responses"}
FORMAT = Format(
    name="openai_responses",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST, _API),
    tells=by_table(CREATED),
    fold=ResponseFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
    logprobs=of_texts,
)
COMPACTION = replace(FORMAT, name="openai_responses_compaction", response=compacted, fold=None)
FETCH = Format(
    name="openai_responses_fetch",
    request=plain_request,
    response=fetched,
    asks=by_table(FETCH_REQUEST, _API),
    tells=by_table(FETCHED),
    fold=ResponseFold,
    output=output,
)
"""A request is ``{"id": "resp_1", "stream": True, "starting_after": 17}``."""
