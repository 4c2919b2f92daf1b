"""Items of the Responses API, which its input and its output are lists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from agentotel.facts.call import ServerToolUse, ToolRequest
from agentotel.wire._openai_parts import content_parts
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import (
    Message,
    Part,
    other,
    part,
    plain,
    server_tool_call,
    server_tool_response,
    tool_call,
    tool_response,
    turns,
)
from agentotel.wire.read import natural, present, text

_CLIENT_CALLS: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    "function_call": (None, ("arguments",)),
    "custom_tool_call": (None, ("input",)),
    "computer_call": ("computer", ("action", "actions")),
    "local_shell_call": ("local_shell", ("action",)),
    "shell_call": ("shell", ("action",)),
    "apply_patch_call": ("apply_patch", ("operation",)),
    "tool_search_call": ("tool_search", ("arguments",)),
}
"""Calls that the caller answers: the tool's name if it is fixed, the fields with the arguments."""

_SERVER_CALLS: Mapping[str, str] = {
    "code_interpreter_call": "code_interpreter",
    "file_search_call": "file_search",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcp_list_tools",
    "shell_call": "shell",
    "tool_search_call": "tool_search",
    "web_search_call": "web_search",
}
"""Source: ``_SERVER_TOOL_NAMES`` of opentelemetry-instrumentation-genai-openai 1.3b0; ``shell`` is ours."""

_NO_USES = frozenset({"mcp_list_tools"})
"""What the provider does to prepare, and no use of a tool."""

_ANSWER = "call_output"


def server_use(item: Body) -> ServerToolUse | None:
    """Read an item as the use of a tool that the provider ran; None for any other item."""
    kind = str(item.get("type"))
    served = "image_generation" if kind == "image_generation_call" else _SERVER_CALLS.get(kind)
    if served is None or served in _NO_USES or (kind in _CLIENT_CALLS and not _hosted(item)):
        return None
    return ServerToolUse(
        kind=served,
        name=text(item.get("name")) or served,
        id=text(item.get("id")) or text(item.get("call_id")),
        status="failed" if item.get("error") else text(item.get("status")),
        server=text(item.get("server_label")),
    )


def searches(outputs: Iterable[object], told: Body) -> dict[str, int]:
    """Count what is billed by the search, by field of ``Usage``: opening a page that was found is no search.

    ``told`` is what the answer itself says of web searches, whose ``num_requests`` are those that are billed.
    """
    found = dict.fromkeys(("web_searches", "storage_searches"), 0)
    for item in map(fields, outputs):
        kind = item.get("type")
        if kind == "file_search_call":
            found["storage_searches"] += 1
        elif kind == "web_search_call" and fields(item.get("action")).get("type", "search") == "search":
            found["web_searches"] += 1
    billed = natural(told.get("num_requests"))
    if billed is not None:
        found["web_searches"] = billed
    return {name: count for name, count in found.items() if count}


def client_call(item: Body) -> ToolRequest | None:
    """Read an item as a call that the caller is to answer; None for any other item."""
    fixed, keys = _CLIENT_CALLS.get(str(item.get("type")), (None, ()))
    name = fixed or text(item.get("name"))
    if not keys or not name or _hosted(item):
        return None
    arguments = item.get(keys[0]) if len(keys) == 1 else present(**{key: item.get(key) for key in keys})
    sent = arguments if isinstance(arguments, str) else plain(arguments)
    return ToolRequest(id=text(item.get("call_id")) or text(item.get("id")), name=name, arguments=sent)


def answered(item: Body) -> str | None:
    """Return the id of the tool call that an item answers."""
    if not str(item.get("type")).endswith(_ANSWER):
        return None
    return text(item.get("call_id")) or text(item.get("id"))


def item_parts(item: Body) -> list[Part]:
    """Read one item in the shape of the conventions."""
    call = client_call(item)
    if call:
        return [tool_call(call)]
    kind = text(item.get("type")) or "message"
    if kind.endswith(_ANSWER):
        return [tool_response(answered(item), item.get("output"))]
    if kind in _SERVER_CALLS:
        served = _SERVER_CALLS[kind]
        return [server_tool_call(item, text(item.get("name")) or served, served)]
    read = _ITEMS.get(kind)
    return read(item) if read else other(item)


def messages(sent: Iterable[object]) -> list[Message]:
    """Read items as messages."""
    return turns((_role(item), item_parts(item)) for item in map(fields, sent))


def _role(item: Body) -> str:
    return text(item.get("role")) or ("tool" if answered(item) else "assistant")


def _hosted(item: Body) -> bool:
    """Whether the provider runs a call that a caller may run too."""
    return item.get("execution") == "server" or fields(item.get("environment")).get("type") == "container_reference"


def _said(item: Body) -> list[Part]:
    return content_parts(item.get("content"))


def _reasoning(item: Body) -> list[Part]:
    return [*content_parts(item.get("summary")), *content_parts(item.get("content"))]


def _compaction(item: Body) -> list[Part]:
    return [part("compaction", id=text(item.get("id")))]


def _image(item: Body) -> list[Part]:
    """Read a made image: the call, and the picture as a part of its own."""
    data, made_as = text(item.get("result")), text(item.get("output_format"))
    call = {key: value for key, value in item.items() if key != "result"}
    picture = part("blob", modality="image", mime_type=made_as and f"image/{made_as}", content=data)
    return [server_tool_call(call, "image_generation", "image_generation"), *([picture] if data else ())]


def _search_answer(item: Body) -> list[Part]:
    return [server_tool_response(item, "tool_search")]


_ITEMS: Mapping[str, Callable[[Body], list[Part]]] = {
    "message": _said,
    "reasoning": _reasoning,
    "compaction": _compaction,
    "image_generation_call": _image,
    "tool_search_output": _search_answer,
}
