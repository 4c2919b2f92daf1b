"""Content blocks of the Anthropic Messages format as parts in the shape of the conventions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agentotel.facts.call import ServerToolUse, ToolRequest
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import (
    Part,
    media,
    other,
    part,
    server_tool_call,
    server_tool_response,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import items, text

_SERVER_RESULT = "_tool_result"
_SERVER_USES = frozenset({"server_tool_use", "mcp_tool_use"})


def content_parts(content: object) -> list[Part]:
    """Read the content of a message: a text, or a list of content blocks."""
    if isinstance(content, str):
        return texts_as("text", content)
    return [made for block in items(content) for made in _block_parts(fields(block))]


def _block_parts(block: Body) -> list[Part]:
    kind = str(block.get("type"))
    read = _BLOCKS.get(kind)
    if read:
        return read(block)
    if kind.endswith(_SERVER_RESULT):
        return [server_tool_response(block, kind.removesuffix(_SERVER_RESULT))]
    return other(block)


def _said(kind: str, key: str) -> Callable[[Body], list[Part]]:
    return lambda block: texts_as(kind, block.get(key))


def tool_request(block: Body) -> ToolRequest:
    """Read a ``tool_use`` block, which asks the caller for a tool."""
    return ToolRequest(id=text(block.get("id")), name=text(block.get("name")) or "", arguments=block.get("input"))


def server_uses(blocks: Sequence[Body]) -> tuple[ServerToolUse, ...]:
    """Read the uses of tools that the provider ran, and how each went by the block of its result."""
    used = [block for block in blocks if text(block.get("type")) in _SERVER_USES]
    if not used:
        return ()
    found = [block for block in blocks if str(block.get("type")).endswith(_SERVER_RESULT)]
    results = {text(block.get("tool_use_id")): block for block in found}
    return tuple(_use(block, results.get(text(block.get("id")))) for block in used)


def _use(block: Body, result: Body | None) -> ServerToolUse:
    name = text(block.get("name")) or ""
    return ServerToolUse(
        kind="mcp" if block.get("type") == "mcp_tool_use" else name,
        name=name,
        id=text(block.get("id")),
        status=None if result is None else _status(result),
        server=text(block.get("server_name")),
    )


def _status(result: Body) -> str:
    """Name the error of a result; one without any is complete."""
    said = fields(result.get("content"))
    failed = result.get("is_error") is True or str(said.get("type")).endswith("_error")
    return (text(said.get("error_code")) or "failed") if failed else "completed"


def _tool_result(block: Body) -> list[Part]:
    return [tool_response(block.get("tool_use_id"), block.get("content"))]


def _server_tool(block: Body) -> list[Part]:
    name = text(block.get("name")) or ""
    return [server_tool_call(block, name, "mcp" if block.get("type") == "mcp_tool_use" else name)]


def _compaction(block: Body) -> list[Part]:
    return [part("compaction", content=text(block.get("content")))]


def _upload(block: Body) -> list[Part]:
    return _stored(block, "document")


def _source(modality: str) -> Callable[[Body], list[Part]]:
    def read(block: Body) -> list[Part]:
        source = fields(block.get("source"))
        reader = _SOURCES.get(str(source.get("type")))
        return reader(source, modality) if reader else []

    return read


def _inline(source: Body, modality: str) -> list[Part]:
    data, mime_type = text(source.get("data")), text(source.get("media_type"))
    return [part("blob", modality=modality, mime_type=mime_type, content=data)] if data else []


def _linked(source: Body, modality: str) -> list[Part]:
    address = text(source.get("url"))
    return [media(address, modality)] if address else []


def _stored(source: Body, modality: str) -> list[Part]:
    file_id = text(source.get("file_id"))
    return [part("file", modality=modality, file_id=file_id)] if file_id else []


_SOURCES: Mapping[str, Callable[[Body, str], list[Part]]] = {
    "base64": _inline,
    "url": _linked,
    "file": _stored,
    "text": lambda source, _: texts_as("text", source.get("data")),
    "content": lambda source, _: content_parts(source.get("content")),
}
_BLOCKS: Mapping[str, Callable[[Body], list[Part]]] = {
    "text": _said("text", "text"),
    "thinking": _said("reasoning", "thinking"),
    "redacted_thinking": lambda _: [],
    "tool_use": lambda block: [tool_call(tool_request(block))],
    "tool_result": _tool_result,
    "server_tool_use": _server_tool,
    "mcp_tool_use": _server_tool,
    "image": _source("image"),
    "document": _source("document"),
    "container_upload": _upload,
    "compaction": _compaction,
}
"""Block type to reader. Redacted thinking is cipher text, which says nothing to a reader."""
