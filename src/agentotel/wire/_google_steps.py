"""Steps of the Interactions API, which its input and its output are lists of."""

from __future__ import annotations

from collections.abc import Iterable

from agentotel.facts.call import ServerToolUse, ToolRequest
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import (
    Message,
    Part,
    media,
    other,
    part,
    server_tool_call,
    server_tool_response,
    texts_as,
    tool_call,
    tool_response,
    turns,
)
from agentotel.wire.read import items, text

_CALL, _RESULT = "_call", "_result"
_NAMES = {"mcp_server_tool": "mcp"}
_ROLES = {"user_input": "user", "function_result": "tool"}
_MEDIA = frozenset({"image", "audio", "video", "document"})
_SAID = _MEDIA | {"text"}


def steps(body: Body) -> list[Body]:
    """List the steps of an interaction; older servers send ``outputs``, where texts and media stand among the steps."""
    found = [fields(step) for step in items(body.get("steps"))]
    return found or [_step(fields(one)) for one in items(body.get("outputs"))]


def _step(output: Body) -> Body:
    said = output.get("type") in _SAID
    return {"type": "model_output", "content": [output]} if said else output


def client_call(step: Body) -> ToolRequest | None:
    """Read a step as a call that the caller is to answer; None for any other step."""
    name = text(step.get("name"))
    if step.get("type") != "function_call" or not name:
        return None
    return ToolRequest(id=text(step.get("id")), name=name, arguments=step.get("arguments") or {})


def server_use(step: Body) -> ServerToolUse | None:
    """Read a step as the use of a tool that Google or a hosted server ran; None for any other step."""
    kind = text(step.get("type")) or ""
    if not kind.endswith(_CALL) or kind == "function_call":
        return None
    name = _tool_name(kind.removesuffix(_CALL))
    return ServerToolUse(
        kind=name,
        name=text(step.get("name")) or name,
        id=text(step.get("id")),
        server=text(step.get("server_name")),
    )


def answered(step: Body) -> str | None:
    """Return the id of the call that a step answers."""
    return text(step.get("call_id")) if step.get("type") == "function_result" else None


def step_parts(step: Body) -> list[Part]:
    """Read one step in the shape of the conventions."""
    call = client_call(step)
    if call:
        return [tool_call(call)]
    kind = text(step.get("type")) or ""
    if kind == "function_result":
        return [tool_response(step.get("call_id"), step.get("result"))]
    if kind == "thought":
        return [made for entry in items(step.get("summary")) for made in _content("reasoning", entry)]
    if kind.endswith(_CALL):
        name = _tool_name(kind.removesuffix(_CALL))
        return [server_tool_call(_unsigned(step), text(step.get("name")) or name, name)]
    if kind.endswith(_RESULT):
        return [server_tool_response(_unsigned(step), _tool_name(kind.removesuffix(_RESULT)))]
    said = step.get("content")
    return [made for entry in (items(said) or (said,)) for made in _content("text", entry)] if said else []


def messages(sent: Iterable[object]) -> list[Message]:
    """Read steps as messages."""
    return turns((_role(step), step_parts(step)) for step in map(fields, sent))


def _role(step: Body) -> str:
    role = text(step.get("role")) or _ROLES.get(str(step.get("type")), "assistant")
    return "assistant" if role == "model" else role


def _tool_name(kind: str) -> str:
    return _NAMES.get(kind, kind)


def _unsigned(step: Body) -> Body:
    """Leave out the signature, which says nothing to a reader."""
    return {key: value for key, value in step.items() if key != "signature" and value is not None}


def _content(kind: str, value: object) -> list[Part]:
    if isinstance(value, str):
        return texts_as(kind, value)
    sent = fields(value)
    named = str(sent.get("type"))
    if named == "text":
        return texts_as(kind, sent.get("text"))
    if named not in _MEDIA:
        return other(sent)
    data, address, mime_type = text(sent.get("data")), text(sent.get("uri")), text(sent.get("mime_type"))
    if data:
        return [part("blob", modality=named, mime_type=mime_type, content=data)]
    return [media(address, named, mime_type)] if address else []
