"""Blocks over threads, executors, tasks, and ends out of order."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace

import agentotel
from agentotel.testing import Captured
from tests.unit.api.model import call


@agentotel.tool
def look(order: int) -> int:
    return order


def assert_inside(captured: Captured, times: int) -> None:
    """Every call of the tool is inside the run, and counted."""
    (run,) = captured.runs
    assert [tool.parent for tool in captured.tool_calls] == [run] * times
    assert {tool.session_id for tool in captured.tool_calls} == {captured.sessions[0].session_id}
    assert captured.sessions[0].totals.tool_calls == times


def test_submit_and_map(captured: Captured) -> None:
    with (
        ThreadPoolExecutor(2) as pool,
        agentotel.session(),
        agentotel.agent("triage"),
    ):
        assert pool.submit(look, order=1).result() == 1
        assert list(pool.map(look, range(4))) == [0, 1, 2, 3]
    assert_inside(captured, 5)


def test_a_worker_keeps_nothing_of_what_it_ran() -> None:
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(otel_context.get_current).result()
        with agentotel.session():
            pool.submit(look, 1).result()
        after = pool.submit(otel_context.get_current).result()
    assert after == before == {}


def test_what_is_submitted_outside_is_not_touched() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: sys._getframe(1).f_code.co_name).result() == "run"
        with agentotel.turn():
            assert pool.submit(lambda: sys._getframe(1).f_code.co_name).result() == "_carried"
        with pytest.raises(TypeError, match="submit"):
            pool.submit()  # type: ignore[call-arg]


def test_a_pool_of_another_interpreter_is_left_alone() -> None:
    class Pool(ThreadPoolExecutor):
        pass

    Pool.__module__ = "concurrent.futures.interpreter"
    with Pool(1) as pool, agentotel.turn():
        assert pool.submit(lambda: sys._getframe(1).f_code.co_name).result() == "run"


def test_the_wrapper_goes_on_and_off() -> None:
    from agentotel.capture import executors

    bare = ThreadPoolExecutor.__dict__["submit"].__wrapped__
    executors.install()
    assert ThreadPoolExecutor.__dict__["submit"].__wrapped__ is bare
    executors.remove()
    assert ThreadPoolExecutor.__dict__["submit"] is bare
    executors.remove()
    executors.install()
    ours = ThreadPoolExecutor.__dict__["submit"]

    def theirs(pool: ThreadPoolExecutor, /, *args: object, **kwargs: object) -> object:
        return ours.__get__(pool)(*args, **kwargs)

    ThreadPoolExecutor.submit = theirs  # type: ignore[method-assign, assignment]
    try:
        executors.remove()
        assert ThreadPoolExecutor.__dict__["submit"] is theirs
    finally:
        ThreadPoolExecutor.submit = ours  # type: ignore[method-assign]


async def test_to_thread_and_run_in_executor(captured: Captured) -> None:
    with agentotel.session(), agentotel.agent("triage"):
        assert await asyncio.to_thread(look, 1) == 1
        assert await asyncio.get_running_loop().run_in_executor(None, look, 2) == 2
        with ThreadPoolExecutor(1) as pool:
            assert await asyncio.get_running_loop().run_in_executor(pool, look, 3) == 3
    assert_inside(captured, 3)


async def test_tasks_gather_and_groups(captured: Captured) -> None:
    @agentotel.tool
    async def fetch(order: int) -> int:
        await asyncio.sleep(0)
        return order

    with agentotel.session(), agentotel.agent("triage"):
        assert await asyncio.create_task(fetch(1)) == 1  # type: ignore[arg-type]
        assert await asyncio.gather(*map(fetch, range(3))) == [0, 1, 2]
        async with asyncio.TaskGroup() as group:
            for order in range(3):
                group.create_task(fetch(order))  # type: ignore[arg-type]
    assert_inside(captured, 7)


def test_a_bare_thread_inherits_nothing(captured: Captured) -> None:
    """As Python and OpenTelemetry have it: a context goes to a thread only where somebody carries it."""
    with agentotel.session() as session:
        bare = threading.Thread(target=look, args=(1,))

        def carried() -> None:
            token = otel_context.attach(session.context)
            look(2)
            otel_context.detach(token)

        other = threading.Thread(target=carried)
        for thread in (bare, other):
            thread.start()
            thread.join()
    assert sorted(tool.session_id or "" for tool in captured.tool_calls) == ["", session.id]


def test_one_block_object_in_many_threads(captured: Captured) -> None:
    block = agentotel.agent("shared")
    barrier = threading.Barrier(8)
    wrong: list[object] = []

    def work(number: int) -> None:
        before = otel_context.get_current()
        for _ in range(20):
            barrier.wait()
            with block as run:
                run.stop("handoff", str(number))
                with agentotel.tool_call(f"t{number}"):
                    pass
            if run.stop_detail != str(number) or otel_context.get_current() is not before:
                wrong.append(run)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(captured.runs) == 160
    for run in captured.runs:
        (tool,) = run.children
        assert tool.name == f"execute_tool t{run.stop_detail}"
    assert block._entered == {}


async def test_one_block_object_in_many_tasks(captured: Captured) -> None:
    block = agentotel.turn()
    decorated = agentotel.step("shared")

    @decorated
    async def inner(number: int) -> None:
        await asyncio.sleep(0)
        look(number)

    async def work(number: int) -> int | None:
        async with block as turn:
            await asyncio.sleep(0)
            await inner(number)
            await asyncio.sleep(0)
            return turn.index

    before = otel_context.get_current()
    with agentotel.session() as session:
        indexes = await asyncio.gather(*[work(number) for number in range(50)])
    assert otel_context.get_current() is before
    assert sorted(index or 0 for index in indexes) == list(range(1, 51))
    assert [turn.totals.tool_calls for turn in captured.turns] == [1] * 50
    assert session.totals.tool_calls == 50


def test_one_block_object_inside_itself(captured: Captured) -> None:
    block = agentotel.step("again")
    with block as outer, block as inner, block as innermost:
        assert len({outer.id, inner.id, innermost.id}) == 3
    assert [one.parent for one in captured.steps] == [None, *captured.steps[:2]]


def test_a_block_left_in_another_thread(captured: Captured) -> None:
    """It ends there. Where it was entered its context stays, as with every context variable of Python."""
    block = agentotel.turn()
    entered = contextvars.copy_context()
    turn = entered.run(block.__enter__)
    seen: list[bool] = []

    def leave() -> None:
        before = otel_context.get_current()
        block.__exit__(None, None, None)
        seen.append(otel_context.get_current() is before)

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert seen == [True]
    assert turn.stop_reason == "completed"
    assert len(captured.turns) == 1
    entered.run(look, 1)
    assert captured.tool_calls[0].parent == captured.turns[0]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_blocks_that_end_out_of_order(captured: Captured, order: tuple[int, ...]) -> None:
    before = otel_context.get_current()
    blocks = [agentotel.session(feature="a"), agentotel.turn(), agentotel.step("s")]
    for block in blocks:
        block.__enter__()
    for place in order:
        blocks[place].__exit__(None, None, None)
    assert otel_context.get_current() is before
    assert len(captured.spans) == 3


def test_a_context_that_somebody_left_attached_goes_with_the_block(tracer: trace.Tracer) -> None:
    before = otel_context.get_current()
    with agentotel.session():
        otel_context.attach(trace.set_span_in_context(tracer.start_span("never detached")))
    assert otel_context.get_current() is before


async def test_a_task_that_outlives_its_session_stays_in_it(captured: Captured) -> None:
    go = asyncio.Event()

    async def later() -> None:
        await go.wait()
        look(1)

    with agentotel.session() as session:
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    go.set()
    await task
    assert captured.tool_calls[0].session_id == session.id


def test_totals_over_threads() -> None:
    def work(number: int) -> None:
        with agentotel.agent("worker"):
            call(usage={"prompt_tokens": 2, "completion_tokens": 1})
            look(number)

    with (
        agentotel.session() as session,
        agentotel.turn() as turn,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(work, range(200)))
    for totals in (session.totals, turn.totals):
        assert (totals.llm_calls, totals.tool_calls) == (200, 200)
        assert (totals.input_tokens, totals.output_tokens) == (400, 200)


def test_a_used_up_block_frees_what_it_held() -> None:
    """Nothing of an ended block waits for the garbage collector's cycles."""
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        seen: list[Callable[[], object]] = []
        with agentotel.turn() as turn:
            seen.append(weakref.ref(turn))
            seen.append(weakref.ref(turn._operation.span))
        del turn
        assert seen[0]() is None
    finally:
        gc.enable()
