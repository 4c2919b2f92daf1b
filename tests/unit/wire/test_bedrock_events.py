from __future__ import annotations

import json
from base64 import b64encode
from types import SimpleNamespace

import pytest

from agentotel.wire._bedrock_events import EventStreamFold


class _Kept:
    """A fold that keeps its events."""

    complete = False

    def __init__(self) -> None:
        self.events: list[object] = []

    def add(self, chunk: object) -> None:
        self.events.append(chunk)

    def result(self) -> dict:
        return {"events": list(self.events)}


def _message(payload: object, **headers: str) -> SimpleNamespace:
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return SimpleNamespace(
        headers={f":{name.replace('_', '-')}": value for name, value in headers.items()}, payload=sent
    )


def _read(*chunks: object, packed: bool = False) -> list[object]:
    fold = EventStreamFold(_Kept(), packed=packed)
    for chunk in chunks:
        fold.add(chunk)
    assert not fold.complete
    body = fold.result()
    assert body == fold.result()
    return body["events"]


def test_messages_are_read_in_order() -> None:
    events = _read(_message({"a": 1}, event_type="x"), {"y": {"b": 2}}, _message({"c": 3}, event_type="z"))
    assert events == [{"x": {"a": 1}}, {"y": {"b": 2}}, {"z": {"c": 3}}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            _message({"message": "slow down"}, message_type="exception", exception_type="throttlingException"),
            {"code": "throttlingException", "message": "slow down"},
        ),
        (
            _message({}, message_type="error", error_code="500", error_message="oh"),
            {"code": "500", "message": "oh"},
        ),
    ],
)
def test_exceptions(message: SimpleNamespace, expected: dict) -> None:
    assert _read(message) == [{"error": expected}]


def test_what_is_no_json_is_empty() -> None:
    assert _read(_message(b"{", event_type="x"), _message({"a": 1}, event_type="y")) == [{"x": {}}, {"y": {"a": 1}}]
    assert _read(_message(b"1,2", event_type="x"), _message(b"", event_type="y")) == [{"x": {}}, {"y": {}}]


def test_packed_events() -> None:
    sent = b'{"generation":"Hi"}'
    events = _read(
        _message({"bytes": b64encode(sent).decode(), "p": "ab"}, event_type="chunk"),
        {"chunk": {"bytes": sent}},
        {"chunk": {}},
        {"other": {"bytes": "x"}},
        {"chunk": {"bytes": b"{"}},
        packed=True,
    )
    assert events == [{"generation": "Hi"}, {"generation": "Hi"}, {"chunk": {}}, {"other": {"bytes": "x"}}, {}]


@pytest.mark.parametrize("odd", [None, "text", 5, [], object()])
def test_what_is_no_message_passes_by(odd: object) -> None:
    assert _read(odd, {"messageStop": b"{}"}) == [{"messageStop": {}}]
