"""Parts of the Gemini format in the shape of the conventions.

Source: ``Part`` in ``google/genai/types.py`` of google-genai 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from agentotel.facts.call import ToolRequest
from agentotel.wire._google import get
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import (
    Message,
    Part,
    function_tool,
    message,
    part,
    plain,
    server_tool_call,
    server_tool_response,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import items, present, text

_ROLES: Mapping[object, str] = {"model": "assistant", "function": "tool"}
_MODALITIES = frozenset({"image", "audio", "video"})
_STANDARD = str.maketrans("-_", "+/")
"""The SDK sends base64 in the alphabet for URLs."""


def sent_parts(content: object) -> list[Part]:
    """Read a content: a text, a list of parts, or an object that holds them."""
    if isinstance(content, str):
        return texts_as("text", content)
    inner = fields(content).get("parts")
    found = items(content) if inner is None else items(inner)
    return [made for sent in found for made in _part(sent)]


def sent_message(content: object) -> Message:
    """Read a content as a message."""
    role = fields(content).get("role")
    return message(_ROLES.get(role, text(role) or "user"), sent_parts(content))


def contents(sent: object) -> list[object]:
    """List the contents of a request, which may be one text or one content."""
    return list(items(sent)) or ([sent] if sent else [])


def tool_requests(content: object) -> Iterable[ToolRequest]:
    """Read the calls that a content asks the caller for; many have no id."""
    for sent in map(fields, items(fields(content).get("parts"))):
        call = get(sent, "functionCall")
        if call is not None:
            yield _request(fields(call))


def answered(content: object) -> Iterable[str]:
    """Give the ids of the calls that a content answers, or the name of the function where the call had none."""
    for sent in map(fields, items(fields(content).get("parts"))):
        answer = fields(get(sent, "functionResponse"))
        name = text(answer.get("id")) or text(answer.get("name"))
        if name:
            yield name


def offered(tools: object) -> list[object]:
    """List tools, functions one by one."""
    found: list[object] = []
    for tool in items(tools):
        sent = fields(tool)
        found.extend(items(get(sent, "functionDeclarations")))
        found.extend({key: value} for key, value in sent.items() if key not in _FUNCTIONS and value is not None)
    return found


def definition(tool: object) -> Part:
    """Read a function, or one of Google's tools, which is known by its key."""
    sent = fields(tool)
    if text(sent.get("name")):
        schema = next((key for key in _SCHEMAS if sent.get(key) is not None), _SCHEMAS[0])
        return function_tool(sent, schema)
    kind = next(iter(sent), "function")
    return part(kind, name=kind)


_FUNCTIONS = frozenset({"functionDeclarations", "function_declarations"})
_SCHEMAS = ("parameters", "parametersJsonSchema", "parameters_json_schema")


def _request(call: Body) -> ToolRequest:
    return ToolRequest(id=text(call.get("id")), name=text(call.get("name")) or "", arguments=call.get("args") or {})


def _part(value: object) -> list[Part]:
    if isinstance(value, str):
        return texts_as("text", value)
    sent = fields(value)
    said = sent.get("text")
    if said is not None:
        return texts_as("reasoning" if sent.get("thought") else "text", said)
    for key, read in _PARTS.items():
        inner = get(sent, key)
        if inner is not None:
            return read(fields(inner))
    return []


def _modality(mime_type: str | None) -> str:
    kind = (mime_type or "").partition("/")[0]
    return kind if kind in _MODALITIES else "document"


def _inline(sent: Body) -> list[Part]:
    data, kind = text(sent.get("data")), text(get(sent, "mimeType"))
    if not data:
        return []
    return [part("blob", modality=_modality(kind), mime_type=kind, content=data.translate(_STANDARD))]


def _linked(sent: Body) -> list[Part]:
    address, kind = text(get(sent, "fileUri")), text(get(sent, "mimeType"))
    return [part("uri", modality=_modality(kind), mime_type=kind, uri=address)] if address else []


def _answer(sent: Body) -> list[Part]:
    media = [made for inner in items(sent.get("parts")) for made in _part(inner)]
    return [tool_response(sent.get("id"), sent.get("response")), *media]


def _code(sent: Body) -> list[Part]:
    return [server_tool_call(sent, "code_execution", "code_execution")]


def _ran(sent: Body) -> list[Part]:
    return [server_tool_response(sent, "code_execution")]


def _served(sent: Body) -> list[Part]:
    kind = _kind(sent)
    return [server_tool_call(present(id=sent.get("id"), arguments=plain(sent.get("args"))), kind, kind)]


def _served_answer(sent: Body) -> list[Part]:
    return [server_tool_response(present(id=sent.get("id"), response=plain(sent.get("response"))), _kind(sent))]


def _kind(sent: Body) -> str:
    return (text(get(sent, "toolType")) or "unknown").lower()


_PARTS: Mapping[str, Callable[[Body], list[Part]]] = {
    "inlineData": _inline,
    "fileData": _linked,
    "functionCall": lambda sent: [tool_call(_request(sent))],
    "functionResponse": _answer,
    "executableCode": _code,
    "codeExecutionResult": _ran,
    "toolCall": _served,
    "toolResponse": _served_answer,
}
"""Field of a part to the reader of what is in it."""
