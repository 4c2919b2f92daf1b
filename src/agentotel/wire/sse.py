"""Decodes server-sent events from bytes as they pass.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import json
import re

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event larger than this is dropped."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_DONE = b"[DONE]"


class SseDecoder:
    """Turns the bytes of an event stream into the JSON values of its events.

    Bytes may be cut anywhere. What is no JSON is skipped; ``done`` tells whether OpenAI's end mark
    ``[DONE]`` came. At most one event is held.
    """

    __slots__ = ("_after_cr", "_data", "_dropping", "_limit", "_rest", "_size", "_start", "done")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.done = False
        self._limit = max_event_bytes
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._dropping = False
        self._start = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[object]:
        """Return the values of the events that end in this chunk."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if not chunk:
            return []
        seen = len(self._rest)
        self._rest += chunk
        self._after_cr = chunk.endswith(b"\r")
        found: list[object] = []
        begin = 0
        for end in _LINE_END.finditer(self._rest, seen):
            self._line(bytes(self._rest[begin : end.start()]), found)
            begin = end.end()
        del self._rest[:begin]
        if len(self._rest) > self._limit:
            self._drop()
            self._rest.clear()
        return found

    def rest(self) -> list[object]:
        """Return nothing: an event that no empty line ended does not count."""
        return []

    def _line(self, line: bytes, found: list[object]) -> None:
        if self._start:
            self._start = False
            line = line.removeprefix(_BOM)
        if not line:
            self._event(found)
        elif line.startswith(b"data:") and not self._dropping:
            value = line[5:].removeprefix(b" ")
            self._size += len(value)
            self._data.append(value)
            if self._size > self._limit:
                self._drop()

    def _event(self, found: list[object]) -> None:
        data = b"\n".join(self._data)
        self._data, self._size, self._dropping = [], 0, False
        if data.strip() == _DONE:
            self.done = True
        elif data:
            try:
                found.append(json.loads(data))
            except (ValueError, RecursionError):
                return

    def _drop(self) -> None:
        """Forget the event at hand and let pass what is still to come of it."""
        self._data, self._size, self._dropping = [], 0, True
