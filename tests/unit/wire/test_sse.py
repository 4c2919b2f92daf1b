from __future__ import annotations

import itertools

import pytest

from agentotel.wire.sse import SseDecoder

STREAM = 'event: a\ndata: {"x": "é"}\n\n: note\nid: 1\n\ndata: {"y":\ndata: 2}\n\ndata:[3]\n\ndata: [DONE]\n\n'
VALUES = [{"x": "é"}, {"y": 2}, [3]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_any_line_end_and_any_cut(line_end: str, size: int) -> None:
    decoder = SseDecoder()
    sent = STREAM.replace("\n", line_end).encode()
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [value for piece in pieces for value in decoder.feed(piece)] == VALUES
    assert decoder.done


def test_every_pair_of_cuts_of_a_short_stream() -> None:
    sent = 'data: "é"\r\n\r\ndata: 2\r\rdata: 3\n\n'.encode()
    for first, second in itertools.combinations(range(len(sent) + 1), 2):
        decoder = SseDecoder()
        pieces = (sent[:first], sent[first:second], sent[second:])
        assert [value for piece in pieces for value in decoder.feed(piece)] == ["é", 2, 3]
    assert not decoder.done


def test_bad_json_is_skipped() -> None:
    nested = b"[" * 100_000
    sent = b'data: {"a"\n\ndata: \xff\n\ndata: ' + nested + b"\n\ndata: 1\n\n"
    assert SseDecoder().feed(sent) == [1]


def test_an_event_without_its_empty_line_is_not_given() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: 1\n") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == [1]


def test_byte_order_mark_is_skipped() -> None:
    assert SseDecoder().feed(b"\xef\xbb\xbfdata: 1\n\n") == [1]


def test_a_line_beyond_the_limit_is_dropped() -> None:
    decoder = SseDecoder(max_event_bytes=10)
    assert decoder.feed(b'data: "' + b"a" * 20) == []
    assert decoder.feed(b"b" * 20) == []
    assert decoder.feed(b'"\ndata: 1\n\ndata: 2\n\n') == [2]


def test_an_event_beyond_the_limit_is_dropped() -> None:
    decoder = SseDecoder(max_event_bytes=10)
    assert decoder.feed(b"data: [111,\ndata: 222222]\ndata: 3\n\ndata: 4\n\n") == [4]
