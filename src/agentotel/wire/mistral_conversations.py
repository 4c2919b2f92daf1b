"""Mistral's conversations, which keep their history on the server: start, append and restart.

Source: ``mistralai/client/models/conversation*.py`` and ``*entry.py`` of mistralai 3.7.
"""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Content, Context, Response, ServerToolUse, ToolRequest
from agentotel.semconv import names
from agentotel.wire import mistral_chat
from agentotel.wire._mistral import USAGE
from agentotel.wire._mistral_conversation_fold import ConversationFold
from agentotel.wire._openai_parts import content_parts
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import (
    Message,
    Part,
    function_tool,
    message,
    other,
    output_message,
    part,
    server_tool_call,
    server_tool_response,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import Rule, attributes, by_table, failure, integer, items, plain_request, text, usage
from agentotel.wire.server_tools import counts

REQUEST: tuple[Rule, ...] = (
    ("agent_id", names.AGENT_ID, text),
    ("conversation_id", names.CONVERSATION_ID, text),
)
ANSWER: tuple[Rule, ...] = (("conversation_id", names.CONVERSATION_ID, text),)


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read what a turn of a conversation asks for; ``conversation_id`` is that of its path."""
    settings = attributes(fields(body.get("completion_args")), mistral_chat.REQUEST)
    return {**settings, **attributes(body, REQUEST)}


def response(body: Body) -> Response:
    """Read what a turn gave. Mistral gives the turn itself no id and no reason to stop."""
    entries = [fields(entry) for entry in items(body.get("outputs"))]
    models = (text(entry.get("model")) for entry in entries)
    uses = tuple(_use(entry) for entry in entries if entry.get("type") == "tool.execution")
    return Response(
        model=next(filter(None, models), None),
        usage=usage(body.get("usage"), USAGE),
        tool_requests=tuple(_requested(entry) for entry in entries if entry.get("type") == "function.call"),
        attributes=counts(uses, _connectors(body)),
        failure=failure(body.get("error")),
        server_tools=uses,
    )


def context(body: Body) -> Context:
    """Show the instructions, the offered tools and what this turn adds; the rest is on the server."""
    return Context(system=body.get("instructions"), tools=body.get("tools"), messages=_inputs(body))


def answers(entry: object) -> tuple[str, ...]:
    """Return the id of the function call whose result an entry holds."""
    sent = fields(entry)
    call_id = text(sent.get("tool_call_id"))
    return (call_id,) if call_id and sent.get("type") == "function.result" else ()


def content(body: Body) -> Content:
    """Read instructions, entries and tool definitions in the shape of the conventions."""
    return Content(
        system_instructions=texts_as("text", body.get("instructions")) or None,
        input_messages=[_message(entry) for entry in _inputs(body)] or None,
        tool_definitions=[_tool(fields(tool)) for tool in items(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read everything that the turn gave as one output message."""
    parts = [made for entry in items(body.get("outputs")) for made in _parts(fields(entry))]
    return [output_message("assistant", parts, None)] if parts else None


def _inputs(body: Body) -> list[object]:
    sent = body.get("inputs")
    return [sent] if isinstance(sent, str) else list(items(sent))


def _message(entry: object) -> Message:
    if isinstance(entry, str):
        return message("user", texts_as("text", entry))
    sent = fields(entry)
    kind = sent.get("type")
    if kind == "function.result":
        return message("tool", [tool_response(sent.get("tool_call_id"), sent.get("result"))])
    ours = "user" if kind in {None, "message.input"} else "assistant"
    return message(text(sent.get("role")) or ours, _parts(sent))


def _parts(entry: Body) -> list[Part]:
    """Read the parts of an entry: what was said, a call of a function or of a tool on the server, a handoff."""
    kind = entry.get("type")
    if kind == "function.call":
        return [tool_call(_requested(entry))]
    if kind == "tool.execution":
        name = text(entry.get("name")) or ""
        call = {key: value for key, value in entry.items() if key in {"id", "arguments"}}
        done = [server_tool_response({"id": entry.get("id"), "info": entry["info"]}, name)] if entry.get("info") else []
        return [server_tool_call(call, name, name), *done]
    return content_parts(entry.get("content")) if "content" in entry else other(entry)


def _use(entry: Body) -> ServerToolUse:
    name = text(entry.get("name")) or ""
    return ServerToolUse(kind=name, name=name, id=text(entry.get("id")))


def _connectors(body: Body) -> dict[str, int]:
    """Read how often which tool was used, as Mistral counts."""
    sent = fields(fields(body.get("usage")).get("connectors"))
    return {name: count for name, value in sent.items() if (count := integer(value)) is not None}


def _requested(entry: Body) -> ToolRequest:
    return ToolRequest(
        id=text(entry.get("tool_call_id")), name=text(entry.get("name")) or "", arguments=entry.get("arguments")
    )


def _tool(sent: Body) -> Part:
    """Read a function, or a tool or connector on the server, which is known by its type."""
    if "function" in sent:
        return function_tool(sent["function"], "parameters")
    kind = text(sent.get("type")) or "function"
    return part(kind, name=text(sent.get("connector_id")) or kind)


FORMAT = Format(
    name="mistral_conversations",
    request=plain_request,
    response=response,
    asks=asks,
    tells=by_table(ANSWER),
    fold=ConversationFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
)
