"""Reads the messages of an AWS event stream as a whole, once somebody asks, since each of them is a JSON text."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentotel.wire.format import Body, Fold, fields
from agentotel.wire.read import text

Events = Callable[[str, Body], object]
"""Makes the event that a fold reads from the type and the payload of a message."""


def named(kind: str, payload: Body) -> object:
    """Give an event as botocore does: its type with what it holds."""
    return {kind: payload}


def unpacked(kind: str, payload: Body) -> object:
    """Give the JSON text that a message of ``InvokeModelWithResponseStream`` carries."""
    sent = payload.get("bytes")
    if kind != "chunk" or not isinstance(sent, str | bytes):
        return {kind: payload}
    return json.loads(b64decode(sent) if isinstance(sent, str) else sent)


class EventStreamFold:
    """Keeps the payloads of messages, which are bytes, and feeds them to the fold of a format when it is asked.

    A message is an ``EventStreamMessage`` of botocore, or the mapping that botocore makes of one.
    Source: ``EventStreamMessage.to_response_dict`` of botocore 1.44.
    """

    __slots__ = ("_arrived", "_event", "_fold")

    def __init__(self, fold: Fold, event: Events = named) -> None:
        self._fold = fold
        self._event = event
        self._arrived: list[tuple[Mapping[str, Any], Any]] = []

    @property
    def complete(self) -> bool | None:
        """Whether the end of the stream was seen; None where nothing marks it."""
        return self._read().complete

    def add(self, chunk: object) -> None:
        """Keep one message."""
        if type(chunk) is dict:
            self._arrived.extend(({":event-type": kind}, payload) for kind, payload in chunk.items())
        else:
            self._arrived.append((chunk.headers, chunk.payload))  # type: ignore[attr-defined]  # of botocore

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        return self._read().result()

    def _read(self) -> Fold:
        arrived, self._arrived = self._arrived, []
        for event in self._events(arrived):
            self._fold.add(event)
        return self._fold

    def _events(self, arrived: list[tuple[Mapping[str, Any], Any]]) -> Iterator[object]:
        for headers, payload in arrived:
            kind = text(headers.get(":event-type"))
            try:
                sent = fields(json.loads(payload) if isinstance(payload, bytes) else payload)
                yield _failure(headers, sent) if kind is None else self._event(kind, sent)
            except ValueError:
                continue  # no JSON, and nothing to read for a format of JSON


def _failure(headers: Mapping[str, Any], payload: Body) -> object:
    """Read a message that is no event: an exception of the model, or an error of the service."""
    code = text(headers.get(":exception-type")) or text(headers.get(":error-code"))
    return {"error": {"code": code, "message": payload.get("message") or headers.get(":error-message")}}
