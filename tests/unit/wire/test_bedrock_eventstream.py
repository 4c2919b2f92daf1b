from __future__ import annotations

import struct

import pytest

from agentotel.wire.bedrock_eventstream import EventStreamDecoder, Message
from tests.fakes.event_stream import frame

FRAMES = frame("messageStart", {"role": "assistant"}) + frame("slow", {"message": "é"}, exception=True)
READ = [
    Message(
        {":event-type": "messageStart", ":message-type": "event", ":content-type": "application/json"},
        b'{"role": "assistant"}',
    ),
    Message(
        {":exception-type": "slow", ":message-type": "exception", ":content-type": "application/json"},
        b'{"message": "\\u00e9"}',
    ),
]


def _framed(headers: bytes, payload: bytes = b"{}") -> bytes:
    return struct.pack(">III", 16 + len(headers) + len(payload), len(headers), 0) + headers + payload + bytes(4)


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_messages_cut_anywhere(size: int) -> None:
    decoder = EventStreamDecoder()
    pieces = [FRAMES[at : at + size] for at in range(0, len(FRAMES), size)]
    assert [message for piece in pieces for message in decoder.feed(piece)] == READ
    assert decoder.rest() == []


def test_headers_of_every_type() -> None:
    headers = b"\1a\0" + b"\1b\2x" + b"\1c\6\0\3xyz" + b"\1d\x08" + bytes(8) + b"\1e\7\0\1v"
    assert EventStreamDecoder().feed(_framed(headers)) == [Message({"e": "v"}, b"{}")]


@pytest.mark.parametrize("headers", [b"\5a", b"\1a", b"\1a\7\0\x09v", b"\1a\x63"])
def test_headers_that_are_cut(headers: bytes) -> None:
    (message,) = EventStreamDecoder().feed(_framed(headers))
    assert isinstance(message, Message)
    assert message.payload == b"{}"


@pytest.mark.parametrize("sent", [bytes(20), struct.pack(">III", 100, 200, 0), b"not an event stream at all"])
def test_what_is_no_message_ends_the_reading(sent: bytes) -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(sent) == []
    assert decoder.feed(FRAMES) == []


def test_a_message_beyond_the_limit() -> None:
    assert EventStreamDecoder(max_message_bytes=30).feed(FRAMES) == []
