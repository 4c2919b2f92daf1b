"""Cohere's chat, text generation and summaries, version 1 of its API.

Source: ``cohere/raw_base_client.py`` and ``cohere/types`` of cohere 7.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from agentotel.facts.call import Content, Context, Response, ToolRequest
from agentotel.semconv import names
from agentotel.wire._cohere import REQUEST, billed, documents, finish_reason, part_reason, token_counts
from agentotel.wire._openai import CHOICES
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import (
    MISSING_REASON,
    Message,
    Part,
    message,
    output_message,
    part,
    plain,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import Rule, by_table, failure, integer, items, plain_request, present, text, texts

_CHAT: tuple[Rule, ...] = (*REQUEST, ("conversation_id", names.CONVERSATION_ID, text))
_GENERATE: tuple[Rule, ...] = (
    *REQUEST,
    ("end_sequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("num_generations", *CHOICES[1:]),
)
_ROLES: Mapping[str, str] = {"CHATBOT": "assistant", "USER": "user", "SYSTEM": "system", "TOOL": "tool"}
_ERROR = "stream-error"


class V1Fold:
    """Folds the events of a v1 stream, whose last one holds the whole answer.

    Only where it did not come is the answer built from pieces, by the place of a text among several.
    """

    __slots__ = ("_calls", "_end", "_error", "_id", "_texts")

    def __init__(self) -> None:
        self._id: str | None = None
        self._texts: dict[int, list[str]] = {}
        self._calls: object = None
        self._error: object = None
        self._end: Body | None = None

    @property
    def complete(self) -> bool:
        """Whether the event that ends a stream came."""
        return self._end is not None

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        event = fields(chunk)
        kind = event.get("event_type")
        piece = text(event.get("text"))
        if piece and kind == "text-generation":
            self._texts.setdefault(integer(event.get("index")) or 0, []).append(piece)
        elif kind == "stream-start":
            self._id = text(event.get("generation_id"))
        elif kind == "tool-calls-generation":
            self._calls = event.get("tool_calls")
        elif kind == "stream-end":
            self._end = {**fields(event.get("response")), **present(finish_reason=event.get("finish_reason"))}
        elif kind == _ERROR:
            self._error = event.get("err") or _ERROR

    def result(self) -> Body | None:
        """Return the whole answer, or build what arrived of it."""
        error = present(error=self._error)
        if self._end is not None:
            return {**self._end, **error}
        if not (self._id or self._texts or self._calls):
            return error or None
        joined = [{"index": index, "text": "".join(pieces)} for index, pieces in sorted(self._texts.items())]
        said = "".join(str(one["text"]) for one in joined[:1])
        return {
            **present(generation_id=self._id, tool_calls=self._calls),
            **error,
            "text": said,
            "generations": joined,
        }


def chat_response(body: Body) -> Response:
    """Read the answer of a chat, which does not name its model."""
    return Response(
        id=text(body.get("response_id")) or text(body.get("generation_id")),
        finish_reasons=(finish_reason(body),) if "text" in body else (),
        usage=token_counts(body),
        billed=billed(body),
        tool_requests=tuple(_tool_requests(body)),
        failure=failure(body.get("error")),
    )


def generate_response(body: Body) -> Response:
    """Read generated texts, or a summary; reasons to stop are sent by streams only."""
    generations = [fields(one) for one in items(body.get("generations"))]
    reasons = [text(one.get("finish_reason")) for one in generations]
    return Response(
        id=text(body.get("id")),
        finish_reasons=tuple(reason or MISSING_REASON for reason in reasons) if any(reasons) else (),
        usage=token_counts(body),
        billed=billed(body),
        failure=failure(body.get("error")),
    )


def chat_context(body: Body) -> Context:
    """Show the history, the message, the results of tools; preamble and documents are read like a system text."""
    said = [value for key in ("message", "tool_results") if (value := body.get(key))]
    system = present(preamble=body.get("preamble"), documents=body.get("documents"))
    return Context(system=system or None, tools=body.get("tools"), messages=[*items(body.get("chat_history")), *said])


def chat_content(body: Body) -> Content:
    """Read preamble, documents, messages and tool definitions in the shape of the conventions."""
    messages = [_message(fields(sent)) for sent in items(body.get("chat_history"))]
    results = [_tool_result(fields(sent)) for sent in items(body.get("tool_results"))]
    return Content(
        system_instructions=[*texts_as("text", body.get("preamble")), *documents(body)] or None,
        input_messages=[
            *messages,
            *(message("user", [made]) for made in texts_as("text", body.get("message"))),
            *([message("tool", results)] if results else ()),
        ]
        or None,
        tool_definitions=[_tool(fields(tool)) for tool in items(body.get("tools"))] or None,
    )


def chat_output(body: Body) -> list[dict[str, object]] | None:
    """Read the one output message."""
    if "text" not in body:
        return None
    parts = [*texts_as("text", body.get("text")), *(tool_call(call) for call in _tool_requests(body))]
    return [output_message("assistant", parts, part_reason(finish_reason(body)))]


def prompt_context(key: str) -> Callable[[Body], Context]:
    """Make the function that shows the text under ``key``."""
    return lambda body: Context(messages=texts(body.get(key)) or ())


def prompt_content(key: str) -> Callable[[Body], Content]:
    """Make the function that reads the text under ``key`` as a message of the user."""
    return lambda body: Content(
        input_messages=[message("user", [made]) for made in texts_as("text", body.get(key))] or None
    )


def generate_output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per generated text."""
    made = []
    for one in map(fields, items(body.get("generations"))):
        reason = text(one.get("finish_reason"))
        made.append(
            output_message("assistant", texts_as("text", one.get("text")), part_reason(reason) if reason else None)
        )
    return made or None


def summary_output(body: Body) -> list[dict[str, object]] | None:
    """Read the summary."""
    parts = texts_as("text", body.get("summary"))
    return [output_message("assistant", parts, None)] if parts else None


def _tool_requests(sent: Body) -> Iterable[ToolRequest]:
    """Read tool calls, which have no ids in this version."""
    for call in map(fields, items(sent.get("tool_calls"))):
        name = text(call.get("name"))
        if name:
            yield ToolRequest(id=None, name=name, arguments=call.get("parameters"))


def _message(sent: Body) -> Message:
    role = text(sent.get("role")) or "USER"
    parts: list[Part] = [
        *texts_as("text", sent.get("message")),
        *(tool_call(call) for call in _tool_requests(sent)),
        *(_tool_result(fields(result)) for result in items(sent.get("tool_results"))),
    ]
    return message(_ROLES.get(role.upper(), role.lower()), parts)


def _tool_result(sent: Body) -> Part:
    return tool_response(None, sent.get("outputs"))


def _tool(sent: Body) -> Part:
    """Read a tool, whose parameters are a table of names and types and no JSON schema."""
    return part(
        "function",
        name=text(sent.get("name")) or "",
        description=text(sent.get("description")),
        parameters=plain(sent.get("parameter_definitions")),
    )


CHAT = Format(
    name="cohere_v1_chat",
    request=plain_request,
    response=chat_response,
    asks=by_table(_CHAT),
    fold=V1Fold,
    context=chat_context,
    content=chat_content,
    output=chat_output,
)
GENERATE = Format(
    name="cohere_v1_generate",
    request=plain_request,
    response=generate_response,
    asks=by_table(_GENERATE),
    fold=V1Fold,
    context=prompt_context("prompt"),
    content=prompt_content("prompt"),
    output=generate_output,
)
SUMMARIZE = Format(
    name="cohere_v1_summarize",
    request=plain_request,
    response=generate_response,
    asks=by_table(_GENERATE),
    context=prompt_context("text"),
    content=prompt_content("text"),
    output=summary_output,
)
