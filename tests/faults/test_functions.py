"""A fault in any function of the rooms that hooks are made of stays inside.

The functions are those that a run enters, found by tracing it: a new hook without a guard fails here. In a room not
named below, code runs as part of the application's own statement, such as the making of a unit.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

import pytest

from agentotel._core import guard
from tests.conventions.recorded import Recorded, recorded
from tests.faults.injected import aside, in_code, place, reached
from tests.faults.scenario import Application

BESIDE = (
    "console/",
    "wire/",
    "pricing/",
    "_core/canonical.py",
    *(f"record/{name}.py" for name in ("metrics", "logs", "tally", "reading", "requested")),
)
"""Rooms whose loss costs no span."""

CARRYING = ("adapters/", "capture/", "record/spans.py", "record/processor.py")
"""Rooms without which a span may be missing."""

SHELL = {
    "capture/bodies.py _Async.__aiter__",
    "capture/bodies.py _Async.aclose",
    "capture/bodies.py _Sync.__iter__",
    "capture/bodies.py _Sync.close",
    "capture/bodies.py _Watched.__del__",
    "capture/bodies.py _Watched.__getattr__",
    "capture/executors.py _carrying.<locals>.carrying",
    "capture/executors.py _elsewhere",
    "capture/http.py _send",
    "capture/http.py _send_async",
    "capture/native.py AdoptingTracer.start_span",
    "capture/native.py adopting.<locals>.tracer",
    "capture/streams.py _Drop.__del__",
    "capture/streams.py _Tap.__call__",
    "capture/streams.py _items",
    "capture/streams.py _items_async",
    "capture/tracking.py Tracking.sends_with",
    "capture/tracking.py current",
    "capture/wrap.py _asynchronous.<locals>.call",
    "capture/wrap.py _synchronous.<locals>.call",
}
"""Stand around the user's call and call the guards: a few statements each, which nothing that can fail is in."""

SETTINGS = {
    "console": True,
    "content": True,
    "events": "both",
    "metrics": "spec",
    "prices": {"gpt-4o*": {"input": 1, "output": 2}},
}


@pytest.fixture(scope="module")
def whole(application: Application, expected: list[Any]) -> Recorded:
    with recorded(**SETTINGS) as made:
        assert application.run() == expected
    assert made.problems() == []
    return made


@pytest.fixture(scope="module")
def codes(application: Application, expected: list[Any]) -> list[CodeType]:
    with recorded(**SETTINGS):
        found, log = reached(application.run)
    assert log == expected
    return found


def check(
    code: CodeType, application: Application, expected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[str | None, int]:
    """Run with a fault in ``code``; say what is wrong, and how many spans came out."""
    monkeypatch.setattr(guard, "_counts", {})
    with recorded(strict=False, **SETTINGS) as made:
        try:
            with in_code(code, monkeypatch) as raised:
                log, clean = aside(application.run)
        finally:
            application.server.forget()
        counted = sum(guard.counts().values())
    if log != expected:
        return "the caller sees it", len(made.spans)
    if not raised.times or counted != raised.times:
        return f"raised {raised.times} times, counted {counted} times", len(made.spans)
    return None if clean or code.co_qualname == "Tracking.leave" else "the context leaks", len(made.spans)


def of_room(room: str, codes: list[CodeType]) -> list[CodeType]:
    found = [code for code in codes if place(code).startswith(room) and place(code) not in SHELL]
    assert found, room
    return found


@pytest.mark.parametrize("room", BESIDE)
def test_a_fault_beside_the_span_costs_neither_span_nor_call(
    room: str,
    application: Application,
    expected: list[Any],
    whole: Recorded,
    codes: list[CodeType],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = {}
    for code in of_room(room, codes):
        problem, spans = check(code, application, expected, monkeypatch)
        if problem is not None or spans != len(whole.spans):
            wrong[place(code)] = problem, spans
    assert wrong == {}


@pytest.mark.parametrize("room", CARRYING)
def test_a_fault_in_the_making_of_a_span_costs_no_call(
    room: str, application: Application, expected: list[Any], codes: list[CodeType], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = {place(code): check(code, application, expected, monkeypatch)[0] for code in of_room(room, codes)}
    assert {name: problem for name, problem in checked.items() if problem} == {}


def test_the_shell_is_no_larger_than_it_says(codes: list[CodeType]) -> None:
    assert {place(code) for code in codes} >= SHELL
