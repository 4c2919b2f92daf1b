"""A fault in any function of the rooms that hooks are made of stays inside.

The functions are those that a run enters, found by tracing it: a new hook without a guard fails here. What a
statement of the application's own runs, such as the making of a block, may raise: it is listed below.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

import pytest

from agentotel._core import guard
from tests.conventions.recorded import Recorded, recorded
from tests.faults.injected import InjectedError, aside, in_code, place, reached
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

AROUND = ("api/", *(f"record/{name}.py" for name in ("operation", "unit", "identity", "pipeline")), "_core/late.py")
"""Rooms without which a block or a tool call is not opened or not closed: then nothing of it may be recorded."""

SHELL = {
    "api/attach.py Lane.__enter__",
    "api/attach.py Lane.__exit__",
    "api/attach.py Lane.__init__",
    "api/attach.py attach",
    "api/attach.py context_of",
    "api/attach.py leave",
    "api/decorate.py _Inside.__enter__",
    "api/decorate.py _Inside.__exit__",
    "api/decorate.py _Inside.__init__",
    "api/decorate.py _async_generator.<locals>.wrapper",
    "api/decorate.py _coroutine.<locals>.wrapper",
    "api/decorate.py _done",
    "api/decorate.py _drive",
    "api/decorate.py _generator.<locals>.wrapper",
    "api/decorate.py _plain.<locals>.wrapper",
    "api/decorate.py _unowned",
    "api/decorate.py _unowned.<locals>.first",
    "api/decorate.py close",
    "api/managed.py Managed.__aenter__",
    "api/managed.py Managed.__aexit__",
    "api/managed.py Managed.__enter__",
    "api/managed.py Managed.__exit__",
    "_core/late.py _note",
    "capture/bodies.py _Async.__aiter__",
    "capture/bodies.py _Async.aclose",
    "capture/bodies.py _Reads.__del__",
    "capture/bodies.py _Reads.close",
    "capture/bodies.py _Reads.read_chunked",
    "capture/bodies.py _Reads.reading",
    "capture/bodies.py _Sync.__iter__",
    "capture/bodies.py _Sync.close",
    "capture/bodies.py _Watched.__del__",
    "capture/bodies.py _Watched.__getattr__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__aiter__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.__del__",
    "capture/bodies.py _reader_class.<locals>.WatchedReader.set_exception",
    "capture/bodies.py _reading.<locals>.read",
    "capture/executors.py _carrying.<locals>.carrying",
    "capture/http.py _attempts.<locals>.send",
    "capture/http.py _attempts_async.<locals>.send",
    "capture/http.py both.<locals>.call",
    "capture/http.py both.<locals>.call.<locals>.<lambda>",
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

STATEMENTS = {
    "api/calls.py Tool.result",
    "api/decorate.py _async_generator",
    "api/decorate.py _coroutine",
    "api/decorate.py _generator",
    "api/decorate.py _plain",
    "api/decorate.py decorate",
    "api/events.py decision",
    "api/events.py event",
    "api/managed.py Managed.__init__",
    "api/parts.py AgentBlock.__init__",
    "api/parts.py Answering.output",
    "api/parts.py PromptBlock.__init__",
    "api/parts.py StepBlock.__init__",
    "api/parts.py TurnBlock.__init__",
    "api/session.py SessionBlock.__init__",
    "api/tool.py ToolCallBlock.__init__",
    "api/tool.py _described",
    "api/tool.py _parameters",
    "api/tool.py _reader",
    "api/tool.py _spec",
    "api/tool.py tool",
    "api/tool.py tool.<locals>.opening",
    "api/tool.py tool.<locals>.wrap",
    "api/tool.py tool_call",
}
"""What a statement of the application's own runs, beside ``api/check.py``: making a block, decorating, an event."""

LEAVING = {"Attachment.leave", "Managed._left", "Managed._mine", "Tracking.leave", "_of", "entered"}
"""Their one job is to give the context back, or to find the one that is to be given back."""

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
        except InjectedError:
            return "it ends the application", len(made.spans)
        finally:
            application.server.forget()
        counted = sum(guard.counts().values())
    if log != expected:
        return "the caller sees it", len(made.spans)
    if not raised.times or counted != raised.times:
        return f"raised {raised.times} times, counted {counted} times", len(made.spans)
    return None if clean or code.co_qualname in LEAVING else "the context leaks", len(made.spans)


def of_room(room: str, codes: list[CodeType]) -> list[CodeType]:
    found = [code for code in codes if place(code).startswith(room) and not _is_outside(place(code))]
    assert found, room
    return found


def _is_outside(name: str) -> bool:
    function, _, _ = name.partition(".<locals>.<")
    return function in SHELL or function in STATEMENTS or name.startswith("api/check.py ")


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
    wrong = {name: problem for name, problem in checked.items() if problem}
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())


def test_the_shell_is_no_larger_than_it_says(codes: list[CodeType]) -> None:
    assert {place(code) for code in codes} >= SHELL


@pytest.mark.parametrize("room", AROUND)
def test_a_fault_in_opening_or_closing_costs_no_code_of_the_application(
    room: str, application: Application, expected: list[Any], codes: list[CodeType], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = {place(code): check(code, application, expected, monkeypatch)[0] for code in of_room(room, codes)}
    wrong = {name: problem for name, problem in checked.items() if problem}
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())
