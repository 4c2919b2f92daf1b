"""Tools that Groq's compound systems ran themselves: ``executed_tools`` of a message, which have no ids.

Source: ``types/chat/chat_completion_message.py`` and ``chat_completion_chunk.py`` of groq 1.7.
"""

from __future__ import annotations

from agentotel.facts.call import ServerToolUse
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import Part, server_tool_call, server_tool_response
from agentotel.wire.read import integer, items, present, text

KEY = "executed_tools"


def uses(message: Body) -> list[ServerToolUse]:
    """Read which tools were run."""
    kinds = (_kind(fields(tool)) for tool in items(message.get(KEY)))
    return [ServerToolUse(kind=kind, name=kind) for kind in kinds]


def parts(message: Body) -> list[Part]:
    """Read calls and results of the tools that were run."""
    return [made for tool in items(message.get(KEY)) for made in _parts(fields(tool))]


def take(known: dict[int, Body], sent: object) -> None:
    """Add what a piece of a stream says of tools: first the arguments of each, then its output as well."""
    for tool in map(fields, items(sent)):
        index = integer(tool.get("index")) or 0
        known[index] = {**known.get(index, {}), **present(**tool)}


def _kind(tool: Body) -> str:
    return text(tool.get("type")) or "tool"


def _parts(tool: Body) -> list[Part]:
    kind, found = _kind(tool), present(**{key: value for key, value in tool.items() if key not in _CALL})
    call = server_tool_call(present(arguments=tool.get("arguments")), kind, kind)
    return [call, server_tool_response(found, kind)] if found else [call]


_CALL = frozenset({"arguments", "index", "type"})
