"""Reads the events of a streamed response of the Responses API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.read import integer, present, text

_DELTAS: Mapping[object, str] = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "summary_text",
    "response.reasoning_text.delta": "reasoning_text",
    "response.function_call_arguments.delta": "arguments",
    "response.mcp_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.code_interpreter_call_code.delta": "code",
}
"""Type of an event to what its text is a piece of."""

_PARTS: Mapping[str, tuple[str, str]] = {
    "output_text": ("content", "text"),
    "refusal": ("content", "refusal"),
    "summary_text": ("summary", "text"),
    "reasoning_text": ("content", "text"),
}
"""What is a part in a list of its item: the list and the field of the text. The rest are fields of the item."""

_HEAD = ("id", "model", "service_tier")


class ResponseFold:
    """Folds the events of a response stream into the response that they make up.

    The last event holds the whole response, on some servers without its output. Where it did not come, the response
    is built from pieces: finished items as sent, the others from the text that arrived, without a status, usage or
    finish reason.
    """

    __slots__ = ("_error", "_head", "_items", "_pieces", "_whole")

    def __init__(self) -> None:
        self._head: dict[str, object] = {}
        self._items: dict[object, Body] = {}
        self._pieces: defaultdict[tuple[object, str], list[str]] = defaultdict(list)
        self._whole: Body | None = None
        self._error: object = None

    @property
    def complete(self) -> bool:
        """Whether the event that ends a response came."""
        return self._whole is not None

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        try:
            seen = chunk if type(chunk) is dict else chunk.__dict__
            piece = seen["delta"]
            if type(piece) is str:
                self._pieces[seen["output_index"], _DELTAS[seen["type"]]].append(piece)
        except (AttributeError, KeyError, TypeError):
            self._add_any(fields(chunk))  # not a piece of text

    def result(self) -> Body | None:
        """Return the whole response, or build what arrived of it."""
        error = present(error=self._error)
        if self._whole is not None:
            kept = self._whole if self._whole.get("output") else {**self._whole, "output": self._output()}
            return {**kept, **error}
        if not (self._head or self._items or self._pieces):
            return error or None
        return {**self._head, "output": self._output(), **error}

    def _add_any(self, event: Body) -> None:
        read = self._EVENTS.get(text(event.get("type")))
        if read:
            read(self, event)
        elif event.get("error"):
            self._error = event["error"]

    def _output(self) -> list[Body]:
        pieces: defaultdict[object, dict[str, str]] = defaultdict(dict)
        for (index, kind), texts in self._pieces.items():
            pieces[index][kind] = "".join(texts)
        places = dict.fromkeys([*self._items, *pieces])
        return [_item(self._items.get(place, _MESSAGE), pieces[place]) for place in sorted(places, key=_order)]

    def _start(self, event: Body) -> None:
        sent = fields(event.get("response"))
        self._head = present(**{key: text(sent.get(key)) for key in _HEAD})

    def _open(self, event: Body) -> None:
        self._items.setdefault(integer(event.get("output_index")), fields(event.get("item")))

    def _close(self, event: Body) -> None:
        index = integer(event.get("output_index"))
        self._items[index] = fields(event.get("item"))
        for key in [key for key in self._pieces if key[0] == index]:
            del self._pieces[key]

    def _end(self, event: Body) -> None:
        self._whole = fields(event.get("response"))

    def _fail(self, event: Body) -> None:
        """Keep an error: its fields stand on the event itself, or under ``error`` on some servers."""
        self._error = fields(event.get("error")) or present(code=event.get("code"), message=event.get("message"))

    _EVENTS: ClassVar[Mapping[object, Callable[[ResponseFold, Body], None]]] = {
        "response.created": _start,
        "response.queued": _start,
        "response.in_progress": _start,
        "response.output_item.added": _open,
        "response.output_item.done": _close,
        "response.completed": _end,
        "response.incomplete": _end,
        "response.failed": _end,
        "response.cancelled": _end,
        "error": _fail,
    }


_MESSAGE: Body = {"type": "message", "role": "assistant"}
"""The item that text belongs to whose start was not seen."""


def _order(place: object) -> int:
    return place if isinstance(place, int) else 0


def _item(item: Body, pieces: Mapping[str, str]) -> Body:
    """Put the texts that arrived into an item that did not finish."""
    made: dict[str, object] = {}
    for kind, joined in pieces.items():
        if kind in _PARTS:
            key, inner = _PARTS[kind]
            earlier = made.get(key)
            made[key] = [*(earlier if isinstance(earlier, list) else ()), {"type": kind, inner: joined}]
        else:
            made[kind] = joined
    return {**item, **made}
