"""Reads the events of a streamed conversation of Mistral's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.read import integer, items, present, text

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
        return {"type": self._kind, **self._head, **present(**{_ENTRIES[self._kind]: _joined(self._pieces)})}


def _joined(pieces: list[object]) -> object:
    """Join pieces of one text, or of several parts of a content; None where there is none."""
    runs: list[tuple[str | None, list[object]]] = []
    for piece in pieces:
        kind, said = _said(piece)
        if kind and runs and runs[-1][0] == kind:
            runs[-1][1].append(said)
        else:
            runs.append((kind, [said]))
    if [kind for kind, _ in runs] == ["text"]:
        return "".join(map(str, runs[0][1]))
    return [_part(kind, said) for kind, said in runs] or None


def _said(piece: object) -> tuple[str | None, object]:
    """Read the kind and the text of a piece; a piece of another kind stays what it is."""
    if isinstance(piece, str):
        return "text", piece
    sent = fields(piece)
    if sent.get("type") == "thinking":
        thoughts = (text(fields(one).get("text")) or "" for one in items(sent.get("thinking")))
        return "thinking", "".join(thoughts)
    return ("text", sent.get("text")) if sent.get("type") == "text" else (None, piece)


def _part(kind: str | None, said: list[object]) -> object:
    if kind is None:
        return said[0]
    whole = "".join(map(str, said))
    return {"type": kind, kind: whole if kind == "text" else [{"type": "text", "text": whole}]}


def _place(item: tuple[tuple[int, str], _Entry]) -> int:
    return item[0][0]
