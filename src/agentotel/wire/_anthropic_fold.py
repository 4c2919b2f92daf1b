"""Reads the events of a streamed Anthropic message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.parts import parsed
from agentotel.wire.read import integer, text

_DELTAS: Mapping[object, str] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "compaction_delta": "content",
}
"""Type of a delta to the field with its text. Signatures and citations are not kept."""

_JOINED: Mapping[object, str] = {"text": "text", "thinking": "thinking", "compaction": "content"}
"""Type of a block to the field that its deltas make up; a tool call's deltas make up its ``input``."""


class MessageFold:
    """Folds the events of a message stream into the message that they make up.

    Usage is cumulative: what ``message_delta`` sends replaces what ``message_start`` sent, a null in it does not.
    Source: ``accumulate_event`` in ``anthropic/lib/streaming/_messages.py`` of anthropic 2.11.
    """

    __slots__ = ("_blocks", "_ended", "_error", "_head", "_pieces", "_usage")

    def __init__(self) -> None:
        self._head: dict[str, object] | None = None
        self._usage: dict[str, object] = {}
        self._blocks: dict[int, Body] = {}
        self._pieces: dict[int, list[str]] = {}
        self._error: object = None
        self._ended = False

    @property
    def complete(self) -> bool:
        """Whether the message ended: it stopped, or a reason to stop came."""
        return self._ended

    final = complete

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        try:
            if type(chunk) is dict:
                delta = chunk["delta"]
                piece = delta[_DELTAS[delta["type"]]]
                index = chunk["index"]
            else:
                delta = chunk.delta.__dict__  # type: ignore[attr-defined]  # an SDK object
                piece = delta[_DELTAS[delta["type"]]]
                index = chunk.index  # type: ignore[attr-defined]  # an SDK object
            if type(piece) is str:
                self._pieces[index].append(piece)
        except (AttributeError, KeyError, TypeError):
            self._add_any(fields(chunk))  # not a piece of a known block

    def result(self) -> Body | None:
        """Build the message as far as it arrived."""
        error = {} if self._error is None else {"error": self._error}
        if self._head is None and not self._blocks:
            return error or None
        content = [_block(self._blocks[index], self._pieces[index]) for index in sorted(self._blocks)]
        return {**(self._head or {}), "content": content, "usage": self._usage, **error}

    def _add_any(self, event: Body) -> None:
        read = self._EVENTS.get(text(event.get("type")))
        if read:
            read(self, event)

    def _start(self, event: Body) -> None:
        sent = dict(fields(event.get("message")))
        self._usage.update(_told(sent.pop("usage", None)))
        self._head = sent

    def _open(self, event: Body) -> None:
        index = _index(event)
        self._blocks[index] = fields(event.get("content_block"))
        self._pieces[index] = []

    def _piece(self, event: Body) -> None:
        """Take a piece of a block whose start was not seen."""
        delta = fields(event.get("delta"))
        key = _DELTAS.get(text(delta.get("type")))
        piece = text(delta.get(key)) if key else None
        if piece:
            kind = next((kind for kind, field in _JOINED.items() if field == key), "tool_use")
            self._blocks.setdefault(_index(event), {"type": kind})
            self._pieces.setdefault(_index(event), []).append(piece)

    def _update(self, event: Body) -> None:
        self._usage.update(_told(event.get("usage")))
        stopped = _told(event.get("delta"))
        self._head = {**(self._head or {}), **stopped}
        self._ended = self._ended or "stop_reason" in stopped

    def _stop(self, _: Body) -> None:
        self._ended = True

    def _fail(self, event: Body) -> None:
        self._error = event.get("error")

    _EVENTS: ClassVar[Mapping[object, Callable[[MessageFold, Body], None]]] = {
        "message_start": _start,
        "content_block_start": _open,
        "content_block_delta": _piece,
        "message_delta": _update,
        "message_stop": _stop,
        "error": _fail,
    }


def _told(sent: object) -> dict[str, object]:
    return {key: value for key, value in fields(sent).items() if value is not None}


def _index(event: Body) -> int:
    return integer(event.get("index")) or 0


def _block(block: Body, pieces: list[str]) -> Body:
    joined = "".join(pieces)
    if not joined:
        return block
    key = _JOINED.get(text(block.get("type")))
    if key:
        return {**block, key: (text(block.get(key)) or "") + joined}
    return {**block, "input": parsed(joined)}
