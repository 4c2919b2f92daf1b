"""Chat completions of OpenAI, of Azure and of every server that speaks their format.

Source: ``openai/types/chat`` of openai 3.52.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentotel.facts.call import (
    NOTHING,
    AttributeValue,
    Content,
    Context,
    Response,
    ServerToolUse,
    ToolRequest,
)
from agentotel.semconv import names
from agentotel.wire import _groq
from agentotel.wire._openai import (
    ANSWER,
    CHOICES,
    EFFORT,
    FORMAT_TYPE,
    SAMPLING,
    SERVICE_TIER,
    chat_usage,
    sent_error,
    sent_usage,
    usage_chunk,
)
from agentotel.wire._openai_chat_fold import ChatFold
from agentotel.wire._openai_parts import content_parts
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import of_choices
from agentotel.wire.parts import (
    MISSING_REASON,
    Message,
    Part,
    function_tool,
    message,
    output_message,
    part,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import (
    Rule,
    attributes,
    by_table,
    failure,
    integer,
    items,
    plain_request,
    positive,
    text,
    texts,
)
from agentotel.wire.server_tools import counts


def _speech(value: object) -> AttributeValue | None:
    return "speech" if "audio" in items(value) else None


REQUEST: tuple[Rule, ...] = (
    ("max_completion_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("max_tokens", names.REQUEST_MAX_TOKENS, integer),
    *SAMPLING,
    ("stop", names.REQUEST_STOP_SEQUENCES, texts),
    CHOICES,
    ("reasoning_effort", names.REQUEST_REASONING_LEVEL, text),
    ("reasoning", names.REQUEST_REASONING_LEVEL, EFFORT),
    ("modalities", names.OUTPUT_TYPE, _speech),
    ("response_format", names.OUTPUT_TYPE, FORMAT_TYPE),
    SERVICE_TIER,
)
_ANSWERS = frozenset({"tool", "function"})
_SPEAKERS = ("user", "assistant", "system", "developer")
_PLAIN = {"role", "content"}
"""The fields of a message that is a text, as most are."""
_PART_REASONS = {"tool_calls": "tool_call", "function_call": "tool_call"}


OUTPUT_DETAILS: tuple[Rule, ...] = (
    ("accepted_prediction_tokens", names.USAGE_PREDICTION_ACCEPTED, positive),
    ("rejected_prediction_tokens", names.USAGE_PREDICTION_REJECTED, positive),
)


def tells(body: Body) -> dict[str, AttributeValue]:
    """Read what an answer says beside what it is and counts."""
    found = attributes(body, ANSWER)
    if (details := fields(sent_usage(body)).get("completion_tokens_details")) is not None:
        found.update(attributes(fields(details), OUTPUT_DETAILS))
    return found


def response(body: Body) -> Response:
    """Read a chat completion. A choice without a finish reason was cut off: its reason is ``error``."""
    reasons: list[str] = []
    asked: list[ToolRequest] = []
    uses: list[ServerToolUse] = []
    for choice in map(fields, items(body.get("choices"))):
        reasons.append(text(choice.get("finish_reason")) or MISSING_REASON)
        sent = fields(choice.get("message"))
        asked += tool_requests(sent)
        if _groq.KEY in sent:
            uses += _groq.uses(sent)
    counted, error = fields(sent_usage(body)), sent_error(body)
    return Response(
        text(body.get("id")),
        text(body.get("model")),
        tuple(reasons),
        chat_usage(counted),
        None,  # it bills what it counts
        text(body.get("service_tier")),
        tuple(asked),
        counts(uses) if uses else NOTHING,
        None if error is None else failure(error),
        tuple(uses),
    )


def context(body: Body) -> Context:
    """Show the messages and the offered tools (``functions`` in old requests)."""
    return Context(tools=body.get("tools") or body.get("functions"), messages=items(body.get("messages")))


def answers(message: object) -> tuple[str, ...]:
    """Return the id of the tool call that a ``tool`` message answers."""
    sent = fields(message)
    call_id = text(sent.get("tool_call_id"))
    return (call_id,) if call_id and sent.get("role") == "tool" else ()


def content(body: Body) -> Content:
    """Read messages and tool definitions in the shape of the conventions."""
    tools = [_tool(tool) for tool in items(body.get("tools"))]
    tools += [function_tool(tool, "parameters") for tool in items(body.get("functions"))]
    return Content(
        input_messages=[_input_message(sent) for sent in items(body.get("messages"))] or None,
        tool_definitions=tools or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per choice."""
    return [_output_message(fields(choice)) for choice in items(body.get("choices"))] or None


def tool_requests(sent: Body) -> Sequence[ToolRequest]:
    """Read tool calls: a function takes JSON text, a custom tool free text; old answers hold one call without id."""
    calls, legacy = sent.get("tool_calls"), sent.get("function_call")
    if calls is None and legacy is None:
        return ()
    asked = []
    for call in map(fields, items(calls)):
        target = fields(call.get("function") or call.get("custom"))
        name = text(target.get("name"))
        if name:
            sent_arguments = target.get("arguments", target.get("input"))
            asked.append(ToolRequest(id=text(call.get("id")), name=name, arguments=sent_arguments))
    if legacy is not None:
        old = fields(legacy)
        asked.append(ToolRequest(id=None, name=text(old.get("name")) or "", arguments=old.get("arguments")))
    return asked


def _input_message(given: object) -> Message:
    sent = fields(given)
    if sent.keys() == _PLAIN:
        role, said = sent["role"], sent["content"]
        if said.__class__ is str and said and role in _SPEAKERS:
            return {"role": role, "parts": [{"type": "text", "content": said}]}
    role = text(sent.get("role")) or "user"
    if role in _ANSWERS:
        answer = tool_response(sent.get("tool_call_id"), sent.get("content"))
        return message(role, [answer], name=sent.get("name"))
    return message(role, _parts(sent), name=sent.get("name"))


def _output_message(choice: Body) -> Message:
    sent = fields(choice.get("message"))
    reason = text(choice.get("finish_reason")) or MISSING_REASON
    return output_message(text(sent.get("role")) or "assistant", _parts(sent), _PART_REASONS.get(reason, reason))


def _parts(sent: Body) -> list[Part]:
    """Read the parts of a message: reasoning, what was said, tool calls.

    ``reasoning_content`` and ``reasoning`` are fields of compatible servers (DeepSeek, vLLM, Groq, OpenRouter),
    ``images`` is one of OpenRouter's, ``executed_tools`` one of Groq's.
    """
    thought = sent.get("reasoning_content") or sent.get("reasoning")
    parts = [*texts_as("reasoning", thought)] if thought else []
    if _groq.KEY in sent:
        parts += _groq.parts(sent)
    parts += content_parts(sent.get("content"))
    if (refused := sent.get("refusal")) is not None:
        parts += texts_as("refusal", refused)
    if sent.get("audio") is not None:
        parts += _audio_parts(fields(sent["audio"]))
    if sent.get("images"):
        parts += content_parts(sent["images"])
    return parts + [tool_call(call) for call in tool_requests(sent)]


def _audio_parts(audio: Body) -> list[Part]:
    data = text(audio.get("data"))
    said = texts_as("text", audio.get("transcript"))
    return [*said, part("blob", modality="audio", content=data)] if data else said


def _tool(tool: object) -> Part:
    sent = fields(tool)
    if "function" in sent:
        return function_tool(sent["function"], "parameters")
    custom = fields(sent.get("custom"))
    return part(
        text(sent.get("type")) or "function",
        name=text(custom.get("name")) or text(sent.get("name")) or text(sent.get("type")) or "",
        description=text(custom.get("description")),
    )


FORMAT = Format(
    name="openai_chat",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST, {names.OPENAI_API_TYPE: "chat_completions"}),
    tells=tells,
    fold=ChatFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
    logprobs=of_choices,
    usage_chunk=usage_chunk,
    separate=True,
)
