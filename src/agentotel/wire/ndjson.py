"""Decodes JSON values that stand one on a line from bytes as they pass.

Source: https://github.com/ndjson/ndjson-spec
"""

from __future__ import annotations

import json

from agentotel.wire.sse import MAX_EVENT_BYTES


class NdjsonDecoder:
    """Turns the bytes of lines into the JSON values on them.

    Bytes may be cut anywhere, and the last line needs no end: ``rest`` gives its value. What is no JSON is
    skipped. At most one line is held.
    """

    __slots__ = ("_dropping", "_limit", "_rest")

    def __init__(self, max_line_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_line_bytes
        self._rest = bytearray()
        self._dropping = False

    def feed(self, chunk: bytes) -> list[object]:
        """Return the values of the lines that end in this chunk."""
        found: list[object] = []
        *ended, open_ = chunk.split(b"\n")
        for line in ended:
            self._take(line)
            found += self.rest()
        self._take(open_)
        return found

    def rest(self) -> list[object]:
        """Return the value of the line at hand, as if it ended here; none or one."""
        line = bytes(self._rest)
        self._rest.clear()
        dropped, self._dropping = self._dropping, False
        if dropped or not line.strip():
            return []
        try:
            return [json.loads(line)]
        except (ValueError, RecursionError):
            return []

    def _take(self, piece: bytes) -> None:
        if not self._dropping:
            self._rest += piece
            if len(self._rest) > self._limit:
                self._rest.clear()
                self._dropping = True
