"""Reads the events of a streamed Converse answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.parts import parsed
from agentotel.wire.read import integer, text


class ConverseFold:
    """Folds the events of a stream into the answer that they make up.

    An event is a mapping of its name to what it holds: ``{"contentBlockDelta": {"delta": {"text": "Hi"}}}``.
    """

    __slots__ = ("_blocks", "_body", "_message", "_pieces", "_seen", "_texts")

    def __init__(self) -> None:
        self._body: dict[str, object] = {}
        self._message: dict[str, object] = {}
        self._blocks: dict[int, dict[str, object]] = {}
        self._pieces: dict[int, list[str]] = {}
        self._texts: dict[int, list[str]] = {}
        self._seen = False

    @property
    def complete(self) -> bool:
        """Whether a reason to stop came; the metadata after it holds the usage."""
        return "stopReason" in self._body

    def add(self, chunk: object) -> None:
        """Read one event. Nearly all are a piece of a text that has begun."""
        try:
            event = chunk["contentBlockDelta"]  # type: ignore[index]  # a mapping
            piece = event["delta"]["text"]
            if type(piece) is str:
                self._texts[event["contentBlockIndex"]].append(piece)
                return
        except (KeyError, TypeError):
            pass  # not a piece of a known text
        self._add_any(fields(chunk))

    def _add_any(self, event: Body) -> None:
        for name, value in event.items():
            read = self._EVENTS.get(name)
            if read is not None:
                self._seen = True
                read(self, fields(value))
            elif name == "error" or name.startswith("amazon-bedrock-"):
                self._body[name] = value

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        if not self._seen:
            return self._body or None
        content = [self._block(index) for index in sorted(self._blocks)]
        return {**self._body, "output": {"message": {**self._message, "content": content}}}

    def _start(self, event: Body) -> None:
        self._message["role"] = text(event.get("role")) or "assistant"

    def _open(self, event: Body) -> None:
        index = _index(event)
        self._blocks[index] = {key: dict(fields(value)) for key, value in fields(event.get("start")).items()}
        self._pieces.setdefault(index, [])

    def _piece(self, event: Body) -> None:
        index = _index(event)
        block = self._blocks.setdefault(index, {})
        pieces = self._pieces.setdefault(index, [])
        for key, value in fields(event.get("delta")).items():
            if key == "text" and isinstance(value, str):
                block.setdefault("text", "")
                pieces.append(value)
                self._texts[index] = pieces
            elif key == "toolUse":
                block.setdefault("toolUse", {})
                pieces.append(text(fields(value).get("input")) or "")
            elif key == "reasoningContent":
                block.setdefault("reasoningContent", {})
                pieces.append(text(fields(value).get("text")) or "")
            elif key == "toolResult":
                _result(block)["content"] = value
            elif key == "image":
                block["image"] = {**fields(block.get("image")), **fields(value)}

    def _block(self, index: int) -> Body:
        block = self._blocks[index]
        joined = "".join(self._pieces.get(index, ()))
        if "toolUse" in block:
            return {"toolUse": {**fields(block["toolUse"]), "input": parsed(joined) if joined else {}}}
        if "reasoningContent" in block:
            return {"reasoningContent": {"reasoningText": {"text": joined}}}
        return {**block, "text": joined} if "text" in block else block

    def _stop(self, event: Body) -> None:
        self._body.update({key: value for key, value in event.items() if key != "p"})

    def _nothing(self, _event: Body) -> None:
        """Learn nothing from an event."""

    _EVENTS: ClassVar[Mapping[str, Callable[[ConverseFold, Body], None]]] = {
        "messageStart": _start,
        "contentBlockStart": _open,
        "contentBlockDelta": _piece,
        "contentBlockStop": _nothing,
        "messageStop": _stop,
        "metadata": _stop,
    }


def _index(event: Body) -> int:
    return integer(event.get("contentBlockIndex")) or 0


def _result(block: dict[str, object]) -> dict[str, object]:
    made = dict(fields(block.get("toolResult")))
    block["toolResult"] = made
    return made
