"""Reads the events of a streamed interaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agentotel.wire.format import Body, fields
from agentotel.wire.parts import parsed
from agentotel.wire.read import integer, items, text

_MERGED = ("arguments", "result", "is_error")


class InteractionFold:
    """Folds the events of an interaction into the interaction that they make up.

    The last event holds everything but the steps, which are put together from their pieces.
    """

    __slots__ = ("_error", "_head", "_steps", "complete")

    def __init__(self) -> None:
        self._head: dict[str, object] = {}
        self._steps: dict[int, _Step] = {}
        self._error: object = None
        self.complete = False

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        event = fields(chunk)
        read = self._EVENTS.get(event.get("event_type"))
        if read:
            read(self, event)

    def result(self) -> Body | None:
        """Build the interaction as far as it arrived."""
        error = {} if self._error is None else {"error": self._error}
        if not (self._head or self._steps):
            return error or None
        made = [step.result() for _, step in sorted(self._steps.items())]
        return {**self._head, **({"steps": made} if made else {}), **error}

    def _told(self, event: Body) -> None:
        sent = fields(event.get("interaction"))
        self._head.update({key: value for key, value in sent.items() if value is not None})

    def _end(self, event: Body) -> None:
        self._told(event)
        self.complete = True

    def _status(self, event: Body) -> None:
        self._head["status"] = event.get("status")

    def _open(self, event: Body) -> None:
        self._steps[_index(event)] = _Step(fields(event.get("step")))

    def _piece(self, event: Body) -> None:
        index = _index(event)
        if index not in self._steps:
            self._steps[index] = _Step({})
        self._steps[index].add(fields(event.get("delta")))

    def _fail(self, event: Body) -> None:
        self._error = event.get("error") or {"message": text(event.get("message"))}

    _EVENTS: ClassVar[Mapping[object, Callable[[InteractionFold, Body], None]]] = {
        "interaction.created": _told,
        "interaction.status_update": _status,
        "interaction.completed": _end,
        "step.start": _open,
        "step.delta": _piece,
        "error": _fail,
    }


class _Step:
    """One step in pieces: texts, summaries of thoughts, arguments as JSON text, or fields of the step as they are."""

    __slots__ = ("_arguments", "_content", "_sent")

    def __init__(self, sent: Body) -> None:
        self._sent = dict(sent)
        self._content: list[object] = list(items(sent.get("content")) or items(sent.get("summary")))
        self._arguments: list[str] = []

    def add(self, delta: Body) -> None:
        kind = delta.get("type")
        arguments = delta.get("arguments")
        if isinstance(arguments, str):
            self._arguments.append(arguments)
            self._sent.setdefault("type", "function_call")
        elif kind == "thought_summary":
            self._sent.setdefault("type", "thought")
            self._say(fields(delta.get("content")))
        elif any(key in delta for key in _MERGED):
            self._sent.setdefault("type", kind)
            self._sent.update({key: value for key, value in delta.items() if key != "type" and value is not None})
        elif kind not in _SILENT:
            self._sent.setdefault("type", "model_output")
            self._say(delta)

    def result(self) -> Body:
        key = "summary" if self._sent.get("type") == "thought" else "content"
        made = dict(self._sent)
        if self._content:
            made[key] = [_joined(entry) for entry in self._content]
        if self._arguments:
            made["arguments"] = parsed("".join(self._arguments))
        return made

    def _say(self, content: Body) -> None:
        """Add content; text goes on where text stood."""
        said = text(content.get("text"))
        if said is None or content.get("type") not in {"text", None}:
            self._content.append(content)
        elif self._content and isinstance(self._content[-1], list):
            self._content[-1].append(said)
        else:
            self._content.append([said])


_SILENT = frozenset({"thought_signature", "text_annotation_delta"})


def _joined(entry: object) -> object:
    return {"type": "text", "text": "".join(entry)} if isinstance(entry, list) else entry


def _index(event: Body) -> int:
    return integer(event.get("index")) or 0
