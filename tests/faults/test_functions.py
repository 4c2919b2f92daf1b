"""A fault in any function of the rooms that hooks are made of stays inside.

The functions are those that a run enters, found by tracing it: a new hook without a guard fails here. What a
statement of the application's own runs, such as the making of a block, may raise: it is listed below.
"""

from __future__ import annotations

import gc
from types import CodeType
from typing import Any

import pytest

from agentotel._core import guard
from tests.conventions.recorded import Recorded
from tests.faults.injected import InjectedError, all_codes, aside, in_code, place, reached
from tests.faults.scenario import Application, recording
from tests.faults.shell import LEAVING, OF_SDKS, SHELL, is_shell

BESIDE = (
    "console/",
    "wire/",
    "pricing/",
    "_core/canonical.py",
    *(f"record/{name}.py" for name in ("metrics", "bound", "exemplars", "logs", "tally", "reading", "requested")),
)
"""Rooms whose loss costs no span."""

OTHERS = "wire/spans.py"
"""Reads the spans of other libraries: without it a call may have two."""

CARRYING = ("adapters/", "capture/", "record/spans.py", "record/joint.py", "record/processor.py")
"""Rooms without which a span may be missing."""

AROUND = ("api/", *(f"record/{name}.py" for name in ("operation", "unit", "identity", "pipeline")), "_core/late.py")
"""Rooms without which a block or a tool call is not opened or not closed: then nothing of it may be recorded."""

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

SETTINGS = {
    "console": True,
    "content": True,
    "events": "both",
    "metrics": "spec",
    "prices": {"gpt-4o*": {"input": 1, "output": 2}},
}


@pytest.fixture(scope="module")
def whole(application: Application, expected: list[Any]) -> Recorded:
    with recording(application, **SETTINGS) as made:
        assert application.run() == expected
    return made


@pytest.fixture(scope="module")
def codes(application: Application, expected: list[Any]) -> list[CodeType]:
    with recording(application, **SETTINGS):
        found, log = reached(lambda: (application.run(), gc.collect())[0])  # what is freed has finalizers
    assert log == expected
    return found


def check(
    code: CodeType, application: Application, expected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[str | None, int]:
    """Run with a fault in ``code``; say what is wrong, and how many spans came out."""
    monkeypatch.setattr(guard, "_counts", {})
    with recording(application, strict=False, **SETTINGS) as made:
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
    half_made = code.co_name == "__init__" and counted > raised.times  # its finalizer had nothing to end
    if not raised.times or (counted != raised.times and not half_made):
        return f"raised {raised.times} times, counted {counted} times", len(made.spans)
    return None if clean or code.co_qualname in LEAVING else "the context leaks", len(made.spans)


def of_room(room: str, codes: list[CodeType]) -> list[CodeType]:
    found = [code for code in codes if place(code).startswith(room) and not _is_outside(code)]
    assert found, room
    return found


def _is_outside(code: CodeType) -> bool:
    name = place(code)
    return is_shell(code) or name.partition(".<locals>.<")[0] in STATEMENTS or name.startswith("api/check.py ")


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
        if problem is not None or (spans != len(whole.spans) and not place(code).startswith(OTHERS)):
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
    assert {place(code) for code in all_codes()} >= OF_SDKS


@pytest.mark.parametrize("room", AROUND)
def test_a_fault_in_opening_or_closing_costs_no_code_of_the_application(
    room: str, application: Application, expected: list[Any], codes: list[CodeType], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = {place(code): check(code, application, expected, monkeypatch)[0] for code in of_room(room, codes)}
    wrong = {name: problem for name, problem in checked.items() if problem}
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())
