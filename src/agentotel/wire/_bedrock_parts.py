"""Content blocks of Converse as parts in the shape of the conventions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from agentotel.facts.call import ServerToolUse, ToolRequest
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import (
    Part,
    media,
    parsed,
    part,
    plain,
    server_tool_call,
    server_tool_response,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import items, text

SERVER_TOOL = "server_tool_use"

MIME_TYPES: Mapping[str, str] = {
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "wmv": "video/x-ms-wmv",
    "mpg": "video/mpeg",
    "three_gp": "video/3gpp",
    "mp3": "audio/mpeg",
}
"""Formats whose media type is not made of the modality and the format's name."""


def content_parts(content: object) -> list[Part]:
    """Read the content of a message: a list of blocks, or a text, which some models take in bodies of their own."""
    if isinstance(content, str):
        return texts_as("text", content)
    return [made for block in items(content) for made in _block_parts(fields(block))]


def tool_requests(content: object) -> tuple[ToolRequest, ...]:
    """Read the tools that a message asks its caller for."""
    uses = (fields(fields(block).get("toolUse")) for block in items(content))
    return tuple(_tool_request(use) for use in uses if use and use.get("type") != SERVER_TOOL)


def server_uses(content: object) -> tuple[ServerToolUse, ...]:
    """Read the uses of tools that Bedrock ran itself, and how each went by the block of its result."""
    blocks = [fields(block) for block in items(content)]
    used = [use for block in blocks if (use := fields(block.get("toolUse"))).get("type") == SERVER_TOOL]
    if not used:
        return ()
    results = {text(result.get("toolUseId")): result for block in blocks if (result := fields(block.get("toolResult")))}
    return tuple(_server_use(use, fields(results.get(text(use.get("toolUseId"))))) for use in used)


def _server_use(use: Body, result: Body) -> ServerToolUse:
    name = text(use.get("name")) or ""
    return ServerToolUse(kind=name, name=name, id=text(use.get("toolUseId")), status=text(result.get("status")))


def plain_content(value: object) -> object:
    """Copy a value as JSON data, bytes in base64."""
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): plain_content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_content(item) for item in value]
    return plain(value)


def _block_parts(block: Body) -> list[Part]:
    for key, value in block.items():
        read = _BLOCKS.get(key)
        if read is not None:
            return read(value)
    known = next((key for key in block if key not in _UNSAID), None)
    return [part(known, **{known: plain_content(block[known])})] if known else []


def _tool_request(use: Body) -> ToolRequest:
    return ToolRequest(id=text(use.get("toolUseId")), name=text(use.get("name")) or "", arguments=use.get("input"))


def _tool_use(value: object) -> list[Part]:
    use = fields(value)
    if use.get("type") != SERVER_TOOL:
        return [tool_call(_tool_request(use))]
    name = text(use.get("name")) or ""
    asked = {"tool_use_id": use.get("toolUseId"), "input": parsed(use.get("input"))}
    return [server_tool_call(asked, name, name)]


def _tool_result(value: object) -> list[Part]:
    result = fields(value)
    kind = text(result.get("type"))
    content = plain_content(result.get("content"))
    if kind is None:
        return [tool_response(result.get("toolUseId"), content)]
    return [server_tool_response({"tool_use_id": result.get("toolUseId"), "content": content}, kind)]


def _reasoning(value: object) -> list[Part]:
    """Read what the model thought; what is redacted is cipher text, which says nothing to a reader."""
    return texts_as("reasoning", fields(fields(value).get("reasoningText")).get("text"))


def _guarded(value: object) -> list[Part]:
    """Read content that is marked for a guardrail: a text object, or an image."""
    guarded = fields(value)
    said = fields(guarded.get("text")).get("text")
    return [*texts_as("text", said), *(_media("image")(guarded["image"]) if "image" in guarded else ())]


def _cited(value: object) -> list[Part]:
    return [made for said in items(fields(value).get("content")) for made in texts_as("text", fields(said).get("text"))]


def _media(modality: str) -> Callable[[object], list[Part]]:
    def read(value: object) -> list[Part]:
        sent = fields(value)
        source = fields(sent.get("source"))
        known = text(sent.get("format"))
        mime_type = MIME_TYPES.get(known, f"{modality}/{known}") if known else None
        address = text(fields(source.get("s3Location")).get("uri"))
        if address:
            return [media(address, modality, mime_type)]
        data = source.get("bytes")
        if isinstance(data, bytes | bytearray | str):
            content = data if isinstance(data, str) else b64encode(data).decode()
            return [part("blob", modality=modality, mime_type=mime_type, content=content)]
        return [*texts_as("text", source.get("text")), *_cited(source)]

    return read


_BLOCKS: Mapping[str, Callable[[object], list[Part]]] = {
    "text": lambda value: texts_as("text", value),
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "image": _media("image"),
    "document": _media("document"),
    "video": _media("video"),
    "audio": _media("audio"),
    "guardContent": _guarded,
    "citationsContent": _cited,
}
"""Key of a block to its reader. Any other block is kept as a part of its key's name."""

_UNSAID = frozenset({"cachePoint"})
"""Blocks that hold nothing for the model to read."""
