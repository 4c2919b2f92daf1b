"""Decodes the binary framing of AWS event streams from bytes as they pass.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html, checksums aside: a reader of ours must not be stricter than
the user's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from agentotel.wire.sse import MAX_EVENT_BYTES

_PRELUDE: Final = 12
_CHECKSUM: Final = 4
_TEXT: Final = 7
_SIZES: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; those of the others stand before it."""


class Message(NamedTuple):
    """One message; of its headers those with text."""

    headers: Mapping[str, str]
    payload: bytes


class EventStreamDecoder:
    """Turns the bytes of an event stream into its messages.

    Bytes may be cut anywhere; at most one message is held. After one that is no message, or that is larger than the
    limit, nothing more is read.
    """

    __slots__ = ("_broken", "_limit", "_rest")

    def __init__(self, max_message_bytes: int = MAX_EVENT_BYTES) -> None:
        self._rest = bytearray()
        self._limit = max_message_bytes
        self._broken = False

    def feed(self, chunk: bytes) -> list[object]:
        """Return the messages that end in this chunk."""
        found: list[object] = []
        if self._broken:
            return found
        self._rest += chunk
        while len(self._rest) >= _PRELUDE:
            whole, headers = _number(self._rest, 0, 4), _number(self._rest, 4, 4)
            if not _PRELUDE + headers + _CHECKSUM <= whole <= self._limit:
                self._broken = True
                self._rest.clear()
            elif len(self._rest) < whole:
                break
            else:
                begin = _PRELUDE + headers
                named = dict(_headers(bytes(self._rest[_PRELUDE:begin])))
                found.append(Message(named, bytes(self._rest[begin : whole - _CHECKSUM])))
                del self._rest[:whole]
        return found

    def rest(self) -> list[object]:
        """Return nothing: a message that is cut is none."""
        return []


def _headers(sent: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(sent):
        begin = at + 1 + sent[at]
        name, kind = sent[at + 1 : begin], sent[begin : begin + 1]
        at = begin + 1
        size = _SIZES.get(kind[0]) if kind else None
        if size is None:
            size = _number(sent, at, 2)
            at += 2
        if kind == bytes((_TEXT,)):
            yield name.decode("utf-8", "replace"), sent[at : at + size].decode("utf-8", "replace")
        at += size


def _number(sent: bytes | bytearray, at: int, size: int) -> int:
    return int.from_bytes(sent[at : at + size], "big")
