"""Every block in every form: it opens around the work, ends with it, and leaves no context behind."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace

import agentotel
from agentotel._core import guard
from agentotel.testing import Captured, capture
from tests.unit.api.model import call

BLOCKS: dict[str, tuple[Callable[[], Any], str]] = {
    "session": (lambda: agentotel.session(feature="refunds"), "session refunds"),
    "turn": (lambda: agentotel.turn(input="hi"), "turn"),
    "agent": (lambda: agentotel.agent("triage"), "invoke_agent triage"),
    "step": (lambda: agentotel.step("reflection"), "reflection"),
    "planning": (lambda: agentotel.step("planning"), "plan"),
    "tool": (lambda: agentotel.tool(name="look"), "execute_tool look"),
}
MANAGED = {
    **{name: made for name, made in BLOCKS.items() if name != "tool"},
    "tool_call": (lambda: agentotel.tool_call("look"), "execute_tool look"),
}

Work = Callable[[], None]


@pytest.fixture
def work(tracer: trace.Tracer) -> Work:
    return lambda: tracer.start_span("work").end()


def assert_around(captured: Captured, name: str, times: int = 1) -> None:
    works = [span for span in captured.spans if span.name == "work"]
    assert len(works) == times
    assert {one.parent.name if one.parent else None for one in works} == {name}
    assert len([span for span in captured.spans if span.name == name]) == times


@pytest.mark.parametrize("block", MANAGED)
def test_with(captured: Captured, work: Work, block: str) -> None:
    make, name = MANAGED[block]
    before = otel_context.get_current()
    with make():
        work()
    assert otel_context.get_current() is before
    assert_around(captured, name)


@pytest.mark.parametrize("block", MANAGED)
async def test_async_with(captured: Captured, work: Work, block: str) -> None:
    make, name = MANAGED[block]
    before = otel_context.get_current()
    async with make():
        await asyncio.sleep(0)
        work()
    assert otel_context.get_current() is before
    assert_around(captured, name)


@pytest.mark.parametrize("block", BLOCKS)
def test_function(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    @make()
    def double(number: int, *, by: int = 2) -> int:
        work()
        return number * by

    assert double(4) == 8
    assert double(4, by=3) == 12
    assert_around(captured, name, times=2)


@pytest.mark.parametrize("block", BLOCKS)
async def test_coroutine_function(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    @make()
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        work()
        return number * 2

    assert inspect.iscoroutinefunction(double)
    before = otel_context.get_current()
    assert await double(4) == 8
    assert otel_context.get_current() is before
    assert_around(captured, name)


@pytest.mark.parametrize("block", BLOCKS)
def test_generator_function(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    @make()
    def count(to: int) -> Iterator[int]:
        yield from range(to)
        work()

    assert inspect.isgeneratorfunction(count)
    assert list(count(3)) == [0, 1, 2]
    assert_around(captured, name)


@pytest.mark.parametrize("block", BLOCKS)
async def test_async_generator_function(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    @make()
    async def count(to: int) -> AsyncIterator[int]:
        for number in range(to):
            await asyncio.sleep(0)
            yield number
        work()

    assert inspect.isasyncgenfunction(count)
    before = otel_context.get_current()
    assert [number async for number in count(3)] == [0, 1, 2]
    assert otel_context.get_current() is before
    assert_around(captured, name)


@pytest.mark.parametrize("block", BLOCKS)
def test_methods(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    class Desk:
        factor = 2

        @make()
        def method(self, number: int) -> int:
            work()
            return number * self.factor

        @classmethod
        @make()
        def of_class(cls, number: int) -> int:
            work()
            return number * cls.factor

        @make()
        @classmethod
        def of_class_outside(cls, number: int) -> int:
            work()
            return number * cls.factor

        @staticmethod
        @make()
        def static(number: int) -> int:
            work()
            return number * 2

        @make()
        @staticmethod
        def static_outside(number: int) -> int:
            work()
            return number * 2

    desk = Desk()
    calls = [desk.method, Desk.of_class, desk.of_class_outside, Desk.static, desk.static_outside]
    assert [call(4) for call in calls] == [8] * 5
    assert_around(captured, name, times=5)


@pytest.mark.parametrize("block", BLOCKS)
async def test_plain_function_that_gives_a_coroutine(captured: Captured, work: Work, block: str) -> None:
    make, name = BLOCKS[block]

    async def double(number: int) -> int:
        await asyncio.sleep(0)
        work()
        return number * 2

    @make()
    @functools.wraps(double)
    def wrapped(number: int) -> Coroutine[Any, Any, int]:
        return double(number)

    before = otel_context.get_current()
    assert await wrapped(4) == 8
    assert otel_context.get_current() is before
    assert_around(captured, name)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_exception_comes_out_as_it_is(captured: Captured, block: str) -> None:
    make, name = BLOCKS[block]
    raised = LookupError("no such order")

    @make()
    def fail() -> None:
        raise raised

    with pytest.raises(LookupError) as caught:
        fail()
    assert caught.value is raised
    assert vars(raised) == {}
    (span,) = captured.spans
    assert (span.name, span.status, span.error_type) == (name, "ERROR", "LookupError")
    assert span.status_description is None


@pytest.mark.parametrize("block", BLOCKS)
def test_metadata_of_the_function_stays(block: str) -> None:
    make, _name = BLOCKS[block]

    def look(order: str, /, *, fast: bool = True) -> dict[str, str]:
        """Look an order up."""
        return {"order": order, "fast": str(fast)}

    wrapped = make()(look)
    assert wrapped.__name__ == "look"
    assert wrapped.__qualname__ == look.__qualname__
    assert wrapped.__module__ == __name__
    assert wrapped.__doc__ == "Look an order up."
    assert wrapped.__wrapped__ is look
    assert inspect.signature(wrapped) == inspect.signature(look)
    assert wrapped.__annotations__ == look.__annotations__


@pytest.mark.parametrize("block", BLOCKS)
def test_recursion(captured: Captured, block: str) -> None:
    make, name = BLOCKS[block]

    @make()
    def down(number: int) -> int:
        return 0 if number == 0 else 1 + down(number - 1)

    assert down(3) == 3
    named = [span for span in captured.spans if span.name.startswith(name)]
    assert len(named) == 4
    assert [span.parent for span in named] == [None, *named[:3]]


def test_a_prompt_names_what_its_calls_use(captured: Captured) -> None:
    from tests.unit.api.model import call

    @agentotel.prompt("triage-system", "3")
    def decorated() -> None:
        call()

    @agentotel.prompt("streamed", "1")
    def generated() -> Iterator[int]:
        yield 1
        call()

    with agentotel.prompt("refunds-system") as prompt:
        call()
        assert (prompt.name, prompt.version) == ("refunds-system", None)
        decorated()
        call()
    list(generated())
    call()
    assert [(one.prompt, one.prompt_version) for one in captured.model_calls] == [
        ("refunds-system", None),
        ("triage-system", "3"),
        ("refunds-system", None),
        ("streamed", "1"),
        (None, None),
    ]


def test_a_handle_after_its_block(captured: Captured) -> None:
    with agentotel.session(feature="refunds") as session, agentotel.turn() as turn, agentotel.agent("triage") as run:
        assert session.stop_reason is None
        session.result = "success"
        run.event("cache_miss", key="k")
        turn.output({"text": "Monday"})
        run.stop("handoff", "to a colleague")
        assert "stop_reason=handoff" in repr(run)
    assert session.result is agentotel.Result.SUCCESS
    assert (run.stop_reason, run.stop_detail, run.name) == (agentotel.StopReason.HANDOFF, "to a colleague", "triage")
    assert (turn.stop_reason, turn.index, turn.answer) == ("completed", 1, {"text": "Monday"})
    assert repr(session) == f"<agentotel session {session.id} stop_reason=completed>"
    assert [event.kind for event in run.events] == ["cache_miss"]
    assert isinstance(run.events[0], agentotel.Event)
    assert session.totals == agentotel.Totals()
    assert captured.sessions[0].result == "success"
    assert "agentotel.result" not in captured.turns[0].attributes


def test_what_comes_after_the_end_is_left_out(captured: Captured, warnings: Callable[[], list[str]]) -> None:
    with agentotel.session() as session:
        pass
    session.result = "success"
    session.stop("denied")
    assert (session.result, session.stop_reason) == (None, "completed")
    assert len(warnings()) == 2
    assert "set it inside the block" in warnings()[0]
    assert captured.sessions[0].result is None


def test_closing_ends_a_block_once(captured: Captured) -> None:
    with agentotel.turn() as turn:
        turn._close(None)
    turn._close(ValueError())
    assert [(one.status, one.stop_reason) for one in captured.turns] == [("UNSET", "completed")]


def test_events_of_a_handle_are_bounded() -> None:
    with agentotel.turn() as turn:
        for number in range(1100):
            turn.event("tick", number=number)
    assert len(turn.events) == 1000


def test_content_of_a_turn_only_where_asked_for() -> None:
    def converse() -> None:
        with agentotel.session(), agentotel.turn(input="Where?") as turn:
            turn.output({"at": "the door"})

    with agentotel.testing.capture() as off:
        converse()
    with agentotel.testing.capture(content=True) as on:
        converse()
    assert (off.turns[0].input, off.turns[0].output) == (None, None)
    assert on.turns[0].input == [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]
    assert on.turns[0].output == [{"role": "assistant", "parts": [{"type": "text", "content": '{"at":"the door"}'}]}]


def test_content_that_cannot_be_written_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    around: dict[str, object] = {}
    around["itself"] = around
    with agentotel.testing.capture(content=True) as captured:
        monkeypatch.setattr(guard, "_counts", {})
        monkeypatch.setattr(guard, "on_error", guard.report)
        with agentotel.turn(input=around) as turn:
            turn.output(around)
    assert len(captured.turns) == 1


def test_the_prompt_of_an_agent_is_not_that_of_its_sub_agent(captured: Captured) -> None:
    with agentotel.agent("triage"), agentotel.prompt("triage-system", "3"):
        call()
        with agentotel.agent("refunds"):
            call()
    assert [one.attributes.get("gen_ai.prompt.name") for one in captured.model_calls] == ["triage-system", None]


def test_a_run_has_an_answer() -> None:
    with agentotel.agent("triage") as run:
        run.output("On Monday.")
    assert run.answer == "On Monday."


def test_an_answer_is_recorded_where_content_is() -> None:
    with capture(content=True) as found, agentotel.agent("triage") as run:
        run.output("On Monday.")
    assert "On Monday." in str(found.runs[0].attributes["gen_ai.output.messages"])
