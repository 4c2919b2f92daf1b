from __future__ import annotations

import asyncio
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import agentotel
from agentotel import runtime
from agentotel._core import guard
from agentotel.errors import ConfigurationError
from agentotel.facts.totals import Totals
from agentotel.record.pipeline import IDLE, active
from agentotel.testing import ModelCall, Run, Session, Step, ToolCall, Turn, capture, strict
from tests.fakes.calls import QUESTION, answer, calling

USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 80,
    "prompt_tokens_details": {"cached_tokens": 1024},
    "completion_tokens_details": {"reasoning_tokens": 64},
}


@agentotel.tool(version="2.1")
def lookup_order(order_id: str) -> dict[str, str]:
    if order_id == "none":
        raise KeyError(order_id)
    return {"order_id": order_id}


def refund_desk() -> None:
    with agentotel.session(user="u-17", feature="refunds"), agentotel.turn(input="Where?") as turn:
        with agentotel.agent("triage", version="7"):
            with agentotel.step("planning"), calling(answered=answer(**USAGE)):
                pass
            lookup_order("A-1")
            agentotel.decision("refund", options=["refund", "wait"])
        turn.output("It arrives on Monday.")


def test_the_spans_of_a_block_are_values_of_what_they_are() -> None:
    with capture() as captured:
        refund_desk()
    assert [type(span) for span in captured.spans] == [Session, Turn, Run, Step, ModelCall, ToolCall]
    assert [span.name for span in captured.spans] == [
        "session refunds",
        "turn 1",
        "invoke_agent triage",
        "plan triage",
        "chat gpt-5-mini",
        "execute_tool lookup_order",
    ]
    assert {span.scope for span in captured.spans} == {"agentotel"}


def test_a_model_call_shows_its_facts() -> None:
    with capture() as captured:
        refund_desk()
    (call,) = captured.model_calls
    assert (call.operation, call.provider, call.model, call.response_model) == (
        "chat",
        "openai",
        "gpt-5-mini",
        "gpt-5-mini-2025-08-07",
    )
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (
        1200,
        80,
        1024,
        64,
    )
    assert call.cache_write_tokens is None
    assert call.finish_reasons == ("stop",)
    assert call.cost_usd is not None
    assert call.cost_usd > 0
    assert (call.kind, call.status, call.error_type, call.outcome) == ("CLIENT", "UNSET", None, "completed")
    assert call.duration_s >= 0


def test_tools_runs_turns_and_sessions_show_their_facts() -> None:
    with capture() as captured:
        refund_desk()
    (tool,), (run,), (turn,), (session,) = captured.tool_calls, captured.runs, captured.turns, captured.sessions
    assert (tool.tool, tool.version, tool.attempt) == ("lookup_order", "2.1", 1)
    assert tool.args_hash is not None
    assert (run.agent, run.version, run.stop_reason) == ("triage", "7", agentotel.StopReason.COMPLETED)
    assert (turn.index, turn.stop_reason) == (1, "completed")
    assert (session.user, session.feature) == ("u-17", "refunds")
    assert {span.session_id for span in captured.spans} == {session.session_id}
    (call,) = captured.model_calls
    assert session.totals == Totals(
        cost_usd=call.cost_usd, llm_calls=1, tool_calls=1, input_tokens=1200, output_tokens=80
    )
    assert [step.type for step in captured.steps] == ["planning"]


def test_parents_and_children_can_be_walked() -> None:
    with capture() as captured:
        refund_desk()
    (run,), (turn,) = captured.runs, captured.turns
    assert run.parent == turn
    assert [child.name for child in run.children] == ["plan triage", "execute_tool lookup_order"]
    assert captured.sessions[0].parent is None
    assert captured.model_calls[0].children == ()


def test_values_cannot_be_changed() -> None:
    with capture() as captured:
        refund_desk()
    (call,) = captured.model_calls
    with pytest.raises(dataclasses.FrozenInstanceError):
        call.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        call.attributes["gen_ai.request.model"] = "other"  # type: ignore[index]
    assert len({*captured.spans, *captured.spans}) == 6


def test_content_is_off_and_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTOTEL_CONTENT", "true")
    with capture() as without:
        refund_desk()
    with capture(content=True) as captured:
        refund_desk()
    assert without.model_calls[0].input_messages is None
    assert without.tool_calls[0].arguments is None
    assert "Where" not in str([dict(span.attributes) for span in without.spans])
    assert captured.model_calls[0].input_messages[0]["parts"] == [{"type": "text", "content": "Where is it?"}]
    assert captured.model_calls[0].output_messages[0]["parts"] == [{"type": "text", "content": "On its way."}]
    assert captured.tool_calls[0].arguments == {"order_id": "A-1"}
    assert captured.tool_calls[0].result == {"order_id": "A-1"}
    assert captured.turns[0].input[0]["parts"][0]["content"] == "Where?"


@pytest.mark.parametrize(("events", "signals"), [("spans", ["spans"]), ("logs", ["logs"]), ("both", ["spans", "logs"])])
def test_events_come_from_spans_and_log_records(events: str, signals: list[str]) -> None:
    with capture(events=events) as captured:
        refund_desk()
    decisions = [event for event in captured.events if event.kind == "decision"]
    assert sorted(event.signal for event in decisions) == sorted(signals)
    for event in decisions:
        assert event.name == "agentotel.decision"
        assert event.attributes["agentotel.decision.choice"] == "refund"
        assert event.span == captured.runs[0]


def test_an_evaluation_is_an_event_of_its_kind_and_others_have_none() -> None:
    with capture() as captured, agentotel.turn():
        agentotel.evaluation("helpful", score=0.5)
        trace.get_current_span().add_event("cache.miss")
    assert [(event.name, event.kind) for event in captured.events] == [
        ("gen_ai.evaluation.result", "evaluation"),
        ("cache.miss", None),
    ]


def test_metrics_are_points_as_they_stand() -> None:
    with capture() as captured:
        lookup_order("A-1")
        before = [point.value for point in captured.metrics if point.name == "agent.tool.calls"]
        lookup_order("A-2")
    by_name = {point.name: point for point in captured.metrics}
    assert before == [1]
    calls = by_name["agent.tool.calls"]
    assert (calls.kind, calls.unit, calls.value, calls.count) == ("sum", "{call}", 2, None)
    assert calls.attributes == {"gen_ai.tool.name": "lookup_order"}
    duration = by_name["gen_ai.execute_tool.duration"]
    assert (duration.kind, duration.unit, duration.count, duration.value) == ("histogram", "s", 2, None)
    assert duration.sum == pytest.approx(sum(call.duration_s for call in captured.tool_calls))


def test_links_point_to_other_spans() -> None:
    with capture() as captured:
        with agentotel.session("s-1"):
            pass
        with agentotel.session("s-1") as again:
            again.end()
    first, second = captured.sessions
    (link,) = second.links
    assert (link.trace_id, link.span_id) == (first.trace_id, first.span_id)


def test_the_tree_shows_names_and_failures() -> None:
    with capture() as captured:
        with agentotel.session(feature="refunds"), agentotel.turn():
            with pytest.raises(KeyError):
                lookup_order("none")
            with agentotel.agent("triage"):
                lookup_order("A-1")
        lookup_order("A-2")
    assert str(captured) == captured.tree()
    assert captured.tree().splitlines() == [
        "session refunds",
        "└─ turn 1",
        "   ├─ execute_tool lookup_order ! KeyError",
        "   └─ invoke_agent triage",
        "      └─ execute_tool lookup_order",
        "execute_tool lookup_order",
    ]
    with capture() as nothing:
        pass
    assert nothing.tree() == "(no spans)"


async def test_coroutines_are_captured() -> None:
    @agentotel.tool
    async def search(query: str) -> str:
        await asyncio.sleep(0)
        return query

    with capture() as captured, agentotel.turn():
        await asyncio.gather(search("a"), search("b"))
    assert [call.parent for call in captured.tool_calls] == [captured.turns[0]] * 2


def test_threads_are_captured() -> None:
    with capture() as captured, agentotel.turn(), ThreadPoolExecutor(2) as pool:
        list(pool.map(lookup_order, ["A-1", "A-2"]))
    assert [call.parent for call in captured.tool_calls] == [captured.turns[0]] * 2


def test_spans_that_have_not_ended_are_left_out() -> None:
    with capture() as captured, agentotel.turn():
        lookup_order("A-1")
        assert [span.name for span in captured.spans] == ["execute_tool lookup_order"]
        assert captured.spans[0].parent is None
        assert captured.spans[0].parent_id is not None


# -- nothing is left behind


def test_nothing_global_is_used_or_left() -> None:
    provider = trace.get_tracer_provider()
    submit = ThreadPoolExecutor.submit
    state = vars(runtime._runtime).copy()
    with capture() as captured:
        refund_desk()
        assert trace.get_tracer_provider() is provider
    assert trace.get_tracer_provider() is provider
    assert ThreadPoolExecutor.submit is submit
    assert active() is IDLE
    assert guard.on_error is guard.report
    assert vars(runtime._runtime) == state
    refund_desk()
    assert len(captured.spans) == 6


def test_it_also_ends_when_the_block_raises() -> None:
    with pytest.raises(LookupError), capture(), agentotel.turn():
        raise LookupError
    assert active() is IDLE
    assert guard.on_error is guard.report
    assert not trace.get_current_span().get_span_context().is_valid


def test_what_was_in_place_is_put_back() -> None:
    outer = TracerProvider()
    agentotel.instrument(tracer_provider=outer)
    try:
        pipeline, providers = active(), runtime._runtime.providers
        with capture():
            assert active() is not pipeline
        assert active() is pipeline
        assert runtime._runtime.providers is providers
        assert hasattr(ThreadPoolExecutor.submit, "__wrapped__")
        agentotel.instrument(tracer_provider=outer, meter_provider=providers.meter, logger_provider=providers.logger)
    finally:
        agentotel.uninstrument()


def test_it_nests() -> None:
    with capture() as outer:
        lookup_order("A-1")
        with capture() as inner:
            lookup_order("A-2")
            lookup_order("A-3")
        lookup_order("A-4")
    assert (len(outer.spans), len(inner.spans)) == (2, 2)


def test_a_block_starts_outside_every_session() -> None:
    with capture() as outer, agentotel.session("s-1") as session:
        with capture() as inner:
            lookup_order("A-1")
            with agentotel.session("s-1"), agentotel.turn() as turn:
                assert turn.index == 1
        lookup_order("A-2")
        session.end()
    assert inner.tool_calls[0].parent_id is None
    assert inner.tool_calls[0].session_id is None
    assert outer.tool_calls[0].session_id == "s-1"
    assert outer.sessions[0].totals.tool_calls == 1


def test_sessions_of_other_blocks_are_not_resumed() -> None:
    for _ in range(2):
        with capture() as captured, agentotel.session("s-1"), agentotel.turn():
            pass
        assert [turn.index for turn in captured.turns] == [1]
        assert captured.sessions[0].links == ()


def test_set_up_inside_the_block_changes_nothing() -> None:
    provider = trace.get_tracer_provider()
    with capture() as captured:
        agentotel.init(service_name="refund-desk", console=True)
        agentotel.instrument(tracer_provider=TracerProvider())
        lookup_order("A-1")
        agentotel.shutdown()
        agentotel.uninstrument()
        lookup_order("A-2")
        assert agentotel.flush()
        with pytest.raises(ConfigurationError):
            agentotel.init(content="nowhere")
    assert len(captured.tool_calls) == 2
    assert trace.get_tracer_provider() is provider


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'content'"), capture(contents=True):
        pass
    assert active() is IDLE


def test_a_disabled_sdk_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OTEL_SDK_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="unset it"), capture():
        pass


# -- strict


def _break() -> object:
    return guard.site("test.site")(lambda: 1 // 0)


def test_internal_errors_surface() -> None:
    with capture(), pytest.raises(ZeroDivisionError) as raised:
        _break()
    assert "test.site" in raised.value.__notes__[0]


def test_internal_errors_can_be_left_as_in_production() -> None:
    before = guard.counts().get("test.site", 0)
    with capture(strict=False):
        assert _break() is None
    assert guard.counts()["test.site"] == before + 1


def test_strict_ends_with_its_block() -> None:
    with strict(), pytest.raises(ZeroDivisionError):
        _break()
    assert _break() is None


def test_the_question_is_not_changed() -> None:
    kept = {**QUESTION}
    with capture(content=True):
        refund_desk()
    assert kept == QUESTION
