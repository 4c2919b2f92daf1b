"""Decorated generators behave as the bare ones, and nothing of them is current while their consumer runs."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace

import agentotel
from agentotel.testing import Captured

Deep = Generator[str, str, str]


def talk() -> Generator[str, str, str]:
    """Answer what is sent; ``stop`` ends it, an error is answered too."""
    heard = ""
    while heard != "stop":
        try:
            heard = yield f"heard {heard}"
        except KeyError as error:
            heard = f"error {error.args[0]}"
    return "bye"


def drive(generator: Generator[str, str, str]) -> list[Any]:
    said: list[Any] = [next(generator), generator.send("a"), generator.throw(KeyError("k")), generator.send("b")]
    try:
        generator.send("stop")
    except StopIteration as stop:
        said.append(stop.value)
    return said


def test_send_throw_and_return_values(captured: Captured) -> None:
    assert drive(agentotel.agent("talker")(talk)()) == drive(talk())
    assert [run.stop_reason for run in captured.runs] == ["completed"]


async def test_asend_and_athrow() -> None:
    async def bare() -> Any:
        heard = ""
        while heard != "stop":
            try:
                heard = yield f"heard {heard}"
            except KeyError as error:
                heard = f"error {error.args[0]}"

    async def driven(generator: Any) -> list[Any]:
        said = [await anext(generator), await generator.asend("a"), await generator.athrow(KeyError("k"))]
        with pytest.raises(StopAsyncIteration):
            await generator.asend("stop")
        return said

    assert await driven(agentotel.agent("talker")(bare)()) == await driven(bare())


def test_an_exception_inside(captured: Captured) -> None:
    @agentotel.agent("talker")
    def fail() -> Iterator[int]:
        yield 1
        raise LookupError

    generator = fail()
    assert next(generator) == 1
    with pytest.raises(LookupError):
        next(generator)
    with pytest.raises(StopIteration):
        next(generator)
    assert [(run.stop_reason, run.error_type) for run in captured.runs] == [("crashed", "LookupError")]


def test_an_exception_thrown_in_comes_out_as_the_same_object(captured: Captured) -> None:
    generator = agentotel.turn()(talk)()
    next(generator)
    thrown = OSError("x")
    with pytest.raises(OSError, match="x") as caught:
        generator.throw(thrown)
    assert caught.value is thrown
    assert [turn.stop_reason for turn in captured.turns] == ["crashed"]


@pytest.mark.parametrize("close", [True, False], ids=["closed", "collected"])
def test_left_early(captured: Captured, tracer: trace.Tracer, close: bool) -> None:
    cleaned = []

    @agentotel.agent("talker")
    def count() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            tracer.start_span("cleaning").end()
            cleaned.append(otel_context.get_current())

    generator = count()
    next(generator)
    before = otel_context.get_current()
    if close:
        generator.close()  # type: ignore[attr-defined]
    del generator
    gc.collect()
    assert len(cleaned) == 1
    assert otel_context.get_current() is before
    assert [run.stop_reason for run in captured.runs] == ["cancelled"]
    (cleaning,) = [span for span in captured.spans if span.name == "cleaning"]
    assert cleaning.parent == captured.runs[0]


def test_never_started(captured: Captured) -> None:
    agentotel.agent("talker")(talk)().close()
    assert captured.spans == []


def test_a_generator_that_refuses_to_close() -> None:
    @agentotel.turn()
    def stubborn() -> Iterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()  # type: ignore[attr-defined]


def test_the_consumer_is_not_inside(captured: Captured, tracer: trace.Tracer) -> None:
    @agentotel.session(feature="stream")
    def stream() -> Iterator[str]:
        with agentotel.turn():
            tracer.start_span("inner").end()
            yield "a"
            with tracer.start_as_current_span("around"):
                yield "b"
                tracer.start_span("inner").end()

    for _piece in stream():
        consumer = tracer.start_span("consumer")
        consumer.end()
    by_name = {name: [span for span in captured.spans if span.name == name] for name in ("consumer", "inner")}
    assert [(span.parent, span.session_id) for span in by_name["consumer"]] == [(None, None)] * 2
    assert [span.parent.name for span in by_name["inner"] if span.parent] == ["turn 1", "around"]
    assert {span.session_id for span in by_name["inner"]} == {captured.sessions[0].session_id}


def test_two_advanced_in_turns(captured: Captured, tracer: trace.Tracer) -> None:
    def stream(name: str) -> Iterator[None]:
        @agentotel.agent(name)
        def run() -> Iterator[None]:
            for number in range(3):
                with agentotel.step(f"{name}-{number}"):
                    yield
                    tracer.start_span(f"{name} work").end()
                    yield

        return run()

    before = otel_context.get_current()
    left, right = stream("left"), stream("right")
    for _ in range(3):
        for one in (left, right, right, left):
            next(one)
            assert otel_context.get_current() is before
    for one in (right, left):
        assert list(one) == []
    for span in captured.spans:
        if span.name.endswith(" work"):
            name = span.name.removesuffix(" work")
            assert span.parent is not None
            assert span.parent.name.startswith(name)
            assert span.parent.parent is not None
            assert span.parent.parent.name == f"invoke_agent {name}"


def test_moved_from_thread_to_thread(captured: Captured, tracer: trace.Tracer) -> None:
    @agentotel.session()
    def stream() -> Iterator[int]:
        for number in range(3):
            tracer.start_span("work").end()
            yield number

    generator = stream()
    seen: list[int] = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: seen.append(next(generator)))
        thread.start()
        thread.join()
    closing = threading.Thread(target=generator.close)  # type: ignore[attr-defined]
    closing.start()
    closing.join()
    assert seen == [0, 1, 2]
    works = [span for span in captured.spans if span.name == "work"]
    assert [span.parent for span in works] == [captured.sessions[0]] * 3
    assert captured.sessions[0].stop_reason == "cancelled"


@agentotel.session()
async def slowly(closed: list[str]) -> AsyncIterator[int]:
    try:
        for number in range(10):
            await asyncio.sleep(0)
            yield number
    finally:
        await asyncio.sleep(0)
        closed.append("closed")


async def test_closed_in_another_task(captured: Captured) -> None:
    closed: list[str] = []
    before = otel_context.get_current()
    stream = slowly(closed)
    assert await anext(stream) == 0
    assert await asyncio.create_task(anext(stream)) == 1  # type: ignore[arg-type]
    await asyncio.create_task(stream.aclose())  # type: ignore[attr-defined]
    assert otel_context.get_current() is before
    assert closed == ["closed"]
    assert [session.stop_reason for session in captured.sessions] == ["cancelled"]


async def test_cancelled_while_it_waits(captured: Captured) -> None:
    @agentotel.agent("waiter")
    async def wait() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async def consume() -> None:
        async for _ in wait():
            pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(run.stop_reason, run.status) for run in captured.runs] == [("cancelled", "UNSET")]


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "dropped"])
def test_abandoned_when_the_loop_ends(captured: Captured, keep: bool) -> None:
    """The loop closes it, once, without a complaint, and can be followed by another loop."""
    complaints: list[dict[str, Any]] = []
    closed: list[str] = []
    kept: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        stream = slowly(closed)
        assert await anext(stream) == 0
        if keep:
            kept.append(stream)
        del stream
        gc.collect()
        for _ in range(3):  # the loop needs a moment to close what was collected
            await asyncio.sleep(0)

    for times in (1, 2):
        asyncio.run(main())
        assert closed == ["closed"] * times
    assert complaints == []
    assert [session.stop_reason for session in captured.sessions] == ["cancelled"] * 2


def test_own_context_variables_are_left_alone() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")

    @agentotel.turn()
    def change() -> Iterator[str]:
        variable.set("inside")
        yield variable.get()
        yield variable.get()

    def follow(make: Callable[[], Iterator[str]]) -> list[str]:
        return [*(f"{item} {variable.get()}" for item in make())]

    decorated = contextvars.copy_context().run(follow, change)
    bare = contextvars.copy_context().run(follow, change.__wrapped__)  # type: ignore[attr-defined]
    assert decorated == bare


def test_yield_from_a_decorated_generator(captured: Captured) -> None:
    talker = agentotel.agent("inner")(talk)

    @agentotel.agent("outer")
    def outer() -> Deep:
        return (yield from talker())

    assert drive(outer()) == drive(talk())
    inner, around = sorted(captured.runs, key=lambda run: run.name)
    assert (inner.name, inner.parent) == ("invoke_agent inner", around)


def test_a_tool_left_early_is_abandoned(captured: Captured) -> None:
    @agentotel.tool
    def pages() -> Iterator[str]:
        yield "1"
        yield "2"

    for _page in pages():
        break
    gc.collect()
    (tool,) = captured.tool_calls
    assert (tool.outcome, tool.status) == ("abandoned", "UNSET")
