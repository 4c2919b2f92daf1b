"""Sessions: identity inside, none outside, segments, re-entry, one inside another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace

import agentotel
from agentotel import runtime
from agentotel.api import session as sessions
from agentotel.semconv import names as n
from agentotel.testing import Captured
from tests.unit.api.model import call, fail

IDENTIFYING = {n.SESSION_ID, n.CONVERSATION_ID, n.TURN_INDEX, n.TURN_ID, n.RUN_ID, n.RUN_PARENT_ID, n.STEP_ID}


@agentotel.tool
def look(order: str) -> str:
    return order


def test_identity_is_on_every_span_inside(captured: Captured, tracer: trace.Tracer) -> None:
    with agentotel.session(
        user="u-17",
        tenant="acme",
        feature="refunds",
        channel="web",
        experiment="e",
        variant="b",
        config_id="c-9",
        metadata={"region": "eu", "beta": True, "level": 3, "share": 0.5},
    ) as session:
        tracer.start_span("GET /orders").end()
        with agentotel.turn(), agentotel.agent("triage", version="7"):
            call()
            look("A-1")
            with agentotel.step("planning"), tracer.start_as_current_span("SELECT"):
                pass
    expected = {
        n.SESSION_ID: session.id,
        n.CONVERSATION_ID: session.id,
        n.USER_ID: "u-17",
        n.TENANT: "acme",
        n.FEATURE: "refunds",
        n.CHANNEL: "web",
        n.EXPERIMENT: "e",
        n.VARIANT: "b",
        n.CONFIG_ID: "c-9",
        "agentotel.metadata.region": "eu",
        "agentotel.metadata.beta": True,
        "agentotel.metadata.level": 3,
        "agentotel.metadata.share": 0.5,
    }
    assert len(captured.spans) == 8
    for span in captured.spans:
        assert expected.items() <= span.attributes.items(), span.name
    assert len(session.id) == 32


def test_place_in_the_session(captured: Captured, tracer: trace.Tracer) -> None:
    def here() -> dict[str, object]:
        tracer.start_span("here").end()
        attributes = [span for span in captured.spans if span.name == "here"][-1].attributes
        return {name: value for name, value in attributes.items() if name.startswith("agentotel.")}

    with agentotel.session():
        assert here() == {}
        with agentotel.turn() as turn:
            in_turn = {n.TURN_INDEX: 1, n.TURN_ID: turn.id}
            assert here() == in_turn
            with agentotel.agent("outer", version="7") as outer:
                assert here() == {**in_turn, n.RUN_ID: outer.id, n.AGENT_VERSION: "7"}
                with agentotel.step("planning") as step:
                    in_step = {n.STEP_ID: step.id, n.STEP_TYPE: "planning"}
                    with agentotel.step("reflection") as inner_step:
                        assert here() == {
                            **in_turn,
                            n.RUN_ID: outer.id,
                            n.AGENT_VERSION: "7",
                            n.STEP_ID: inner_step.id,
                            n.STEP_TYPE: "reflection",
                            n.STEP_PARENT_ID: step.id,
                        }
                    assert here() == {**in_turn, n.RUN_ID: outer.id, n.AGENT_VERSION: "7", **in_step}
                    with agentotel.agent("inner") as inner:
                        assert here() == {**in_turn, n.RUN_ID: inner.id, n.RUN_PARENT_ID: outer.id}
                    with agentotel.turn() as nested:
                        assert here() == {n.TURN_INDEX: 2, n.TURN_ID: nested.id}
        with agentotel.turn() as third:
            assert third.index == 3


def test_outside_a_session_there_is_no_identity(captured: Captured, tracer: trace.Tracer) -> None:
    with agentotel.turn(input="hi") as turn, agentotel.agent("triage"), agentotel.step("planning"):
        call()
        look("A-1")
        tracer.start_span("SELECT").end()
    assert turn.index is None
    assert [span.name for span in captured.spans] == [
        "turn",
        "invoke_agent triage",
        "plan triage",
        "chat gpt-5-mini",
        "execute_tool look",
        "SELECT",
    ]
    for span in captured.spans:
        assert not IDENTIFYING & span.attributes.keys(), span.name
    assert captured.turns[0].totals.llm_calls == 1


def test_after_a_session_there_is_no_identity(captured: Captured, tracer: trace.Tracer) -> None:
    with agentotel.session():
        pass
    tracer.start_span("after").end()
    assert captured.spans[-1].attributes == {}


def test_other_libraries_are_left_alone_after_uninstrument() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(shutdown_on_exit=False)
    runtime_before = runtime._runtime
    runtime._runtime = runtime._Runtime()
    try:
        agentotel.instrument(tracer_provider=provider)
        with agentotel.session() as session:
            inside = provider.get_tracer("x").start_span("inside")
            agentotel.uninstrument()
            after = provider.get_tracer("x").start_span("after")
            agentotel.event("note")
        agentotel.instrument(tracer_provider=provider)
        with agentotel.session() as again:
            inside_again = provider.get_tracer("x").start_span("inside")
    finally:
        agentotel.uninstrument()
        runtime._runtime = runtime_before
    assert dict(inside.attributes) == {n.SESSION_ID: session.id, n.CONVERSATION_ID: session.id}  # type: ignore[attr-defined]
    assert dict(after.attributes) == {}  # type: ignore[attr-defined]
    assert inside_again.attributes[n.SESSION_ID] == again.id  # type: ignore[attr-defined]


def test_events_do_nothing_while_nothing_is_recorded() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    from agentotel.record.pipeline import IDLE, activate, active

    span = TracerProvider(shutdown_on_exit=False).get_tracer("x").start_span("theirs")
    pipeline = active()
    activate(IDLE)
    try:
        with trace.use_span(span):
            agentotel.event("note")
    finally:
        activate(pipeline)
    with trace.use_span(span):
        agentotel.event("note", text="x")
    assert [event.name for event in span.events] == ["agentotel.note"]  # type: ignore[attr-defined]


# -- segments


def segment(session_id: str = "chat-1", **given: str) -> agentotel.Session:
    with agentotel.session(session_id, **given) as session, agentotel.turn(), agentotel.agent("triage"):  # type: ignore[arg-type]
        call(usage={"prompt_tokens": 10, "completion_tokens": 2})
        look("A-1")
    return session


def test_entering_an_id_again_resumes_the_session(captured: Captured) -> None:
    first, second = segment(), segment()
    assert (first.id, second.id) == ("chat-1", "chat-1")
    assert [turn.index for turn in captured.turns] == [1, 2]
    assert second.totals.llm_calls == first.totals.llm_calls == 2
    assert second.totals.input_tokens == 20
    assert [one.totals.llm_calls for one in captured.sessions] == [1, 1], "a span sums up what is below it"


def test_segments_are_linked(captured: Captured) -> None:
    for _ in range(3):
        segment()
    one, two, three = captured.sessions
    assert len({span.trace_id for span in (one, two, three)}) == 3
    assert [[link.span_id for link in span.links] for span in (one, two, three)] == [[], [one.span_id], [two.span_id]]


def test_segments_at_the_same_time_are_linked_both_ways(captured: Captured) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with agentotel.session("chat-1") as held:
            held.stop("human_stop")
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(5)
    with agentotel.session("chat-1") as session:
        pass
    leave.set()
    thread.join()
    one, two = captured.sessions
    assert [[link.span_id for link in span.links] for span in (one, two)] == [[two.span_id], [one.span_id]]
    assert (one.stop_reason, two.stop_reason, session.stop_reason) == ("human_stop", "completed", "completed")


def test_what_a_later_segment_adds_stays(captured: Captured) -> None:
    segment(user="u-1")
    segment(feature="refunds")
    segment()
    seen = [(one.user, one.feature, one.name) for one in captured.sessions]
    assert seen == [
        ("u-1", None, "session"),
        ("u-1", "refunds", "session refunds"),
        ("u-1", "refunds", "session refunds"),
    ]


def ended(captured: Captured) -> float:
    return sum(point.value or 0 for point in captured.metrics if point.name == "agent.session.stops")


def test_a_segment_does_not_end_the_session_but_end_does(captured: Captured) -> None:
    segment()
    assert ended(captured) == 0
    with agentotel.session("chat-1") as session:
        session.end("handoff", "to a colleague")
    assert ended(captured) == 1
    assert (session.stop_reason, session.stop_detail) == ("handoff", "to a colleague")
    assert segment().totals.llm_calls == 1
    assert captured.turns[-1].index == 1


def test_end_after_the_block(captured: Captured) -> None:
    session = segment()
    session.end("human_stop")
    session.end("human_stop")
    assert [one.stop_reason for one in captured.sessions] == ["completed", "human_stop"]
    assert captured.sessions[1].links[0].span_id == captured.sessions[0].span_id
    assert captured.sessions[1].children == ()
    assert ended(captured) == 1
    assert segment().totals.llm_calls == 1


def test_end_after_the_block_inside_another_session(captured: Captured, warnings: Callable[[], list[str]]) -> None:
    session = segment()
    with agentotel.session("other") as other:
        session.end()
    assert warnings() == []
    assert other.stop_reason == "completed"
    assert [one.session_id for one in captured.sessions] == ["chat-1", "other", "chat-1"]


def test_a_session_without_an_id_ends_with_its_block(captured: Captured) -> None:
    with agentotel.session() as session:
        session.end("handoff")
    session.end("denied")
    assert [one.stop_reason for one in captured.sessions] == ["handoff"]
    assert ended(captured) == 1
    assert dict(sessions._sessions) == {}


def test_an_error_in_a_segment(captured: Captured) -> None:
    with pytest.raises(LookupError), agentotel.session("chat-1"), agentotel.turn():
        raise LookupError
    again = segment()
    assert [one.stop_reason for one in captured.sessions] == ["crashed", "completed"]
    assert [turn.index for turn in captured.turns] == [1, 2]
    assert again.stop_reason == "completed"


def test_the_registry_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    for number in range(5):
        segment(f"chat-{number}")
        segment("chat-0")
    assert list(sessions._sessions) == ["chat-3", "chat-4", "chat-0"]
    assert segment("chat-1").totals.llm_calls == 1
    assert segment("chat-0").totals.llm_calls == 7


def test_the_registry_keeps_no_messages_and_no_spans() -> None:
    segment()
    (known,) = sessions._sessions.values()
    assert known.whole is not None
    assert (known.whole.hashes, known.whole.reading, known.whole.requested) == (None, None, None)
    assert type(known.last) is trace.NonRecordingSpan


def test_a_session_forgotten_while_open_goes_on(monkeypatch: pytest.MonkeyPatch, captured: Captured) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 1)
    with agentotel.session("chat-1") as session:
        thread = threading.Thread(target=segment, args=("chat-2",))
        thread.start()
        thread.join()
        look("A-1")
    assert session.totals.tool_calls == 1
    assert ended(captured) == 0


def test_a_number_is_an_id(captured: Captured) -> None:
    with agentotel.session(17) as session:  # type: ignore[arg-type]
        pass
    assert session.id == "17"
    assert captured.sessions[0].session_id == "17"


# -- one inside another


@pytest.mark.parametrize("session_id", ["chat-1", None], ids=["by id", "random id"])
def test_the_same_session_inside_itself(
    captured: Captured,
    warnings: Callable[[], list[str]],
    session_id: str | None,
) -> None:
    with agentotel.session(session_id, user="u-1") as outer, agentotel.turn(), agentotel.agent("triage"):
        with agentotel.session(outer.id, user="u-2") as inner:
            assert inner.id == outer.id
            look("A-1")
            inner.event("note", text="x")
            inner.result = "partial"
        assert inner.totals == outer.totals
        assert inner.totals.tool_calls == 1
        look("A-2")
        assert outer.stop_reason is None
    assert [span.name for span in captured.spans].count("session") == 1
    assert captured.tool_calls[0].parent == captured.tool_calls[1].parent == captured.runs[0]
    assert {span.attributes[n.USER_ID] for span in captured.spans} == {"u-1"}
    assert [event.kind for event in captured.sessions[0].events] == ["note"]
    assert (outer.result, inner.result, inner.stop_reason) == ("partial", "partial", "completed")
    assert warnings() == []


def test_an_error_through_the_same_session_inside_itself(captured: Captured) -> None:
    with agentotel.session("chat-1") as outer:
        with pytest.raises(LookupError), agentotel.session("chat-1"):
            raise LookupError
        look("A-1")
    assert outer.stop_reason == "completed"
    assert captured.sessions[0].status == "UNSET"


def test_end_inside_itself_ends_the_session(captured: Captured) -> None:
    with agentotel.session("chat-1") as outer:
        with agentotel.session("chat-1") as inner:
            inner.end("handoff")
        look("A-1")
    assert outer.stop_reason == "handoff"
    assert ended(captured) == 1


def test_another_session_inside(captured: Captured, warnings: Callable[[], list[str]]) -> None:
    with agentotel.session("outer", user="u-1") as outer, agentotel.turn():
        for _ in range(2):
            with agentotel.session("inner") as inner, agentotel.turn() as turn:
                assert turn.index in {1, 2}
                look("A-1")
        look("A-2")
    assert len(warnings()) == 1
    assert "session inner is opened inside session outer" in warnings()[0]
    around, first, second = captured.sessions
    assert first.trace_id == around.trace_id
    assert first.parent == captured.turns[0]
    assert [link.span_id for link in first.links] == [around.span_id]
    assert [link.span_id for link in second.links] == [first.span_id, around.span_id]
    assert [link.span_id for link in around.links] == [first.span_id, second.span_id]
    assert n.USER_ID not in first.attributes
    assert (inner.totals.tool_calls, outer.totals.tool_calls) == (2, 3), "sums are of the subtree"
    assert captured.tool_calls[-1].session_id == "outer"


def test_why_a_session_inside_ended_reaches_the_outer_one(captured: Captured) -> None:
    class RateLimitError(Exception):
        status_code = 429

    with (
        pytest.raises(RateLimitError),
        agentotel.session("outer"),
        agentotel.session("inner"),
    ):
        fail(RateLimitError())
    assert [one.stop_reason for one in captured.sessions] == ["rate_limited"] * 2


# -- bounds


def test_attributes_are_bounded(captured: Captured, warnings: Callable[[], list[str]]) -> None:
    many = {f"k{number}": number for number in range(100)}
    for _ in range(2):
        with agentotel.session(user="u" * 5000, metadata={"long": "x" * 5000, **many}):
            pass
    attributes = captured.sessions[0].attributes
    assert len(str(attributes[n.USER_ID])) == len(str(attributes["agentotel.metadata.long"])) == 1024
    assert len([name for name in attributes if name.startswith(n.METADATA_PREFIX)]) == 32
    assert len(warnings()) == 3


def test_a_session_as_a_decorator_is_a_new_one_each_time(captured: Captured) -> None:
    @agentotel.session(feature="chat")
    def serve() -> None:
        look("A-1")

    @agentotel.session("chat-1")
    def resume() -> Iterator[int]:
        with agentotel.turn() as turn:
            yield turn.index or 0

    for _ in range(2):
        serve()
    assert len({one.session_id for one in captured.sessions}) == 2
    assert [list(resume()) for _ in range(2)] == [[1], [2]]
