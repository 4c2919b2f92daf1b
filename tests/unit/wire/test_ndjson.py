from __future__ import annotations

import json

import pytest

from agentotel.wire.ndjson import NdjsonDecoder

VALUES = [{"a": "é\u2028"}, {"b": [1, None]}, "text", 3]
BYTES = b"\n".join(json.dumps(value, ensure_ascii=False).encode() for value in VALUES)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["lf", "crlf", "open"])
def test_bytes_cut_anywhere(size: int, end: bytes) -> None:
    sent = BYTES.replace(b"\n", end or b"\n") + end
    decoder = NdjsonDecoder()
    found = [value for at in range(0, len(sent), size) for value in decoder.feed(sent[at : at + size])]
    assert found + decoder.rest() == VALUES
    assert decoder.rest() == []


def test_what_is_no_json_is_skipped() -> None:
    decoder = NdjsonDecoder()
    assert decoder.feed(b'{"a": 1}\n\n  \nnot json\n\xff\n{"b": 2}\n') == [{"a": 1}, {"b": 2}]
    assert decoder.feed(b"[" * 100_000 + b"\n") == []


def test_a_line_that_is_too_long_is_dropped_and_the_next_is_read() -> None:
    decoder = NdjsonDecoder(max_line_bytes=10)
    assert decoder.feed(b'{"a": "0123456789"') == []
    assert decoder.feed(b"}") == []
    assert decoder.feed(b'\n{"b": 2}\n') == [{"b": 2}]
