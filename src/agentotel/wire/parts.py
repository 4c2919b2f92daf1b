"""Message parts in the JSON shape of the conventions.

Source: the content schemas of open-telemetry/semantic-conventions-genai, main at 6fd0d763 (2026-10-09).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from agentotel.facts.call import ToolRequest
from agentotel.wire.format import fields
from agentotel.wire.read import items, present, text

Part = dict[str, object]
Message = dict[str, object]

_ATOMS = frozenset({str, int, float, bool, type(None)})
_SCALARS = (str, int, float)

MISSING_REASON = "error"
"""The finish reason of a choice that ended without one."""


def part(kind: str, **values: object) -> Part:
    """Build a part; a value of None is left out."""
    return {"type": kind, **present(**values)}


def texts_as(kind: str, *values: object) -> list[Part]:
    """Build one part of ``kind`` for each value that is a text with something in it."""
    return [{"type": kind, "content": value} for value in values if text(value)]


def tool_call(call: ToolRequest) -> Part:
    """Build the part of a call that the model asks the caller for."""
    return part("tool_call", id=call.id, name=call.name, arguments=parsed(call.arguments))


def tool_response(call_id: object, response: object) -> Part:
    """Build the part of a tool's answer, which is there even when it is null."""
    return {**part("tool_call_response", id=text(call_id)), "response": plain(response)}


def media(address: str, modality: str, mime_type: str | None = None) -> Part:
    """Build a blob from a base64 ``data:`` URL, a reference from any other URL."""
    head, comma, data = address.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        sent = head.removeprefix("data:").partition(";")[0]
        return part("blob", modality=modality, mime_type=sent or mime_type, content=data)
    return part("uri", modality=modality, mime_type=mime_type, uri=address)


def server_tool_call(payload: Mapping[str, object], name: str, kind: str) -> Part:
    """Build the part of a tool call that the provider runs itself from the provider's object."""
    return part("server_tool_call", id=_call_id(payload), name=name, server_tool_call=_payload(payload, kind))


def server_tool_response(payload: Mapping[str, object], kind: str) -> Part:
    """Build the part of what a tool gave that the provider ran itself from the provider's object."""
    return part("server_tool_call_response", id=_call_id(payload), server_tool_call_response=_payload(payload, kind))


def _call_id(payload: Mapping[str, object]) -> str | None:
    return text(payload.get("call_id")) or text(payload.get("tool_use_id")) or text(payload.get("id"))


def _payload(payload: Mapping[str, object], kind: str) -> Part:
    """Keep what the part does not say elsewhere."""
    return part(kind, **{key: plain(value) for key, value in payload.items() if key not in _SAID_ELSEWHERE})


_SAID_ELSEWHERE = frozenset({"type", "id", "call_id", "tool_use_id", "name"})


def other(value: object) -> list[Part]:
    """Keep an object of an unknown type as a generic part; nothing if it names no type."""
    sent = fields(value)
    kind = text(sent.get("type"))
    return [part(kind, **{key: plain(item) for key, item in sent.items() if key != "type"})] if kind else []


def message(role: str, parts: list[Part], *, name: object = None) -> Message:
    """Build a message."""
    named = text(name)
    return {"role": role, "parts": parts, "name": named} if named else {"role": role, "parts": parts}


def turns(said: Iterable[tuple[str, list[Part]]]) -> list[Message]:
    """Build messages of roles and their parts. Neighbours of the assistant are one turn: reasoning, text, calls."""
    made: list[Message] = []
    turn: list[Part] | None = None
    for role, parts in said:
        if role == "assistant" and turn is not None:
            turn.extend(parts)
            continue
        made.append(message(role, parts))
        turn = parts if role == "assistant" else None
    return [entry for entry in made if entry["parts"]]


def sent_messages(sent: object, read: Callable[[object], list[Part]]) -> list[Message]:
    """Build messages of objects that have a role and a content, which ``read`` reads."""
    shown = (fields(one) for one in items(sent))
    return [message(text(one.get("role")) or "user", read(one.get("content"))) for one in shown]


def output_message(role: str, parts: list[Part], finish_reason: str | None) -> Message:
    """Build an output message; no finish reason where none is known yet."""
    made = message(role, parts)
    if finish_reason:
        made["finish_reason"] = finish_reason
    return made


def without_reasoning(messages: object) -> list[Message]:
    """Leave the model's reasoning out of messages; one that holds nothing else stays, empty."""
    shown = [fields(one) for one in items(messages)]
    return [{**one, "parts": [part for part in items(one.get("parts")) if not _thought(part)]} for one in shown]


def _thought(sent: object) -> bool:
    return fields(sent).get("type") == "reasoning"


def function_tool(tool: object, schema_key: str) -> Part:
    """Build the definition of a function from an object that holds its name, description and JSON schema."""
    sent = fields(tool)
    made: Part = {"type": "function", "name": text(sent.get("name")) or ""}
    if description := text(sent.get("description")):
        made["description"] = description
    schema = sent.get(schema_key)
    if schema.__class__ is dict or isinstance(schema, Mapping):
        made["parameters"] = plain(schema)
    return made


def parsed(arguments: object) -> object:
    """Return the value of a JSON text; what is no JSON text, as it is."""
    if not isinstance(arguments, str):
        return plain(arguments)
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def plain(value: object) -> object:
    """Copy a value as JSON data. SDK models become mappings without their nulls; what JSON cannot hold becomes None."""
    kind = value.__class__
    if kind in _ATOMS:
        return value
    if kind is dict or isinstance(value, Mapping):
        fields_of = value.items()  # type: ignore[attr-defined]  # a mapping
        return {str(key): item if item.__class__ in _ATOMS else plain(item) for key, item in fields_of}
    if isinstance(value, _SCALARS):
        return value
    if hasattr(value, "__pydantic_fields_set__"):
        shown = fields(value)
        return {key: plain(item) for key, item in shown.items() if item is not None}
    members = items(value)
    return [plain(item) for item in members] if members or isinstance(value, list | tuple) else None
