"""Reads the events of a streamed conversation of Mistral's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.read import integer, present, text

_HEAD = ("id", "model", "agent_id", "name", "tool_call_id", "info", "next_agent_id", "next_agent_name")
_ENTRIES: Mapping[str, str] = {
    "message.output": "content",
    "function.call": "arguments",
    "tool.execution": "arguments",
    "agent.handoff": "arguments",
}
"""Type of an entry to the field that its events bring in pieces."""


class ConversationFold:
    """Folds the events of a conversation into the answer that they make up, entry by entry."""

    __slots__ = ("_entries", "_head")

    def __init__(self) -> None:
        self._head: dict[str, object] = {}
        self._entries: dict[tuple[int, str], _Entry] = {}

    @property
    def complete(self) -> bool:
        """Whether the event that ends a turn came."""
        return "usage" in self._head

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        event = fields(chunk)
        kind = text(event.get("type")) or ""
        read = self._EVENTS.get(kind)
        if read:
            read(self, event)
            return
        entry, _, _ = kind.rpartition(".")
        if entry in _ENTRIES:
            place = integer(event.get("output_index")) or 0, entry
            self._entries.setdefault(place, _Entry(entry)).add(event)

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        if not (self._head or self._entries):
            return None
        return {**self._head, "outputs": [entry.result() for _, entry in sorted(self._entries.items(), key=_place)]}

    def _start(self, event: Body) -> None:
        self._head.update(present(conversation_id=text(event.get("conversation_id"))))

    def _stop(self, event: Body) -> None:
        self._head["usage"] = event.get("usage")

    def _fail(self, event: Body) -> None:
        self._head["error"] = present(code=event.get("code"), message=event.get("message"))

    _EVENTS: ClassVar[Mapping[str, Callable[[ConversationFold, Body], None]]] = {
        "conversation.response.started": _start,
        "conversation.response.done": _stop,
        "conversation.response.error": _fail,
    }


class _Entry:
    """One entry in pieces: texts that follow each other are one text."""

    __slots__ = ("_head", "_kind", "_pieces")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._head: dict[str, object] = {}
        self._pieces: list[object] = []

    def add(self, event: Body) -> None:
        self._head.update(present(**{key: event.get(key) for key in _HEAD}))
        piece = event.get(_ENTRIES[self._kind])
        if piece is not None and piece != "":
            self._pieces.append(piece)

    def result(self) -> Body:
        key = _ENTRIES[self._kind]
        whole = all(isinstance(piece, str) for piece in self._pieces)
        joined = "".join(str(piece) for piece in self._pieces) if whole else self._pieces
        return {"type": self._kind, **self._head, **({key: joined} if self._pieces else {})}


def _place(item: tuple[tuple[int, str], _Entry]) -> int:
    return item[0][0]
