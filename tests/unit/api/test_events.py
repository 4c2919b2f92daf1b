"""Events: where they go, how they are named, and a helper for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace

import agentotel
import agentotel.testing
from agentotel._core.canonical import make_digest
from agentotel.testing import Captured


def test_an_event_goes_to_the_innermost_block(captured: Captured) -> None:
    with agentotel.session(), agentotel.turn():
        agentotel.event("a")
        with agentotel.agent("triage"):
            agentotel.event("b")
            with agentotel.step("planning"):
                agentotel.event("c")
            with agentotel.tool_call("look"):
                agentotel.event("d")
        agentotel.event("e")
    found = {event.kind: event.span.name for event in captured.events if event.span}
    assert found == {
        "a": "turn 1",
        "b": "invoke_agent triage",
        "c": "plan triage",
        "d": "execute_tool look",
        "e": "turn 1",
    }


def test_outside_every_block_it_goes_to_the_current_span(captured: Captured, tracer: trace.Tracer) -> None:
    agentotel.event("lost")
    with tracer.start_as_current_span("GET /orders"):
        agentotel.event("kept", text="x")
    assert [(event.kind, event.span) for event in captured.events] == [("kept", captured.spans[0])]


def test_values(captured: Captured) -> None:
    class Odd: ...

    with agentotel.turn():
        agentotel.event(
            "values",
            text="x",
            whole=1,
            real=0.5,
            yes=True,
            texts=["a", "b"],
            mixed=["a", 1],
            mapping={"b": 1, "a": [None]},
            odd={"odd": Odd()},
            absent=None,
            kind="its own",
            operation="its own",
        )
    prefix = "agentotel.values."
    attributes = {name.removeprefix(prefix): value for name, value in captured.events[0].attributes.items()}
    assert "Odd" in str(attributes.pop("odd"))
    assert attributes == {
        "text": "x",
        "whole": 1,
        "real": 0.5,
        "yes": True,
        "texts": ("a", "b"),
        "mixed": '["a",1]',
        "mapping": '{"b":1,"a":[null]}',
        "kind": "its own",
        "operation": "its own",
    }


HELPERS: dict[str, tuple[Callable[[], None], str, dict[str, object]]] = {
    "decision": (
        lambda: agentotel.decision("refund", reason="damaged", options=["answer", "refund"]),
        "agentotel.decision",
        {"choice": "refund", "reason": "damaged", "options": ("answer", "refund")},
    ),
    "handoff": (lambda: agentotel.handoff("refunds"), "agentotel.handoff", {"source": "triage", "to": "refunds"}),
    "handoff from": (
        lambda: agentotel.handoff("b", source="a", reason="r"),
        "agentotel.handoff",
        {"source": "a", "to": "b", "reason": "r"},
    ),
    "approval": (
        lambda: agentotel.approval("refund", status="granted", by="anna", reason="r"),
        "agentotel.approval",
        {"subject": "refund", "status": "granted", "by": "anna", "reason": "r"},
    ),
    "guardrail": (
        lambda: agentotel.guardrail("limit", verdict="block", reason="r"),
        "agentotel.guardrail",
        {"name": "limit", "verdict": "block", "reason": "r"},
    ),
    "fallback": (
        lambda: agentotel.fallback("card", "voucher", reason="r"),
        "agentotel.fallback",
        {"source": "card", "to": "voucher", "kind": "tool", "reason": "r"},
    ),
    "validation": (
        lambda: agentotel.validation("schema", verdict="fail", expected={"type": "int"}, diff="x", corrections=2),
        "agentotel.validation",
        {"validator": "schema", "verdict": "fail", "expected": '{"type":"int"}', "diff": "x", "corrections": 2},
    ),
    "feedback": (
        lambda: agentotel.feedback(0.5, by="u", comment="c"),
        "agentotel.feedback",
        {"rating": 0.5, "by": "u", "comment": "c"},
    ),
    "state": (
        lambda: agentotel.state("cart", version=3, value={"b": 1, "a": 2}),
        "agentotel.state",
        {"name": "cart", "version": 3, "hash": make_digest()('{"a":2,"b":1}')},
    ),
    "state without a value": (lambda: agentotel.state("cart"), "agentotel.state", {"name": "cart"}),
}


@pytest.mark.parametrize("case", HELPERS)
def test_helpers(captured: Captured, case: str) -> None:
    record, name, expected = HELPERS[case]
    with agentotel.session(), agentotel.agent("triage"):
        record()
    (event,) = captured.events
    assert (event.name, event.span) == (name, captured.runs[0])
    assert dict(event.attributes) == {f"{name}.{key}": value for key, value in expected.items()}


def test_an_evaluation_is_the_conventions_event(captured: Captured) -> None:
    with agentotel.turn() as turn:
        agentotel.evaluation("relevance", score=1, label="good", explanation="why", response_id="r-1")
        turn.event("evaluation", name="own", extra=1)
    assert [event.name for event in captured.events] == ["gen_ai.evaluation.result"] * 2
    assert dict(captured.events[0].attributes) == {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "good",
        "gen_ai.evaluation.explanation": "why",
        "gen_ai.response.id": "r-1",
    }
    assert type(captured.events[0].attributes["gen_ai.evaluation.score.value"]) is float
    assert captured.events[1].attributes["agentotel.evaluation.extra"] == 1


@pytest.mark.parametrize("kind", ["", "Cache", "cache miss", "9x", "ä", "a" * 65, 7, None])
def test_a_kind_that_is_none_is_left_out(captured: Captured, warnings: Callable[[], list[str]], kind: Any) -> None:
    for _ in range(2):
        with agentotel.turn() as turn:
            agentotel.event(kind)
            turn.event(kind)
    assert captured.events == []
    assert len(warnings()) == 1
    assert "event kind must be a short word in snake case" in warnings()[0]


@pytest.mark.usefixtures("lenient")
def test_what_cannot_be_written_breaks_nothing(captured: Captured) -> None:
    class Undumpable:
        def model_dump(self, **_options: object) -> None:
            raise RuntimeError

    with agentotel.turn():
        agentotel.event("broken", value=Undumpable())
        agentotel.state("broken", value=Undumpable())
        agentotel.evaluation("broken", score="no number")  # type: ignore[arg-type]
        agentotel.event("fine")
    assert captured.events[-1].kind == "fine"


def test_events_as_log_records() -> None:
    with agentotel.testing.capture(events="logs") as captured, agentotel.session() as session, agentotel.turn():
        agentotel.decision("refund")
    (event,) = captured.events
    assert (event.signal, event.name, event.span) == ("logs", "agentotel.decision", captured.turns[0])
    assert event.attributes["session.id"] == session.id
    assert event.attributes["agentotel.decision.choice"] == "refund"


def test_a_score_is_a_number_of_one_type(captured: Captured) -> None:
    with agentotel.turn():
        agentotel.event("evaluation", name="relevance", score=1)
        agentotel.evaluation("relevance", score=1)
    scores = [one.attributes["gen_ai.evaluation.score.value"] for one in captured.events]
    assert [(type(score), score) for score in scores] == [(float, 1.0), (float, 1.0)]
