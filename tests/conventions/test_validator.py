"""The validator finds what is wrong: each case spoils a valid span, metric or record in one way."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.metrics.export import Histogram, Metric
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanKind, Status, StatusCode

import agentotel
from tests.conventions.everything import Everything
from tests.conventions.provider import Provider, chat, chat_stream, failed
from tests.conventions.recorded import Recorded, recorded
from tests.conventions.tables import require
from tests.conventions.validator import validate

require()


@pytest.fixture(scope="module")
def made() -> Recorded:
    with Provider() as provider, recorded(content=True, events="both") as made:
        everything = Everything(provider, "x")
        with agentotel.session(feature="f"), agentotel.turn(input="x"), agentotel.agent("a"):
            everything.ask(chat("x"))
            list(everything.ask(chat_stream("x"), stream=True))
            with pytest.raises(Exception, match="x"):
                everything.ask(failed(400, "x"))
            with agentotel.tool_call("t", {"a": 1}) as call:
                call.result({"b": 2})
            agentotel.decision("go")
    return made


@pytest.fixture(scope="module")
def detailed() -> Any:
    with Provider() as provider, recorded(content="EVENT_ONLY") as made:
        Everything(provider, "x").ask(chat("x"))
    (record,) = made.logs
    return record


def find(made: Recorded, name: str, *, failing: bool = False) -> ReadableSpan:
    return next(
        span
        for span in made.spans
        if span.name.startswith(name) and (span.status.status_code is StatusCode.ERROR) is failing
    )


def spoilt(
    span: ReadableSpan, *, drop: str | None = None, add: dict[str, Any] | None = None, **fields: Any
) -> ReadableSpan:
    attributes = {key: value for key, value in (span.attributes or {}).items() if key != drop} | (add or {})
    frame: dict[str, Any] = {
        "name": span.name,
        "context": span.context,
        "parent": span.parent,
        "kind": span.kind,
        "status": span.status,
        "events": span.events,
        "instrumentation_scope": span.instrumentation_scope,
    }
    return ReadableSpan(**{**frame, "attributes": attributes, **fields})


def test_all_is_well_to_begin_with(made: Recorded, detailed: Any) -> None:
    assert made.problems() == []
    assert validate([], logs=[detailed]) == []
    assert [validate([spoilt(span)]) for span in made.spans] == [[]] * len(made.spans)


CHAT = [
    ({"name": "chat"}, "is called"),
    ({"kind": SpanKind.INTERNAL}, "no such operation"),
    ({"status": Status(StatusCode.OK)}, "status is OK"),
    ({"status": Status(StatusCode.ERROR)}, "with error.type None"),
    ({"add": {"error.type": "E"}}, "status UNSET"),
    ({"drop": "gen_ai.provider.name"}, "required gen_ai.provider.name"),
    ({"drop": "gen_ai.request.model", "name": "chat"}, "no request.model"),
    ({"drop": "server.port"}, "without server.port"),
    ({"drop": "agentotel.outcome"}, "no outcome"),
    ({"drop": "agentotel.usage.source"}, "usage.source is None"),
    ({"drop": "gen_ai.conversation.id"}, "session.id"),
    ({"add": {"gen_ai.conversation.id": "other"}}, "session.id"),
    ({"drop": "session.id"}, "outside a session"),
    ({"add": {"gen_ai.usage.total_tokens": 3}}, "does not belong"),
    ({"add": {"gen_ai.system": "openai"}}, "does not belong"),
    ({"add": {"agentotel.invented": 3}}, "does not belong"),
    ({"add": {"agentotel.stop_reason": "completed"}}, "does not belong"),
    ({"add": {"gen_ai.embeddings.dimension.count": 3}}, "does not belong"),
    ({"add": {"gen_ai.provider.name": "groq"}}, "openai.api.type does not belong"),
    ({"add": {"gen_ai.provider.name": "xai"}}, "which is deprecated"),
    ({"add": {"gen_ai.operation.name": "talk"}}, "no such operation"),
    ({"add": {"gen_ai.request.max_tokens": 100.0}}, "not int"),
    ({"add": {"gen_ai.request.max_tokens": True}}, "not int"),
    ({"add": {"gen_ai.request.temperature": 1}}, "not double"),
    ({"add": {"gen_ai.response.finish_reasons": "stop"}}, r"not string\[\]"),
    ({"add": {"gen_ai.response.finish_reasons": (1,)}}, r"not string\[\]"),
    ({"add": {"gen_ai.request.stream": False}}, "stream is false"),
    ({"add": {"gen_ai.conversation.compacted": False}}, "compacted is false"),
    ({"add": {"gen_ai.response.time_to_first_chunk": 0.1}}, "without stream"),
    ({"add": {"agentotel.outcome": "fine"}}, "not one of"),
    ({"add": {"agentotel.cost.usd": 1}}, "not double"),
    ({"add": {"agentotel.retry.wait_s": 1.0}}, "not together"),
    ({"add": {"gen_ai.usage.cache_read.input_tokens": 1000}}, "with gen_ai.usage.input_tokens 90"),
    ({"add": {"gen_ai.input.messages": "[{]"}}, "is no JSON"),
    ({"add": {"gen_ai.input.messages": "[NaN]"}}, "is no JSON"),
    ({"add": {"gen_ai.input.messages": '[{"role":"user"}]'}}, "does not fit its schema"),
    ({"add": {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text"}]}]'}}, "part of type text lacks"),
    ({"add": {"gen_ai.tool.definitions": '[{"name":"x"}]'}}, "does not fit its schema"),
    ({"add": {"gen_ai.system_instructions": ("x",)}}, "no JSON text"),
    ({"events": [Event("agentotel.decision", {"agentotel.decision.colour": "red"})]}, "does not belong here"),
    ({"events": [Event("agentotel.decision", {"agentotel.decision.choice": 1})]}, "not string"),
    ({"events": [Event("agentotel.mine", {"mine.key": 1})]}, "does not belong here"),
    ({"events": [Event("exception", {"exception.message": "x"})]}, "does not belong here"),
    ({"events": [Event("gen_ai.evaluation.result", {})]}, "required gen_ai.evaluation.name"),
]


@pytest.mark.parametrize(("change", "problem"), CHAT, ids=range(len(CHAT)))
def test_finds_what_is_wrong_with_a_model_call(made: Recorded, change: dict[str, Any], problem: str) -> None:
    found = validate([spoilt(find(made, "chat"), **change)])
    assert found
    assert pytest.RaisesExc(AssertionError, match=problem).matches(AssertionError(" ".join(found)))


OTHERS = [
    ("execute_tool", {"name": "t"}, "is called"),
    ("execute_tool", {"kind": SpanKind.CLIENT}, "no such operation"),
    ("execute_tool", {"drop": "gen_ai.agent.name"}, "without the agent's name"),
    ("execute_tool", {"add": {"gen_ai.tool.call.result": '"text"'}}, "does not fit its schema"),
    ("execute_tool", {"add": {"gen_ai.provider.name": "openai"}}, "does not belong"),
    ("invoke_agent", {"add": {"gen_ai.agent.version": "7"}}, "was removed"),
    ("invoke_agent", {"add": {"gen_ai.provider.name": "openai"}}, "was removed"),
    ("invoke_agent", {"drop": "agentotel.stop_reason"}, "lacks agentotel.stop_reason"),
    ("invoke_agent", {"add": {"agentotel.stop_reason": "tired"}}, "not one of"),
    ("turn 1", {"name": "turn"}, "is called"),
    ("turn 1", {"kind": SpanKind.SERVER}, "INTERNAL"),
    ("turn 1", {"add": {"gen_ai.system_instructions": "[]"}}, "does not belong"),
    ("turn 1", {"drop": "agentotel.kind"}, "neither an operation nor a kind"),
    ("session f", {"name": "session 1234"}, "is called"),
    ("session f", {"add": {"agentotel.total.llm_calls": 1.0}}, "not int"),
]


@pytest.mark.parametrize(("name", "change", "problem"), OTHERS, ids=range(len(OTHERS)))
def test_finds_what_is_wrong_with_other_spans(made: Recorded, name: str, change: dict[str, Any], problem: str) -> None:
    assert problem in " ".join(validate([spoilt(find(made, name), **change)]))


def test_finds_what_a_stamp_must_not_leave(made: Recorded) -> None:
    foreign = spoilt(find(made, "chat"), instrumentation_scope=None)
    assert "does not belong on a span of another library" in " ".join(validate([foreign]))


def changed(metric: Metric, **fields: Any) -> Metric:
    point = copy.copy(metric.data.data_points[0])
    for name, value in fields.pop("point", {}).items():
        object.__setattr__(point, name, value)
    data = copy.copy(metric.data)
    object.__setattr__(data, "data_points", [point])
    for name, value in fields.pop("data", {}).items():
        object.__setattr__(data, name, value)
    return Metric(**{"name": metric.name, "description": None, "unit": metric.unit, "data": data, **fields})


METRICS: list[tuple[str, dict[str, Any], str]] = [
    ("gen_ai.client.operation.duration", {"unit": "ms"}, "has the unit"),
    ("gen_ai.client.operation.duration", {"name": "gen_ai.client.call.duration"}, "not in the table"),
    ("gen_ai.client.operation.duration", {"point": {"explicit_bounds": (0, 5)}}, "has the buckets"),
    ("gen_ai.client.operation.duration", {"point": {"attributes": {"session.id": "s"}}}, "no attribute session.id"),
    ("gen_ai.client.operation.duration", {"point": {"attributes": {}}}, "required gen_ai.operation.name"),
    ("gen_ai.client.token.usage", {"point": {"sum": 1.5}}, "not int"),
    ("agent.tool.calls", {"data": {"is_monotonic": False}}, "monotonic"),
    ("agent.tool.calls", {"point": {"attributes": {"gen_ai.tool.name": 1}}}, "not string"),
    ("agent.tool.calls", {"data": {}, "name": "agent.run.cost", "unit": "USD"}, "not a histogram"),
]


@pytest.mark.parametrize(("name", "change", "problem"), METRICS, ids=range(len(METRICS)))
def test_finds_what_is_wrong_with_a_metric(made: Recorded, name: str, change: dict[str, Any], problem: str) -> None:
    metric = next(one for one in made.metrics if one.name == name)
    assert problem in " ".join(validate([], [changed(metric, **change)]))


def test_finds_durations_that_differ_from_spans(made: Recorded) -> None:
    assert any("durations as" in one for one in validate(made.spans[1:], made.metrics))
    without_error = [
        changed(
            one,
            point={"attributes": {k: v for k, v in one.data.data_points[0].attributes.items() if k != "error.type"}},
        )
        if isinstance(one.data, Histogram)
        else one
        for one in made.metrics
    ]
    assert any("durations as" in one for one in validate(made.spans, without_error))


def test_finds_two_families_at_once(made: Recorded) -> None:
    both = [*made.metrics, Metric("gen_ai.client.inference.duration", None, "s", made.metrics[0].data)]
    assert any("two families" in one for one in validate([], both))


def record_of(record: Any, *, drop: str | None = None, **change: Any) -> Any:
    attributes = {key: value for key, value in record.attributes.items() if key != drop} | change.pop("add", {})
    frame = {"event_name": record.event_name, "severity_number": record.severity_number, "trace_id": record.trace_id}
    return SimpleNamespace(**{**frame, "attributes": attributes, **change})


RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"severity_number": SeverityNumber.INFO}, "severity"),
    ({"drop": "gen_ai.provider.name"}, "required gen_ai.provider.name"),
    ({"add": {"gen_ai.input.messages": "[]"}}, "not structured"),
    ({"add": {"gen_ai.usage.input_tokens": "9"}}, "not int"),
    ({"add": {"url.full": "x"}}, "does not belong"),
    ({"event_name": "gen_ai.choice"}, "does not belong here"),
    ({"event_name": None, "attributes": {}}, "no name of ours"),
    ({"event_name": "agentotel.note", "attributes": {"session.id": "s"}, "trace_id": 0}, "not tied to a span"),
]


@pytest.mark.parametrize(("change", "problem"), RECORDS, ids=range(len(RECORDS)))
def test_finds_what_is_wrong_with_a_log_record(detailed: Any, change: dict[str, Any], problem: str) -> None:
    assert problem in " ".join(validate([], logs=[record_of(detailed, **change)]))
