"""Metrics and log records of operations."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import agentotel
from agentotel._core import guard
from agentotel.facts.call import Attempt, Failure
from agentotel.record.metrics import MetricRecorder
from agentotel.semconv import metrics as m
from agentotel.testing import Captured, Point, capture
from tests.fakes.calls import answer, calling


def point(captured: Captured, name: str, **attributes: object) -> Point | None:
    wanted = {key.replace("__", "."): value for key, value in attributes.items()}
    found = [one for one in captured.metrics if one.name == name and wanted.items() <= one.attributes.items()]
    assert len(found) < 2
    return found[0] if found else None


def amount(captured: Captured, name: str, **attributes: object) -> float | None:
    found = point(captured, name, **attributes)
    return None if found is None else found.value


@pytest.mark.parametrize(("family", "other"), [("shipped", m.SPEC_ONLY), ("spec", m.SHIPPED_ONLY)])
def test_a_family_has_its_own_names_and_none_of_the_other(family: Any, other: tuple[m.Instrument, ...]) -> None:
    with capture(metrics=family) as captured, calling(answered=answer(prompt_tokens=9, completion_tokens=2)):
        pass
    emitted = {one.name for one in captured.metrics}
    assert not emitted & {one.name for one in other}
    shipped = point(captured, "gen_ai.client.operation.duration")
    spec = point(captured, "gen_ai.client.inference.duration")
    assert ((shipped is None), (spec is None)) == ((family == "spec"), (family == "shipped"))


def test_tokens_of_the_shipped_family_are_by_direction() -> None:
    with capture() as captured, calling(answered=answer(prompt_tokens=9, completion_tokens=2)):
        pass
    for direction, count in (("input", 9), ("output", 2)):
        found = point(captured, "gen_ai.client.token.usage", gen_ai__token__type=direction)
        assert found is not None
        assert (found.sum, found.count) == (count, 1)


def test_tokens_of_the_spec_family_are_counters_of_their_class() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 4}}
    with capture(metrics="spec") as captured, calling(answered=answer(prompt_tokens=9, **details)):
        pass
    prefix = "gen_ai.client.inference.usage."
    assert amount(captured, f"{prefix}input_tokens", gen_ai__token__modality="unknown") == 9
    assert amount(captured, f"{prefix}cache_read.input_tokens") == 4
    assert point(captured, f"{prefix}output_tokens") is None
    assert point(captured, "gen_ai.client.inference.operation.output_tokens") is None


def test_a_call_without_usage_has_a_duration_and_no_tokens() -> None:
    with capture() as captured, calling(failure=Failure(type="E")):
        pass
    assert point(captured, "gen_ai.client.token.usage") is None
    found = point(captured, "gen_ai.client.operation.duration", error__type="E")
    assert found is not None
    assert found.count == 1


def test_what_happens_in_a_session_is_counted_as_it_happens() -> None:
    prices = {"gpt-5-mini*": {"input": 1e6, "output": 0}}
    with capture(prices=prices) as captured:
        with agentotel.session(feature="f"), agentotel.turn(), agentotel.agent("a"):
            assert amount(captured, "agent.session.active", agentotel__feature="f") == 1
            with calling(
                answered=answer(prompt_tokens=2),
                attempts=[Attempt(number=1), Attempt(number=2, wait_s=0.5, reason="server")],
            ):
                pass
            with agentotel.tool_call("t", cost=0.5):
                pass
            assert amount(captured, "agent.session.llm_calls", agentotel__feature="f") == 1
        with calling(answered=answer(prompt_tokens=1)):
            pass
    assert amount(captured, "agent.session.active", agentotel__feature="f") == 0
    assert amount(captured, "agent.session.llm_calls", agentotel__feature="f") == 1
    assert amount(captured, "agent.session.tool_calls", agentotel__feature="f") == 1
    assert amount(captured, "agent.session.cost", agentotel__feature="f") == pytest.approx(2.5)
    assert amount(captured, "agent.llm.cost", agentotel__feature="f") == pytest.approx(2)
    assert amount(captured, "agent.llm.retries", reason="server") == 1
    assert amount(captured, "agent.llm.finishes", finish_reason="stop") == 2
    assert amount(captured, "agent.session.errors") is None
    assert amount(captured, "agent.run.stops", gen_ai__agent__name="a", stop_reason="completed") == 1
    assert amount(captured, "agent.session.stops", agentotel__feature="f", stop_reason="completed") == 1


def test_failures_and_fallbacks_are_counted() -> None:
    with capture() as captured, agentotel.session():
        with calling(failure=Failure(type="E")):
            pass
        agentotel.fallback("a", "b", kind="model")
        with pytest.raises(LookupError), agentotel.tool_call("t"):
            raise LookupError
    assert amount(captured, "agent.session.errors") == 2
    assert amount(captured, "agent.tool.errors", gen_ai__tool__name="t", error__type="LookupError") == 1
    assert amount(captured, "agent.fallbacks", kind="model") == 1


def test_calls_of_sub_agents_are_not_the_agent_s_own() -> None:
    with capture() as captured, agentotel.agent("outer"):
        with calling(), agentotel.tool_call("t"):
            pass
        with agentotel.agent("inner"), calling():
            pass
    own = point(captured, "gen_ai.invoke_agent.inference_calls", gen_ai__agent__name="outer")
    whole = point(captured, "agent.run.llm_calls", gen_ai__agent__name="outer")
    assert own is not None
    assert whole is not None
    assert (own.sum, whole.sum) == (1, 2)


def test_a_segment_that_is_resumed_later_is_no_end_of_a_session() -> None:
    with capture() as captured:
        with agentotel.session("s-1"):
            pass
        assert point(captured, "agent.session.duration") is None
        with agentotel.session("s-1") as last:
            last.end("human_stop")
    found = point(captured, "agent.session.duration")
    assert found is not None
    assert found.count == 1
    assert amount(captured, "agent.session.stops", stop_reason="human_stop") == 1


def test_metrics_that_cannot_be_read_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(guard, "on_error", lambda site, _error: seen.append(site))
    reader = InMemoryMetricReader()
    recorder = MetricRecorder(MeterProvider([reader], shutdown_on_exit=False).get_meter("x"))
    monkeypatch.setattr(recorder, "_tally", None)
    assert reader.get_metrics_data() is None or seen
    assert set(seen) == {"record.collect"}


def records(captured: Captured, name: str) -> list[Any]:
    return [event for event in captured.events if event.signal == "logs" and event.name == name]


DETAILS = "gen_ai.client.inference.operation.details"


def test_details_of_a_call_are_a_record_where_content_is_on_events() -> None:
    failure = Failure(type="E", category="auth", message="secret")
    told = calling(answered=answer(prompt_tokens=9), failure=failure)
    with capture(content="EVENT_ONLY") as captured, agentotel.session("s-1"), told:
        pass
    (record,) = records(captured, DETAILS)
    assert record.attributes["session.id"] == "s-1"
    assert record.attributes["gen_ai.usage.input_tokens"] == 9
    assert record.attributes["error.type"] == "E"
    assert record.attributes["agentotel.error.category"] == "auth"
    assert record.attributes["gen_ai.output.messages"][0]["parts"][0]["content"] == "On its way."
    assert record.span_id == captured.model_calls[0].span_id
    assert not [
        name for name in captured.model_calls[0].attributes if name.startswith("gen_ai.") and name.endswith(".messages")
    ]
    assert "secret" not in str(record)


@pytest.mark.parametrize(
    ("events", "on_spans", "on_logs"), [("spans", True, False), ("logs", False, True), ("both", True, True)]
)
def test_events_go_where_they_were_asked_for(events: str, *, on_spans: bool, on_logs: bool) -> None:
    with capture(events=events) as captured, agentotel.session("s-1"), calling(attempts=[Attempt(number=1)]):
        agentotel.decision("go")
    for name in ("agentotel.attempt", "agentotel.decision"):
        logged = records(captured, name)
        assert bool(logged) is on_logs
        assert all(record.attributes["session.id"] == "s-1" for record in logged)
        assert any(event.name == name for span in captured.spans for event in span.events) is on_spans
    assert records(captured, DETAILS) == []
