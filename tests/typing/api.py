"""How the public interface looks to a type checker. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import assert_type

import agentotel


def blocks() -> None:
    with agentotel.session(user="u", metadata={"region": "eu", "beta": True}) as session:
        assert_type(session, agentotel.Session)
        assert_type(session.id, str)
        assert_type(session.totals, agentotel.Totals)
        assert_type(session.totals.cost_usd, float | None)
        assert_type(session.stop_reason, agentotel.StopReason | None)
        assert_type(session.events, tuple[agentotel.Event, ...])
        session.result = "success"
        session.result = agentotel.Result.PARTIAL
        assert_type(session.result, agentotel.Result)
        session.end("handoff", "to a colleague")
        session.end(agentotel.StopReason.HANDOFF)
    with agentotel.turn(input={"any": "thing"}) as turn:
        assert_type(turn, agentotel.Turn)
        assert_type(turn.index, int | None)
        turn.output("text")
    with agentotel.agent("triage", version="7", max_steps=8) as run:
        assert_type(run, agentotel.Run)
        assert_type(run.name, str | None)
        run.event("cache_miss", key="k", hits=3)
        run.stop("denied", "by a colleague")
    with agentotel.step("planning") as step:
        assert_type(step, agentotel.Step)
    with agentotel.prompt("triage-system", "3") as prompt:
        assert_type(prompt, agentotel.Prompt)
        assert_type(prompt.version, str | None)
    with agentotel.tool_call("search", {"query": "x"}) as tool:
        assert_type(tool, agentotel.Tool)
        assert_type(tool.call_id, str | None)
        tool.result(["anything"])
        tool.set_cost(0.2)
    with agentotel.tool_call("search", '{"query": "x"}', cost=0.1):
        pass


async def async_blocks() -> None:
    async with agentotel.session("chat-1") as session, agentotel.turn() as turn, agentotel.agent("a") as run:
        assert_type(session, agentotel.Session)
        assert_type(turn, agentotel.Turn)
        assert_type(run, agentotel.Run)
    async with agentotel.tool_call("search") as tool:
        assert_type(tool, agentotel.Tool)


def nothing_is_swallowed() -> int:
    with agentotel.session(), agentotel.turn(), agentotel.agent("a"), agentotel.tool_call("t"):
        return 1


@agentotel.session(feature="chat")
def of_session(a: int, /, *, b: str = "") -> dict[str, int]:
    return {b: a}


@agentotel.turn()
async def of_turn(a: int) -> str:
    return str(a)


@agentotel.agent("streamer")
def of_agent(count: int) -> Iterator[int]:
    yield from range(count)


@agentotel.step("reflection")
async def of_step(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


@agentotel.prompt("p", "1")
def of_prompt() -> bytes:
    return b""


@agentotel.tool
def bare(order_id: str, *, fast: bool = False) -> dict[str, str]:
    return {order_id: str(fast)}


@agentotel.tool(version="2.1", cost=0.002)
async def with_options(order_id: str) -> list[str]:
    return [order_id]


@agentotel.tool(fallback_for="bare")
def pages() -> Iterator[bytes]:
    yield b""


class Desk:
    @agentotel.tool
    def method(self, order: str) -> int:
        return len(order)

    @classmethod
    @agentotel.tool(name="of_class")
    def of_class(cls, order: str) -> str:
        return order

    @staticmethod
    @agentotel.agent("static")
    def static(order: str) -> str:
        return order


async def decorated_functions_keep_their_types() -> None:
    assert_type(of_session(1, b="x"), dict[str, int])
    assert_type(await of_turn(1), str)
    assert_type(of_agent(3), Iterator[int])
    assert_type(of_step(3), AsyncIterator[int])
    assert_type(of_prompt(), bytes)
    assert_type(bare("A-1", fast=True), dict[str, str])
    assert_type(await with_options("A-1"), list[str])
    assert_type(pages(), Iterator[bytes])
    assert_type(Desk().method("A-1"), int)
    assert_type(Desk.of_class("A-1"), str)
    assert_type(Desk.static("A-1"), str)
    keeps: Callable[[str], int] = Desk().method
    keeps("A-1")


def wrong_use_is_seen() -> None:
    """Each ignore stands for an error; one that is not needed fails the check (warn_unused_ignores)."""
    bare(1)  # type: ignore[arg-type]
    bare()  # type: ignore[call-arg]
    of_session(1, c=2)  # type: ignore[call-arg]
    agentotel.turn("input without its name")  # type: ignore[arg-type]
    agentotel.agent()  # type: ignore[call-arg]
    agentotel.agent("a", max_steps="8")  # type: ignore[arg-type]
    agentotel.session(metadata={"a": None})  # type: ignore[dict-item]
    agentotel.session(bugdet=3)  # type: ignore[call-arg]
    agentotel.tool("name")  # type: ignore[call-overload]
    agentotel.init("name by place")  # type: ignore[call-arg]
    agentotel.nothing_of_the_kind()  # type: ignore[attr-defined]


def events() -> None:
    agentotel.event("cache_miss", key="k", kind="own")
    agentotel.decision("refund", options=["answer", "refund"])
    agentotel.handoff("refunds", reason="r")
    agentotel.approval("refund", status="granted", by="anna")
    agentotel.guardrail("limit", verdict="block")
    agentotel.fallback("a", "b", kind="model")
    agentotel.validation("schema", verdict="fail", expected={"type": "int"}, corrections=1)
    agentotel.evaluation("relevance", score=0.5, label="good")
    agentotel.feedback("thumbs up", comment="c")
    agentotel.state("cart", version=3, value={"a": 1})
    agentotel.set_cost(0.5)


def set_up() -> None:
    agentotel.init(service_name="refund-desk", console=True, content="no_content")
    agentotel.instrument()
    assert_type(agentotel.flush(1.0), bool)
    agentotel.uninstrument()
    agentotel.shutdown()
    agentotel.refresh_prices()
