"""Reads the messages of an AWS event stream all at once, when somebody asks, since each of them is a JSON text."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentotel.wire.format import Body, Fold, fields
from agentotel.wire.read import text

_EMPTY: Body = {}


class EventStreamFold:
    """Keeps the payloads of messages, which are bytes, and feeds them to the fold of a format when it is asked.

    A message is an ``EventStreamMessage`` of botocore, or the mapping that botocore makes of one. Where events are
    ``packed``, as those of ``InvokeModelWithResponseStream``, each carries another JSON text.
    Source: ``EventStreamMessage.to_response_dict`` of botocore 1.44.
    """

    __slots__ = ("_arrived", "_fold", "_packed")

    def __init__(self, fold: Fold, *, packed: bool = False) -> None:
        self._fold = fold
        self._packed = packed
        self._arrived: list[tuple[Mapping[str, Any], Any]] = []

    @property
    def complete(self) -> bool | None:
        """Whether the end of the stream was seen; None where nothing marks it."""
        return self._read().complete

    def add(self, chunk: object) -> None:
        """Keep one message; what is none passes by."""
        if type(chunk) is dict:
            self._arrived.extend(({":event-type": kind}, payload) for kind, payload in chunk.items())
            return
        try:
            self._arrived.append((chunk.headers, chunk.payload))  # type: ignore[attr-defined]  # of botocore
        except AttributeError:
            return

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        return self._read().result()

    def _read(self) -> Fold:
        arrived, self._arrived = self._arrived, []
        payloads = _parsed([payload for _headers, payload in arrived])
        events = [_event(headers, payload) for (headers, _), payload in zip(arrived, payloads, strict=True)]
        for event in _unpacked(events) if self._packed else events:
            self._fold.add(event)
        return self._fold


def _parsed(texts: Sequence[Any]) -> Sequence[Any]:
    """Parse JSON texts, all in one go where they are bytes and well; what is no JSON is empty."""
    if all(type(text) is bytes for text in texts):
        try:
            found: list[Any] = json.loads(b"[%b]" % b",".join(texts))
        except ValueError:
            found = []
        if len(found) == len(texts):
            return found
    return [_one(text) for text in texts]


def _one(sent: Any) -> Any:
    try:
        return json.loads(sent) if isinstance(sent, bytes) else sent
    except ValueError:
        return _EMPTY


def _event(headers: Mapping[str, Any], payload: Any) -> Body:
    """Give an event as botocore does, its type with what it holds; or what a message says that is no event."""
    kind = headers.get(":event-type")
    if kind is not None:
        return {kind: payload}
    code = text(headers.get(":exception-type")) or text(headers.get(":error-code"))
    said = fields(payload).get("message") or headers.get(":error-message")
    return {"error": {"code": code, "message": said}}


def _unpacked(events: Sequence[Body]) -> Iterable[Any]:
    """Give the JSON texts that events carry, and events that carry none as they are."""
    carried = [fields(event.get("chunk")).get("bytes") for event in events]
    texts = [b64decode(sent) if isinstance(sent, str) else sent for sent in carried]
    bodies = iter(_parsed([sent for sent in texts if isinstance(sent, bytes)]))
    return [next(bodies) if isinstance(sent, bytes) else event for sent, event in zip(texts, events, strict=True)]
