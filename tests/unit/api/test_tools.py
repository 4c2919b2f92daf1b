"""Tools: what is known of a call, and which model call asked for it."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import functools
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import agentotel
import agentotel.testing
from agentotel._core.canonical import canonical_json
from agentotel.semconv import names as n
from agentotel.testing import Captured, ToolCall
from tests.unit.api.model import call


def sha(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


# -- what is known


def test_bare(captured: Captured) -> None:
    @agentotel.tool
    def look(order_id: str) -> dict[str, str]:
        """Look an order up.

        In the archive.
        """
        return {"order": order_id}

    assert look("A-1") == {"order": "A-1"}
    (tool,) = captured.tool_calls
    assert dict(tool.attributes) == {
        n.OPERATION_NAME: "execute_tool",
        n.TOOL_NAME: "look",
        n.TOOL_TYPE: "function",
        n.TOOL_DESCRIPTION: "Look an order up.",
        n.TOOL_ARGS_HASH: sha({"order_id": "A-1"}),
        n.TOOL_ARGS_BYTES: len('{"order_id":"A-1"}'),
        n.TOOL_RESULT_HASH: sha({"order": "A-1"}),
        n.TOOL_RESULT_BYTES: len('{"order":"A-1"}'),
        n.TOOL_ATTEMPT: 1,
        n.OUTCOME: "completed",
    }
    assert (tool.name, tool.kind, tool.status, tool.links) == ("execute_tool look", "INTERNAL", "UNSET", ())


def test_with_options(captured: Captured) -> None:
    @agentotel.tool(
        name="refund",
        type="extension",
        version="2.1",
        description="Pay back.",
        cost=0.002,
        fallback_for="refund_to_card",
    )
    def refund_by_voucher() -> None:
        """Not this."""

    with agentotel.session(), agentotel.agent("triage"):
        refund_by_voucher()
    (tool,) = captured.tool_calls
    expected = {
        n.TOOL_NAME: "refund",
        n.TOOL_TYPE: "extension",
        n.TOOL_VERSION: "2.1",
        n.TOOL_DESCRIPTION: "Pay back.",
        n.COST_USD: 0.002,
        n.COST_SOURCE: "tool",
        n.TOOL_FALLBACK: "refund_to_card",
        n.AGENT_NAME: "triage",
        n.TOOL_ARGS_HASH: sha({}),
        n.TOOL_RESULT_HASH: sha("null"),
    }
    assert expected.items() <= tool.attributes.items()
    (event,) = captured.runs[0].events
    assert dict(event.attributes) == {
        "agentotel.fallback.source": "refund_to_card",
        "agentotel.fallback.to": "refund",
        "agentotel.fallback.kind": "tool",
    }


def test_content_only_where_asked_for() -> None:
    @agentotel.tool
    def look(order_id: str) -> list[str]:
        return [order_id, "secret"]

    with agentotel.testing.capture() as off:
        look("A-1")
    with agentotel.testing.capture(content=True) as on:
        look("A-1")
    assert (off.tool_calls[0].arguments, off.tool_calls[0].result) == (None, None)
    assert "secret" not in str(off.tool_calls[0].attributes)
    assert (on.tool_calls[0].arguments, on.tool_calls[0].result) == (
        {"order_id": "A-1"},
        {"result": ["A-1", "secret"]},
    )


def test_a_hash_key_makes_keyed_hashes() -> None:
    @agentotel.tool
    def look() -> None: ...

    with agentotel.testing.capture(hash_key=b"k") as keyed:
        look()
    assert str(keyed.tool_calls[0].args_hash).startswith("hmac-sha256:")


# -- names of arguments


def plain(a: Any, b: Any = 2, *, c: Any = 3) -> None: ...


def only(a: Any, /, b: Any = 2) -> None: ...


def rest(a: Any, *more: Any, **others: Any) -> None: ...


class Desk:
    @agentotel.tool
    def method(self, order: str) -> None: ...

    @agentotel.tool
    @classmethod
    def of_class(cls, order: str) -> None: ...

    @agentotel.tool
    @staticmethod
    def static(order: str) -> None: ...

    def bare(self, order: str) -> None: ...


NAMED: dict[str, tuple[Callable[[], Any], Mapping[str, object]]] = {
    "positional": (lambda: agentotel.tool(plain)(1, 5), {"a": 1, "b": 5}),
    "keyword": (lambda: agentotel.tool(plain)(b=5, a=1, c=2), {"a": 1, "b": 5, "c": 2}),
    "defaults are not added": (lambda: agentotel.tool(plain)(1), {"a": 1}),
    "positional only": (lambda: agentotel.tool(only)(1, b=3), {"a": 1, "b": 3}),
    "rest": (lambda: agentotel.tool(rest)(1, 2, 3, x=4), {"a": 1, "more": [2, 3], "x": 4}),
    "no rest": (lambda: agentotel.tool(rest)(1), {"a": 1}),
    "method": (lambda: Desk().method("A-1"), {"order": "A-1"}),
    "class method": (lambda: Desk.of_class("A-1"), {"order": "A-1"}),
    "static method": (lambda: Desk().static("A-1"), {"order": "A-1"}),
    "bound method": (lambda: agentotel.tool(Desk().bare)("A-1"), {"order": "A-1"}),
    "partial": (lambda: agentotel.tool(name="p")(functools.partial(plain, 1))(b=2), {"b": 2}),
    "without a signature": (lambda: agentotel.tool(name="most")(max)(1, 2), {"args": [1, 2]}),
}


@pytest.mark.parametrize("case", NAMED)
def test_arguments_by_name(captured: Captured, case: str) -> None:
    run, expected = NAMED[case]
    run()
    assert captured.tool_calls[0].args_hash == sha(expected)


# -- hashes of values that JSON cannot hold


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Model(BaseModel):
    x: int
    when: date


class Odd:
    """No JSON, and a ``repr`` with an address."""


SAME: dict[str, tuple[object, object]] = {
    "key order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "tuple and list": ((1, 2), [1, 2]),
    "sets": ({"a", "b", "c"}, frozenset({"c", "b", "a"})),
    "enum": (Color.RED, "red"),
    "dataclass": (Point(1, 2), {"x": 1, "y": 2}),
    "pydantic": (Model(x=1, when=date(2026, 1, 2)), {"x": 1, "when": "2026-01-02"}),
    "decimal": (Decimal("1.50"), "1.50"),
    "uuid": (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "path": (Path("a/b"), "a/b"),
    "date": (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    "bytes": (b"abc", bytearray(b"abc")),
    "objects": (Odd(), Odd()),
    "keys": ({1: "a", "b": 2}, {"1": "a", "b": 2}),
    "deep": ({"a": [{Color.RED}, Point(1, 2)]}, {"a": [["red"], {"x": 1, "y": 2}]}),
}
OTHER: dict[str, tuple[object, object]] = {
    "order of a list": ([1, 2], [2, 1]),
    "number and text": (1, "1"),
    "number and boolean": (1, True),
    "bytes": (b"abc", b"abd"),
    "null and absent": ({"a": None}, {}),
    "classes": (Odd(), object()),
}


def hash_of(value: object) -> str | None:
    @agentotel.tool
    def give(value: object) -> object:
        return value

    with agentotel.testing.capture() as captured:
        give(value)
    (tool,) = captured.tool_calls
    assert tool.result_hash is not None
    return tool.args_hash


@pytest.mark.parametrize("case", SAME)
def test_equal_values_have_equal_hashes(case: str) -> None:
    left, right = SAME[case]
    assert hash_of(left) == hash_of(right)


@pytest.mark.parametrize("case", OTHER)
def test_other_values_have_other_hashes(case: str) -> None:
    left, right = OTHER[case]
    assert hash_of(left) != hash_of(right)


def test_lone_surrogates_and_sizes(captured: Captured) -> None:
    @agentotel.tool
    def give(text: str) -> str:
        return text

    give("\ud800ä")
    (tool,) = captured.tool_calls
    assert tool.attributes[n.TOOL_RESULT_BYTES] == len(b'"\\ud800\xc3\xa4"')


@pytest.mark.usefixtures("lenient")
def test_what_cannot_be_hashed_has_no_hash(captured: Captured) -> None:
    class Lazy:
        @property
        def __class__(self) -> type:  # type: ignore[override]
            raise RuntimeError

    class Undumpable(BaseModel):
        def model_dump(self, **_options: object) -> dict[str, Any]:
            raise RuntimeError

    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    @agentotel.tool
    def give(value: object) -> object:
        return value

    for value in (Lazy(), Undumpable(), deep):
        assert give(value) is value
    assert [(tool.args_hash, tool.result_hash, tool.status) for tool in captured.tool_calls] == [
        (None, None, "UNSET")
    ] * 3


def test_a_huge_result_takes_bounded_time(captured: Captured) -> None:
    @agentotel.tool
    def dump() -> dict[str, object]:
        return huge

    huge: dict[str, object] = {"rows": ["x" * 1000] * 10_000, "text": "ä" * 1_000_000}
    started = time.perf_counter()
    assert dump() is huge
    assert time.perf_counter() - started < 5
    size = captured.tool_calls[0].attributes[n.TOOL_RESULT_BYTES]
    assert isinstance(size, int)
    assert size > 10_000_000


def test_a_tool_that_gives_a_generator(captured: Captured) -> None:
    def rows() -> Iterator[int]:
        yield 1

    made = rows()

    @agentotel.tool
    def open_rows() -> Iterator[int]:
        return made

    assert open_rows() is made
    assert list(made) == [1]
    assert captured.tool_calls[0].result_hash is None


def test_a_generator_as_a_tool(captured: Captured) -> None:
    @agentotel.tool
    def rows(count: int) -> Iterator[int]:
        yield from range(count)

    assert list(rows(2)) == [0, 1]
    assert captured.tool_calls[0].args_hash == sha({"count": 2})


# -- calls that cannot be decorated


def test_tool_call(captured: Captured) -> None:
    with agentotel.session(), agentotel.tool_call("search", {"query": "x"}, version="3", cost=0.1) as tool:
        assert (tool.name, tool.call_id) == ("search", None)
        assert repr(tool) == "<agentotel tool search call_id=None>"
        tool.event("cache_miss", key="x")
        tool.result(["y"])
        tool.set_cost(0.2)
    (found,) = captured.tool_calls
    assert (found.tool, found.version, found.cost_usd) == ("search", "3", 0.2)
    assert (found.args_hash, found.result_hash) == (sha({"query": "x"}), sha(["y"]))
    assert [event.kind for event in found.events] == ["cache_miss"]


async def test_tool_call_async_and_failing(captured: Captured) -> None:
    with pytest.raises(LookupError):
        async with agentotel.tool_call("search"):
            raise LookupError
    assert (captured.tool_calls[0].status, captured.tool_calls[0].error_type) == ("ERROR", "LookupError")


@pytest.mark.parametrize("text", ['{"b": 1, "a": [1, 2]}', '{"a":[1,2],"b":1}'])
def test_tool_call_takes_the_text_of_the_model(captured: Captured, text: str) -> None:
    with agentotel.agent("triage"):
        call(("c1", "search", {"a": [1, 2], "b": 1}))
        with agentotel.tool_call("search", text):
            pass
    assert (captured.tool_calls[0].args_hash, captured.tool_calls[0].call_id) == (sha({"a": [1, 2], "b": 1}), "c1")


def test_arguments_that_are_no_json(captured: Captured) -> None:
    with agentotel.tool_call("search", '{"a": '):
        pass
    assert captured.tool_calls[0].args_hash == sha('{"a": ')


def test_set_cost_reaches_the_tool_around(captured: Captured) -> None:
    @agentotel.tool(cost=1)
    def search() -> None:
        with agentotel.step("paying"), agentotel.agent("cashier"):
            agentotel.set_cost(0.25)

    with agentotel.session() as session:
        search()
    assert captured.tool_calls[0].cost_usd == 0.25
    assert session.totals.cost_usd == 0.25


@pytest.mark.parametrize("usd", [-1, float("nan"), float("inf"), "1", None, True])
def test_set_cost_to_what_is_no_price(captured: Captured, warnings: Callable[[], list[str]], usd: Any) -> None:
    for _ in range(2):
        with agentotel.tool_call("search", cost=3) as tool:
            agentotel.set_cost(usd)
            tool.set_cost(usd)
    assert [tool.cost_usd for tool in captured.tool_calls] == [3, 3]
    assert len(warnings()) == 1


def test_set_cost_outside_and_afterwards(warnings: Callable[[], list[str]]) -> None:
    with agentotel.tool_call("search") as tool:
        pass
    for _ in range(2):
        agentotel.set_cost(1)
        tool.set_cost(1)
    assert len(warnings()) == 2
    assert "decorate the function with @tool" in warnings()[0]


def test_nothing_is_hashed_while_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentotel.api import calls
    from agentotel.record.pipeline import IDLE, activate, active

    monkeypatch.setattr(calls, "canonical_json", lambda _value: pytest.fail("hashed"))
    monkeypatch.setattr(calls, "canonical_arguments", lambda _value: pytest.fail("hashed"))
    pipeline = active()
    activate(IDLE)
    try:
        assert agentotel.tool(lambda x: x)(1) == 1
    finally:
        activate(pipeline)


# -- pairing


@agentotel.tool
def look(order_id: str, *, fast: bool = False) -> str:
    return f"{order_id} {fast}"


@agentotel.tool
def flaky(order_id: str) -> None:
    raise LookupError(order_id)


def paired(captured: Captured) -> list[tuple[str | None, int]]:
    """Give the call id of each tool call and the number of the model call that asked for it."""
    models = [model.span_id for model in captured.model_calls]
    found = []
    for tool in captured.tool_calls:
        asked = [models.index(link.span_id) for link in tool.links]
        assert tool.requested_by == (models[asked[0]] if asked else None)
        found.append((tool.call_id, asked[0] if asked else -1))
    return found


def not_run(captured: Captured) -> list[tuple[object, object, object]]:
    return [
        (
            event.attributes.get(n.TOOL_NAME),
            event.attributes.get(n.TOOL_CALL_ID),
            event.attributes.get("agentotel.tool_not_run.reason"),
        )
        for event in captured.events
        if event.kind == "tool_not_run"
    ]


A1 = {"order_id": "A-1"}
A2 = {"order_id": "A-2"}


def test_a_request_is_paired_with_its_call(captured: Captured) -> None:
    with agentotel.agent("triage"):
        call(("c1", "look", A1), ("c2", "look", {"fast": True, "order_id": "A-2"}))
        look("A-2", fast=True)
        look(order_id="A-1")
        look("A-1")
    assert paired(captured) == [("c2", 0), ("c1", 0), (None, -1)]
    assert captured.tool_calls[0].args_hash == sha({"fast": True, "order_id": "A-2"})
    assert not_run(captured) == []


def test_the_same_asked_twice_is_first_in_first_out(captured: Captured) -> None:
    with agentotel.agent("triage"):
        call(("c1", "look", A1), ("c2", "look", A1))
        call(("c3", "look", A1))
        for _ in range(3):
            look("A-1")
    assert paired(captured) == [("c1", 0), ("c2", 0), ("c3", 1)]


def test_parallel_calls_in_threads_and_tasks(captured: Captured) -> None:
    asked = [(f"c{number}", "look", {"order_id": f"A-{number}"}) for number in range(20)]
    with agentotel.agent("triage"), ThreadPoolExecutor(8) as pool:
        call(*asked)
        list(pool.map(look, [f"A-{number}" for number in range(20)]))

        async def main() -> None:
            call(*[(f"d{id_}", name, arguments) for id_, name, arguments in asked])
            await asyncio.gather(*[asyncio.to_thread(look, f"A-{number}") for number in range(20)])

        asyncio.run(main())
    assert {id_ for id_, model in paired(captured) if model == 0} == {f"c{number}" for number in range(20)}
    assert {id_ for id_, model in paired(captured) if model == 1} == {f"dc{number}" for number in range(20)}
    assert not_run(captured) == []


def test_in_a_step_and_without_an_agent(captured: Captured) -> None:
    with agentotel.session(), agentotel.turn():
        with agentotel.step("planning"):
            call(("c1", "look", A1))
        with agentotel.step("acting"):
            look("A-1")
    assert paired(captured) == [("c1", 0)]


def test_a_run_does_not_answer_for_another_one(captured: Captured) -> None:
    with agentotel.session(), agentotel.turn(), agentotel.agent("outer"):
        call(("c1", "look", A1))
        with agentotel.agent("inner"):
            look("A-1")
    assert paired(captured) == [(None, -1)]
    assert not_run(captured) == [("look", "c1", "not_run")]
    assert captured.runs[0].events[0].kind == "tool_not_run"


def test_what_never_ran_and_what_does_not_exist(captured: Captured) -> None:
    with agentotel.session(), agentotel.turn(), agentotel.agent("triage"):
        call(("c1", "look", A1), ("c2", "flly", {}), tools=["look"])
        look("A-2")
    assert not_run(captured) == [("look", "c1", "not_run"), ("flly", "c2", "unknown_tool")]
    assert [event.span for event in captured.events] == [captured.runs[0]] * 2


@pytest.mark.parametrize("in_session", [True, False])
def test_answers_sent_back_count_as_run(captured: Captured, *, in_session: bool) -> None:
    history: list[dict[str, object]] = [{"role": "user", "content": "Where is it?"}]

    def converse() -> None:
        with agentotel.agent("triage"):
            history.append(call(("c1", "bare", A1), ("c2", "bare", A2), messages=history))
            history.append({"role": "tool", "tool_call_id": "c1", "content": "here"})
            call(messages=history)

    if in_session:
        with agentotel.session():
            converse()
    else:
        converse()
    assert not_run(captured) == [("bare", "c2", "not_run")]


def test_reported_once_at_the_end_of_what_it_was_asked_in(captured: Captured) -> None:
    with agentotel.session():
        with agentotel.turn(), agentotel.step("planning"):
            call(("c1", "look", A1))
        with agentotel.turn():
            pass
        call(("c2", "look", A2))
    assert [(event.attributes[n.TOOL_CALL_ID], event.span) for event in captured.events] == [
        ("c1", captured.turns[0]),
        ("c2", captured.sessions[0]),
    ]


def test_arguments_that_are_cut_off_match_nothing(captured: Captured) -> None:
    from tests.fakes.calls import answer, calling

    answered = answer()
    answered["choices"][0]["message"]["tool_calls"] = [  # type: ignore[index]
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"order_id": "A'}}
    ]
    with agentotel.agent("triage"):
        with calling(answered=answered):
            pass
        look("A-1")
    assert paired(captured) == [(None, -1)]
    assert not_run(captured) == [("look", "c1", "not_run")]


def test_attempts_are_numbered_after_failures(captured: Captured) -> None:
    def attempt(order: str) -> int | None:
        with pytest.raises(LookupError):
            flaky(order)
        return captured.tool_calls[-1].attempt

    with agentotel.session(), agentotel.agent("triage"):
        assert [attempt("A-1"), attempt("A-1"), attempt("A-2"), attempt("A-1")] == [1, 2, 1, 3]
        look("A-1")
        look("A-1")
        with agentotel.tool_call("flaky", {"order_id": "A-1"}):
            pass
        assert attempt("A-1") == 1
    with agentotel.agent("triage"):
        assert attempt("A-1") == 1
    numbers = [tool.attempt for tool in captured.tool_calls]
    assert numbers == [1, 2, 1, 3, 1, 1, 4, 1, 1]


def test_outside_every_unit_a_tool_is_just_a_span(captured: Captured) -> None:
    call(("c1", "look", A1))
    look("A-1")
    assert paired(captured) == [(None, -1)]
    assert captured.tool_calls[0].parent is None


def test_a_failure_is_in_the_class_not_in_the_text(captured: Captured) -> None:
    with pytest.raises(LookupError):
        flaky("a secret")
    (tool,) = captured.tool_calls
    assert (tool.status, tool.error_type, tool.outcome) == ("ERROR", "LookupError", "error")
    assert tool.attributes[n.ERROR_ORIGIN] == "tool"
    assert "secret" not in str(tool)


def test_canonical_text_is_what_is_hashed(captured: Captured) -> None:
    look("ä")
    (tool,) = captured.tool_calls
    assert isinstance(tool, ToolCall)
    assert tool.args_hash == sha(canonical_json({"order_id": "ä"})) == sha('{"order_id":"ä"}')
