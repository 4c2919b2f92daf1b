"""Cohere's chat, version 2 of its API.

Source: ``cohere/v2`` and ``cohere/types`` of cohere 7.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.facts.call import Content, Context, Response
from agentotel.wire._cohere import REQUEST, billed, documents, finish_reason, part_reason, token_counts
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import MOST_TOKENS, Entry, bounded
from agentotel.wire.openai_chat import answers, tool_requests
from agentotel.wire.parts import (
    Message,
    Part,
    function_tool,
    media,
    message,
    other,
    output_message,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import by_table, failure, integer, items, number, plain_request, present, text

_TEXTS = ("text", "thinking")


class ChatFold:
    """Folds the events of a streamed chat into the answer that they make up."""

    __slots__ = ("_calls", "_contents", "_end", "_head", "_logprobs", "_plan")

    def __init__(self) -> None:
        self._head: dict[str, object] = {}
        self._contents: dict[int, dict[str, list[str]]] = {}
        self._calls: dict[int, tuple[Body, list[str]]] = {}
        self._plan: list[str] = []
        self._logprobs: list[object] = []
        self._end: Body | None = None

    @property
    def complete(self) -> bool:
        """Whether the event that ends a message came."""
        return self._end is not None

    final = complete

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        event = fields(chunk)
        read = self._EVENTS.get(event.get("type"))
        if read:
            index = integer(event.get("index")) or 0
            read(self, index, event)

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        if not (self._head or self._contents or self._calls or self._plan or self._end):
            return None
        parts = [
            {"type": kind, kind: "".join(pieces)}
            for _, kinds in sorted(self._contents.items())
            for kind, pieces in kinds.items()
        ]
        made = present(
            role=self._head.get("role"),
            content=parts or None,
            tool_plan="".join(self._plan) or None,
            tool_calls=[_joined(call, pieces) for _, (call, pieces) in sorted(self._calls.items())] or None,
        )
        head = present(id=self._head.get("id"), logprobs=self._logprobs or None)
        return {**head, "message": made, **(self._end or {})}

    def _start(self, _index: int, event: Body) -> None:
        role = text(_message(event).get("role"))
        self._head = present(id=text(event.get("id")), role=role)

    def _piece(self, index: int, event: Body) -> None:
        sent = fields(_message(event).get("content"))
        for kind in _TEXTS:
            piece = text(sent.get(kind))
            if piece:
                self._contents.setdefault(index, {}).setdefault(kind, []).append(piece)
        if event.get("logprobs") is not None and len(self._logprobs) < MOST_TOKENS:
            self._logprobs.append(event["logprobs"])

    def _plan_piece(self, _index: int, event: Body) -> None:
        self._plan.append(text(_message(event).get("tool_plan")) or "")

    def _call(self, index: int, event: Body) -> None:
        sent = fields(_message(event).get("tool_calls"))
        pieces = self._calls.setdefault(index, (sent, []))[1]
        pieces.append(text(fields(sent.get("function")).get("arguments")) or "")

    def _stop(self, _index: int, event: Body) -> None:
        ended = fields(event.get("delta"))
        self._end = present(**{key: ended.get(key) for key in ("finish_reason", "usage", "error")})

    _EVENTS: ClassVar[Mapping[object, Callable[[ChatFold, int, Body], None]]] = {
        "message-start": _start,
        "content-start": _piece,
        "content-delta": _piece,
        "tool-plan-delta": _plan_piece,
        "tool-call-start": _call,
        "tool-call-delta": _call,
        "message-end": _stop,
    }


def _message(event: Body) -> Body:
    return fields(fields(event.get("delta")).get("message"))


def _joined(call: Body, pieces: list[str]) -> Body:
    return {**call, "function": {**fields(call.get("function")), "arguments": "".join(pieces)}}


def response(body: Body) -> Response:
    """Read an answer, which does not name its model."""
    sent = fields(body.get("message"))
    return Response(
        id=text(body.get("id")),
        finish_reasons=(finish_reason(body),) if "message" in body else (),
        usage=token_counts(body),
        billed=billed(body),
        tool_requests=tuple(tool_requests(sent)),
        failure=failure(body.get("error")),
    )


def context(body: Body) -> Context:
    """Show the messages, the offered tools, and the documents, which the model reads like a system text."""
    return Context(system=body.get("documents"), tools=body.get("tools"), messages=items(body.get("messages")))


def content(body: Body) -> Content:
    """Read documents, messages and tool definitions in the shape of the conventions."""
    tools = [function_tool(fields(tool).get("function"), "parameters") for tool in items(body.get("tools"))]
    return Content(
        system_instructions=documents(body) or None,
        input_messages=[_input_message(fields(sent)) for sent in items(body.get("messages"))] or None,
        tool_definitions=tools or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the one output message."""
    if "message" not in body:
        return None
    sent = fields(body["message"])
    return [output_message(text(sent.get("role")) or "assistant", _parts(sent), part_reason(finish_reason(body)))]


def logprobs(body: Body) -> list[list[Entry]] | None:
    """Read the log probabilities, which come with pieces of text of one token or more, the first of which is named."""
    return bounded([[one for sent in items(body.get("logprobs")) for one in _tokens(fields(sent))]])


def _tokens(sent: Body) -> list[Entry]:
    said = text(sent.get("text")) or ""
    return [
        {"token": "" if place else said, "logprob": number(one)}
        for place, one in enumerate(items(sent.get("logprobs")))
    ]


def _input_message(sent: Body) -> Message:
    role = text(sent.get("role")) or "user"
    if role == "tool":
        return message(role, [tool_response(sent.get("tool_call_id"), sent.get("content"))])
    return message(role, _parts(sent))


def _parts(sent: Body) -> list[Part]:
    """Read the parts of a message: the plan that comes before tool calls, what was said, tool calls."""
    return [
        *texts_as("reasoning", sent.get("tool_plan")),
        *content_parts(sent.get("content")),
        *(tool_call(call) for call in tool_requests(sent)),
    ]


def content_parts(content: object) -> list[Part]:
    """Read the content of a message: a text, or a list of parts."""
    if isinstance(content, str):
        return texts_as("text", content)
    return [made for sent in items(content) for made in _part(fields(sent))]


def _part(sent: Body) -> list[Part]:
    kind = text(sent.get("type"))
    if kind == "text":
        return texts_as("text", sent.get("text"))
    if kind == "thinking":
        return texts_as("reasoning", sent.get("thinking"))
    if kind == "image_url":
        address = text(fields(sent.get("image_url")).get("url"))
        return [media(address, "image")] if address else []
    return other(sent)


FORMAT = Format(
    name="cohere_chat",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST),
    fold=ChatFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
    logprobs=logprobs,
    separate=True,
)
