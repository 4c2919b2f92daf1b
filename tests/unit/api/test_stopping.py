"""Why runs, turns and sessions stopped, and what they add up to."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

import agentotel
from agentotel.capture.tracking import Tracking
from agentotel.capture.wrap import failed
from agentotel.record import unit as units
from agentotel.testing import Captured
from tests.fakes.calls import calling
from tests.unit.api.model import Asked, call, fail


class RateLimitError(Exception):
    status_code = 429


class ServerError(Exception):
    status_code = 500


class OverflowedError(Exception):
    status_code = 400
    code = "context_length_exceeded"


class FilteredError(Exception):
    code = "content_filter"


class AppError(Exception):
    """What an application makes of an error."""


@agentotel.tool
def broken() -> NoReturn:
    raise LookupError("no such order")


@agentotel.tool
def slow() -> NoReturn:
    raise TimeoutError


def crash() -> NoReturn:
    raise AppError


def wrapped(work: Callable[[], Any]) -> Callable[[], NoReturn]:
    def run() -> NoReturn:
        try:
            work()
        except Exception as error:
            raise AppError from error
        raise AssertionError

    return run


def hidden(work: Callable[[], Any]) -> Callable[[], NoReturn]:
    def run() -> NoReturn:
        try:
            work()
        except Exception:  # noqa: BLE001 - what the application does
            raise AppError from None
        raise AssertionError

    return run


def grouped(work: Callable[[], Any]) -> Callable[[], NoReturn]:
    def run() -> NoReturn:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - what the application does
            message = "a group"
            raise ExceptionGroup(message, [ValueError(), error]) from None
        raise AssertionError

    return run


def after(work: Callable[[], Any], last: Callable[[], Any]) -> Callable[[], Any]:
    """Do something that fails, get over it, and do something else."""

    def run() -> Any:
        with contextlib.suppress(Exception):
            work()
        return last()

    return run


def sub_agent(work: Callable[[], Any]) -> Callable[[], Any]:
    @agentotel.agent("sub")
    def sub() -> Any:
        return work()

    return sub


def as_tool(work: Callable[[], Any]) -> Callable[[], Any]:
    @agentotel.tool
    def delegate() -> Any:
        return work()

    return delegate


def pooled(work: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    return run


def rate_limited() -> NoReturn:
    fail(RateLimitError())


def interrupted() -> NoReturn:
    raise KeyboardInterrupt


def exited() -> NoReturn:
    raise SystemExit(1)


def cancelled() -> NoReturn:
    raise asyncio.CancelledError


ERRORS: dict[str, tuple[Callable[[], Any], str, str | None]] = {
    "application": (crash, "crashed", "tests.unit.api.test_stopping.AppError"),
    "interrupt": (interrupted, "cancelled", "KeyboardInterrupt"),
    "exit": (exited, "cancelled", "SystemExit"),
    "cancelled": (cancelled, "cancelled", "asyncio.exceptions.CancelledError"),
    "tool": (broken, "tool_error", "broken: LookupError"),
    "tool timeout": (slow, "tool_timeout", "slow: TimeoutError"),
    "model": (lambda: fail(ServerError()), "model_error", None),
    "rate limit": (rate_limited, "rate_limited", None),
    "overflow": (lambda: fail(OverflowedError()), "context_overflow", None),
    "filter": (lambda: fail(FilteredError()), "content_filter", None),
    "model in a tool": (as_tool(rate_limited), "rate_limited", None),
    "tool in a tool": (as_tool(slow), "tool_timeout", "slow: TimeoutError"),
    "application code of a tool": (as_tool(crash), "tool_error", None),
    "sub-agent": (sub_agent(rate_limited), "rate_limited", None),
    "sub-agent in a tool": (as_tool(sub_agent(rate_limited)), "rate_limited", None),
    "crash of a sub-agent": (sub_agent(crash), "crashed", None),
    "crash of a sub-agent in a tool": (as_tool(sub_agent(crash)), "crashed", None),
    "wrapped": (wrapped(broken), "tool_error", "broken: LookupError"),
    "wrapped twice": (wrapped(wrapped(rate_limited)), "rate_limited", None),
    "wrapped by a tool": (as_tool(wrapped(rate_limited)), "rate_limited", None),
    "wrapped and hidden": (hidden(broken), "crashed", None),
    "grouped": (grouped(broken), "tool_error", "broken: LookupError"),
    "in a thread": (pooled(broken), "tool_error", "broken: LookupError"),
    "tool, then a crash": (after(broken, crash), "crashed", None),
    "tool, then the model": (after(broken, rate_limited), "rate_limited", None),
    "sub-agent, then a tool": (after(sub_agent(rate_limited), broken), "tool_error", None),
}


@pytest.mark.parametrize("case", ERRORS)
def test_by_the_error_that_ends_it(captured: Captured, case: str) -> None:
    work, reason, detail = ERRORS[case]
    with (
        pytest.raises(BaseException),  # noqa: B017, PT011 - each case has its own
        agentotel.session(),
        agentotel.turn(),
        agentotel.agent("main"),
        agentotel.step("acting"),
    ):
        work()
    main = next(run for run in captured.runs if run.agent == "main")
    assert [one.stop_reason for one in (main, captured.turns[0], captured.sessions[0])] == [reason] * 3
    if detail is not None:
        assert main.stop_detail == detail
    assert main.status == ("UNSET" if reason == "cancelled" else "ERROR")


def test_the_reason_of_a_child_stays_with_it_where_the_parent_goes_on(captured: Captured) -> None:
    with agentotel.session() as session, agentotel.turn() as turn, agentotel.agent("main") as run:
        after(sub_agent(rate_limited), after(broken, call))()
    assert [one.stop_reason for one in (run, turn, session)] == ["completed"] * 3
    assert captured.runs[1].stop_reason == "rate_limited"


def test_an_error_at_the_address_of_an_earlier_one_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id is used again as soon as its object is gone."""
    monkeypatch.setattr(units, "id", lambda _error: 1, raising=False)
    with pytest.raises(LookupError), agentotel.agent("main") as run:  # noqa: PT012 - the block is the test
        with contextlib.suppress(LookupError):
            broken()
        raise LookupError
    assert run.stop_reason == "crashed"


def test_the_first_of_several_failures_at_once(captured: Captured) -> None:
    @agentotel.tool
    async def fetch(number: int) -> None:
        await asyncio.sleep(0)
        raise (LookupError, TimeoutError, ValueError)[number]

    async def main() -> None:
        with agentotel.agent("main"):
            tasks = [asyncio.ensure_future(fetch(number)) for number in range(3)]
            await asyncio.wait(tasks)
            await tasks[1]

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert [(run.stop_reason, run.stop_detail) for run in captured.runs] == [("tool_timeout", "fetch: TimeoutError")]


async def test_a_task_group(captured: Captured) -> None:
    @agentotel.tool
    async def fetch() -> None:
        raise LookupError

    with pytest.raises(ExceptionGroup), agentotel.agent("main"):
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch())
    assert captured.runs[0].stop_reason == "tool_error"


@pytest.mark.parametrize("form", ["wait_for", "timeout"])
async def test_a_deadline_around_a_tool(captured: Captured, form: str) -> None:
    @agentotel.tool
    async def fetch() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        if form == "wait_for":
            await asyncio.wait_for(fetch(), 0.01)
        else:
            async with asyncio.timeout(0.01):
                await fetch()

    with pytest.raises(TimeoutError), agentotel.session(), agentotel.agent("main"):
        await work()
    assert captured.runs[0].stop_reason == captured.sessions[0].stop_reason == "tool_timeout"
    assert captured.tool_calls[0].outcome == "cancelled"


async def test_a_deadline_around_a_model_call(captured: Captured) -> None:
    async def ask() -> None:
        with calling() as operation:
            try:
                await asyncio.Event().wait()
            except BaseException as error:
                failed(Tracking(operation), error)
                raise

    with pytest.raises(TimeoutError), agentotel.session(), agentotel.agent("main"):
        await asyncio.wait_for(ask(), 0.01)
    assert captured.runs[0].stop_reason == captured.sessions[0].stop_reason == "model_error"
    assert captured.model_calls[0].outcome == "cancelled"


async def test_a_deadline_around_the_run(captured: Captured) -> None:
    @agentotel.tool
    async def fetch() -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        with agentotel.agent("main"):
            await fetch()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run(), 0.01)
    assert captured.runs[0].stop_reason == "cancelled"


async def test_a_deadline_of_the_application_itself(captured: Captured) -> None:
    with pytest.raises(TimeoutError), agentotel.agent("main"):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    assert captured.runs[0].stop_reason == "crashed"


def test_a_cancelled_future(captured: Captured) -> None:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.cancel()
    with pytest.raises(concurrent.futures.CancelledError), agentotel.agent("main"):
        future.result()
    assert captured.runs[0].stop_reason == "cancelled"


# -- without an error

REPLIES: dict[str, list[Asked]] = {"ask": [("c1", "look", {"order_id": "A-1"})], "answer": []}


def steps(count: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(count):
            with agentotel.step("acting"), agentotel.step("part"):
                pass

    return run


def calls(*replies: str, **last: Any) -> Callable[[], None]:
    def run() -> None:
        for reply in replies[:-1]:
            call(*REPLIES[reply])
        call(*REPLIES[replies[-1]], **last)

    return run


def in_steps(*works: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        for work in works:
            with agentotel.step("thinking"):
                work()

    return run


def both(*works: Callable[[], Any]) -> Callable[[], None]:
    return lambda: [work() for work in works] and None


ENDS: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (lambda: None, "completed"),
    "an answer": (calls("answer"), "completed"),
    "an answer in the last step": (calls("ask", "ask", "answer"), "completed"),
    "calls used up": (calls("ask", "ask", "ask"), "max_steps"),
    "more calls than allowed": (calls("ask", "ask", "ask", "ask"), "max_steps"),
    "calls left": (calls("ask", "ask"), "completed"),
    "steps used up": (steps(3), "max_steps"),
    "steps left": (steps(2), "completed"),
    "steps used up, tools asked for": (both(steps(3), calls("ask")), "max_steps"),
    "steps used up, an answer": (both(steps(3), calls("answer")), "completed"),
    "steps left, many calls in them": (in_steps(calls("ask", "ask"), calls("ask", "ask")), "completed"),
    "a step, and calls outside of steps": (both(in_steps(calls("ask")), calls("ask", "ask")), "max_steps"),
    "filtered": (calls("answer", finish="content_filter"), "content_filter"),
    "cut off": (calls("answer", finish="length"), "completed"),
    "overflow": (calls("answer", finish="model_context_window_exceeded"), "context_overflow"),
    "calls of a sub-agent": (sub_agent(calls("ask", "ask", "ask")), "completed"),
}


@pytest.mark.parametrize("case", ENDS)
def test_by_what_it_did(case: str) -> None:
    work, reason = ENDS[case]
    with agentotel.session() as session, agentotel.turn() as turn, agentotel.agent("main", max_steps=3) as run:
        work()
    assert run.stop_reason == reason
    assert (turn.stop_reason, session.stop_reason) == ("completed", "completed")


def test_max_steps_says_how_many() -> None:
    with agentotel.agent("main", max_steps=2) as run:
        steps(2)()
    assert run.stop_detail == "2 of 2 steps"


def test_a_call_without_an_agent_tells_about_its_turn() -> None:
    with agentotel.session() as session, agentotel.turn() as turn, agentotel.step("answering"):
        call(finish="content_filter")
    assert (turn.stop_reason, session.stop_reason) == ("content_filter", "completed")


@pytest.mark.parametrize("work", [lambda: None, broken, rate_limited, crash, cancelled])
def test_the_caller_knows_best(work: Callable[[], Any]) -> None:
    def run() -> agentotel.Run:
        with agentotel.agent("main", max_steps=1) as run:
            run.stop("guardrail", "limit of refunds")
            try:
                work()
            finally:
                seen.append(run)
        return run

    seen: list[agentotel.Run] = []
    with contextlib.suppress(BaseException):
        run()
    assert (seen[0].stop_reason, seen[0].stop_detail) == ("guardrail", "limit of refunds")


def test_what_the_caller_says_of_a_child_reaches_the_parent_that_ends_by_it(captured: Captured) -> None:
    with pytest.raises(AppError), agentotel.session(), agentotel.agent("main") as run:  # noqa: PT012 - the block is it
        run.stop("denied", "by a colleague")
        raise AppError
    assert [(one.stop_reason, one.stop_detail) for one in captured.sessions] == [("denied", "by a colleague")]


@pytest.mark.usefixtures("lenient")
def test_an_error_whose_text_cannot_be_made(captured: Captured) -> None:
    class Mute(Exception):  # noqa: N818 - it is mute
        def __str__(self) -> str:
            raise RuntimeError

    @agentotel.tool
    def mute() -> None:
        raise Mute

    with pytest.raises(Mute), agentotel.agent("main"):
        mute()
    assert [one.status for one in captured.spans] == ["ERROR"] * 2
    assert all(str(one.error_type).endswith("Mute") for one in captured.spans)
    assert captured.runs[0].stop_reason == "tool_error"


# -- totals


def test_totals_add_up(captured: Captured) -> None:
    @agentotel.tool(cost=0.002)
    def priced() -> None: ...

    with agentotel.session() as session, agentotel.turn() as turn:
        with agentotel.agent("main") as main:
            call(usage={"prompt_tokens": 1000, "completion_tokens": 100})
            priced()
            with agentotel.agent("sub") as sub:
                call(usage={"prompt_tokens": 10, "completion_tokens": 1})
                with pytest.raises(LookupError):
                    broken()
        with pytest.raises(ServerError):
            fail(ServerError())
    price = sum(model.cost_usd or 0 for model in captured.model_calls)
    assert price > 0
    assert session.totals == turn.totals
    assert session.totals.cost_usd == pytest.approx(price + 0.002)
    assert (session.totals.llm_calls, session.totals.tool_calls, session.totals.errors) == (3, 2, 2)
    assert (session.totals.input_tokens, session.totals.output_tokens) == (1010, 101)
    assert (main.totals.llm_calls, main.totals.tool_calls, main.totals.errors) == (2, 2, 1)
    assert (sub.totals.llm_calls, sub.totals.tool_calls, sub.totals.errors) == (1, 1, 1)
    for handle, span in ((session, captured.sessions[0]), (turn, captured.turns[0]), (main, captured.runs[0])):
        assert span.totals == handle.totals


def test_a_cost_that_is_not_known_is_none_and_one_of_nothing_is_zero() -> None:
    @agentotel.tool(cost=0)
    def free() -> None: ...

    with agentotel.session() as session:
        call()
        assert (session.totals.llm_calls, session.totals.cost_usd) == (1, None)
        with agentotel.turn() as turn:
            free()
        with agentotel.turn() as other:
            pass
    assert turn.totals.cost_usd == 0.0
    assert other.totals.cost_usd is None


def limited() -> NoReturn:
    fail(RateLimitError())


@pytest.mark.parametrize(("work", "origin"), [(crash, "agent"), (broken, "tool"), (slow, "tool"), (limited, "model")])
def test_the_error_of_a_run_comes_from_the_call_that_is_to_blame(
    work: Callable[[], Any], origin: str, captured: Captured
) -> None:
    with contextlib.suppress(Exception), agentotel.session(), agentotel.agent("outer"), agentotel.agent("inner"):
        work()
    units = [span for span in captured.spans if span.name in {"session", "invoke_agent outer", "invoke_agent inner"}]
    assert [span.attributes["agentotel.error.origin"] for span in units] == [origin] * 3
