"""A session with every operation and outcome holds to the conventions, and leaks nothing."""

from __future__ import annotations

import logging
import re
from collections import Counter

import pytest
from opentelemetry.context import Context

import agentotel
from agentotel.semconv import metrics as m
from agentotel.semconv import names as n
from agentotel.semconv import own
from tests.conventions.everything import Everything
from tests.conventions.provider import Provider, chat
from tests.conventions.recorded import Recorded, recorded
from tests.conventions.tables import CONTENT, require

require()

MODES = [
    {"content": content, "events": events, "metrics": family}
    for content, events, family in (
        ("NO_CONTENT", "spans", "shipped"),
        ("NO_CONTENT", "both", "spec"),
        ("SPAN_ONLY", "spans", "spec"),
        ("EVENT_ONLY", "logs", "shipped"),
        ("SPAN_AND_EVENT", "both", "shipped"),
    )
]
CANARY = "c4nary"
HALVES = (b"c4nary", b"C4NARY", b"YzRuYXJ5")


def run(provider: Provider, **settings: object) -> Recorded:
    with recorded(**settings) as made:
        Everything(provider, CANARY).run()
    return made


@pytest.fixture(scope="module")
def quiet() -> Recorded:
    with Provider() as provider:
        return run(provider, events="both")


@pytest.mark.parametrize("settings", MODES, ids=lambda one: "-".join(one.values()))
def test_holds_to_the_conventions(provider: Provider, settings: dict[str, str]) -> None:
    made = run(provider, **settings)
    assert made.problems() == []
    emitted = {metric.name for metric in made.metrics}
    other = m.SPEC_ONLY if settings["metrics"] == "shipped" else m.SHIPPED_ONLY
    assert emitted == {one.name for one in m.ALL} - {one.name for one in other} - {m.INTERNAL_ERRORS.name}


def test_every_kind_of_operation_and_outcome_is_there(quiet: Recorded) -> None:
    seen = [(span.attributes or {}) for span in quiet.spans]
    assert {one.get("gen_ai.operation.name") for one in seen} == {
        *("chat", "text_completion", "generate_content", "embeddings", "fetch_response"),
        *("moderation", "retrieval"),
        *("execute_tool", "invoke_agent", "plan", None),
    }
    assert {one.get("agentotel.kind") for one in seen} == {"session", "turn", "step", None}
    assert {one.get("agentotel.outcome") for one in seen} == {
        *("completed", "truncated", "abandoned", "cancelled", "error", None)
    }
    assert {one["agentotel.stop_reason"] for one in seen if "agentotel.stop_reason" in one} == {
        *("completed", "max_steps", "content_filter", "guardrail", "model_error", "cancelled", "crashed", "human_stop"),
    }
    assert {one.get("agentotel.error.category") for one in seen} >= {
        *("auth", "context_overflow", "server", "quota", "timeout", "network", "schema")
    }


def test_every_attribute_of_the_library_s_own_is_there(quiet: Recorded) -> None:
    seen = {name for span in quiet.spans for name in span.attributes or {}}
    wanted = {one.name for one in own.ATTRIBUTES}
    missing = {
        name for name in wanted if not any(one == name or (name[-1] == "." and one.startswith(name)) for one in seen)
    }
    assert missing == set(own.WITH_CONTENT)
    events = {event.name: set(event.attributes or {}) for span in quiet.spans for event in span.events}
    assert {event.name for event in own.EVENTS} <= events.keys()


def test_identity_is_on_everything_inside_the_session_and_on_nothing_else(provider: Provider) -> None:
    with recorded() as made:
        other = made.tracer.get_tracer("another library")
        with other.start_as_current_span("before"):
            pass
        with agentotel.session(user="u"), agentotel.turn(), agentotel.agent("a"):
            with other.start_as_current_span("inside"):
                Everything(provider, CANARY).ask(chat("x"))
            outside = Context()
            other.start_span("detached", context=outside).end()
    spans = {span.name: span.attributes or {} for span in made.spans}
    assert not spans["before"]
    assert not spans["detached"]
    identity = {"session.id", "gen_ai.conversation.id", "user.id", "agentotel.turn.id", "agentotel.run.id"}
    assert identity <= set(spans["inside"])
    assert {name: spans["chat gpt-4o"][name] for name in identity} == {name: spans["inside"][name] for name in identity}
    assert made.problems() == []


def test_the_session_s_id_is_the_conversation_s_whatever_the_request_says(quiet: Recorded) -> None:
    inside = {
        (span.attributes or {}).get("gen_ai.conversation.id")
        for span in quiet.spans
        if "session.id" in (span.attributes or {})
    }
    outside = {
        (span.attributes or {}).get("gen_ai.conversation.id")
        for span in quiet.spans
        if "session.id" not in (span.attributes or {})
    }
    assert "conv_1" not in inside
    assert outside == {"conv_2", None}


def test_a_fetch_says_what_it_fetches(quiet: Recorded) -> None:
    fetches = [span.attributes or {} for span in quiet.spans if span.name == "fetch_response"]
    assert [one["gen_ai.response.id"] for one in fetches] == ["resp_1", "resp_1", "resp_9"]
    assert [one.get("gen_ai.request.stream_cursor") for one in fetches] == [None, "4", None]


def test_attributes_of_openai_stay_with_openai(quiet: Recorded) -> None:
    providers = Counter(
        (span.attributes or {})["gen_ai.provider.name"]
        for span in quiet.spans
        if any(name.startswith("openai.") for name in span.attributes or {})
    )
    assert set(providers) == {"openai"}


@pytest.mark.parametrize(
    "settings", [{"events": "both", "console": True}, {"events": "both", "metrics": "spec", "hash_key": "k"}], ids=str
)
def test_without_content_nothing_of_it_leaves_the_process(
    provider: Provider, settings: dict[str, str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, logger="agentotel")
    made = run(provider, **settings)
    sent = made.otlp()
    assert len(made.spans) > 80
    assert [half for half in HALVES if half in sent] == []
    assert CANARY not in "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("agentotel")
    )
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("content", "on_spans", "on_logs"),
    [("SPAN_ONLY", True, False), ("EVENT_ONLY", False, True), ("SPAN_AND_EVENT", True, True)],
)
def test_with_content_it_is_where_it_should_be(
    provider: Provider, content: str, *, on_spans: bool, on_logs: bool
) -> None:
    made = run(provider, content=content, events="both")
    spans = {name for span in made.spans for name, value in (span.attributes or {}).items() if CANARY in str(value)}
    logs = {name for record in made.logs for name, value in (record.attributes or {}).items() if CANARY in str(value)}
    assert spans == ({*CONTENT, *own.WITH_CONTENT, n.RETRIEVAL_QUERY_TEXT} if on_spans else set())
    of_calls = {name for name in (*CONTENT, *own.WITH_CONTENT) if not re.search("tool.call|retrieval", name)}
    assert logs == (of_calls if on_logs else set())
    descriptions = [span.status.description for span in made.spans if span.status.description]
    assert any(CANARY in text for text in descriptions) == on_spans
    assert all(CANARY not in str(metric) for metric in made.metrics)
