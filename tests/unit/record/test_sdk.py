"""Attributes that are written past the SDK's checks come out as those that went through its API."""

from __future__ import annotations

import functools
import itertools
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, Tracer, TracerProvider, sampling
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator

from agentotel.record import sdk

ATTRIBUTES = {
    "text": "word " * 9,
    "count": 3,
    "share": 0.5,
    "is": True,
    "several": ("a", "b"),
    "list": ["a"],
    "started": "again",
}

STARTING = {"text": "a", "count": 3, "share": 0.5, "is": True}

LIMITS = {
    "none": SpanLimits(),
    "few attributes": SpanLimits(max_span_attributes=3),
    "just enough": SpanLimits(max_span_attributes=7),
    "short values": SpanLimits(max_attribute_length=4),
    "short values on spans": SpanLimits(max_span_attribute_length=4),
    "few attributes of events": SpanLimits(max_event_attributes=2),
    "few events": SpanLimits(max_events=1),
}


def written(limits: SpanLimits, *, through_api: bool) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span: Any = provider.get_tracer("t").start_span("call", attributes={"started": "first"})
    if through_api:
        span.set_attributes(ATTRIBUTES)
    else:
        sdk.write(span, ATTRIBUTES)
    span.end()
    return exporter.get_finished_spans()[0]


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_the_attributes_are_those_of_the_api(limits: SpanLimits) -> None:
    wanted, found = written(limits, through_api=True), written(limits, through_api=False)
    assert dict(found.attributes or {}) == dict(wanted.attributes or {})
    assert found.dropped_attributes == wanted.dropped_attributes


def told(limits: SpanLimits, *, through_api: bool) -> ReadableSpan:
    span: Any = TracerProvider(span_limits=limits, shutdown_on_exit=False).get_tracer("t").start_span("call")
    tell: Any = span.add_event if through_api else functools.partial(sdk.add_event, span)
    for name, at_ns in (("first", 1), ("second", 2)):
        tell(name, ATTRIBUTES, at_ns)
    span.end()
    tell("too late", ATTRIBUTES, 3)
    return span  # type: ignore[no-any-return]


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_the_events_are_those_of_the_api(limits: SpanLimits) -> None:
    wanted, found = (told(limits, through_api=one) for one in (True, False))
    assert found.dropped_events == wanted.dropped_events
    assert [shown(event) for event in found.events] == [shown(event) for event in wanted.events]


def shown(event: Any) -> Any:
    return event.name, dict(event.attributes), event.timestamp, event.dropped_attributes


def test_an_event_is_now_unless_it_says_when() -> None:
    span: Any = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("call")
    sdk.add_event(span, "now", {})
    assert 0 <= time.time_ns() - span.events[0].timestamp < 60e9


STARTS = pytest.mark.skipif(sdk._version() < sdk._STARTS, reason="spans of this SDK start through its API")


@STARTS
def test_the_installed_sdk_starts_spans_as_known() -> None:
    """If this fails after an upgrade of the SDK: read its start of a span, then raise ``KNOWN``."""
    assert isinstance(sdk.starter(TracerProvider(shutdown_on_exit=False).get_tracer("t")), functools.partial)


def test_the_installed_sdk_is_known() -> None:
    """If this fails after an upgrade of the SDK: read its spans, consumer and aggregations, then raise ``KNOWN``."""
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("call")
    assert sdk.is_known()
    assert sdk._is_sdks(type(span), "_Span")


def test_spans_of_others_are_written_through_the_api() -> None:
    class Own(trace.NonRecordingSpan):
        def set_attributes(self, attributes: Any) -> None:
            self.attributes = attributes

    span = Own(trace.INVALID_SPAN_CONTEXT)
    sdk.write(span, ATTRIBUTES)
    assert span.attributes == ATTRIBUTES


def test_an_sdk_that_has_not_loaded_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.sdk.version", raising=False)
    assert sdk.is_known()


class Marking(sampling.Sampler):
    """Says of a span what it says, and more."""

    def __init__(self, decision: sampling.Decision, **more: Any) -> None:
        self.decision = decision
        self.more = more

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: trace.SpanKind | None = None,
        attributes: Any = None,
        *_: Any,
        **__: Any,
    ) -> sampling.SamplingResult:
        state = trace.TraceState([("by", f"{name} {kind}"), ("in", "root" if parent_context == {} else "trace")])
        return sampling.SamplingResult(self.decision, {**attributes, **self.more, "trace": trace_id % 2**62}, state)

    def get_description(self) -> str:
        return "marking"


SAMPLERS = {
    "on": sampling.ALWAYS_ON,
    "off": sampling.ALWAYS_OFF,
    "parent": sampling.DEFAULT_ON,
    "parent, off": sampling.DEFAULT_OFF,
    "by kind of parent": sampling.ParentBased(
        sampling.TraceIdRatioBased(0.5),
        remote_parent_sampled=Marking(sampling.Decision.RECORD_ONLY),
        remote_parent_not_sampled=sampling.DEFAULT_ON,
        local_parent_sampled=sampling.ALWAYS_OFF,
        local_parent_not_sampled=Marking(sampling.Decision.RECORD_AND_SAMPLE, local=1),
    ),
    "half": sampling.ParentBasedTraceIdRatio(0.5),
    "record only": Marking(sampling.Decision.RECORD_ONLY),
    "with a state": Marking(sampling.Decision.RECORD_AND_SAMPLE),
    "with attributes": Marking(sampling.Decision.RECORD_AND_SAMPLE, **{"sampler.list": ["a"], "count": 4}),
}


def around(flags: int, *, remote: bool) -> Context:
    state = trace.TraceState([("by", "parent")])
    parent = trace.SpanContext(2**100 + 1, 5, is_remote=remote, trace_flags=trace.TraceFlags(flags), trace_state=state)
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


AROUND = {
    "nothing": Context(),
    "a sampled span": around(1, remote=False),
    "a remote span": around(1, remote=True),
    "a random trace": around(3, remote=True),
    "a span that is not sampled": around(0, remote=False),
    "a remote span that is not sampled": around(0, remote=True),
}


class Counted(IdGenerator):
    """Counts instead of throwing dice, and says so."""

    def __init__(self) -> None:
        self.ids = itertools.count(2**63 - 1, 2**62)

    def generate_span_id(self) -> int:
        return next(self.ids) % 2**64

    def generate_trace_id(self) -> int:
        return next(self.ids) % 2**128

    def is_trace_id_random(self) -> bool:
        return True


class Started(SpanProcessor):
    """Keeps what a span has by the time that it is told of it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.seen.append((dict(span.attributes or {}), parent_context, type(span), span.is_recording()))


def started(
    context: Context, *, through_api: bool, attributes: Mapping[str, Any] = STARTING, **provider: Any
) -> tuple[Any, ...]:
    telemetry = TracerProvider(id_generator=Counted(), shutdown_on_exit=False, **provider)
    processor = Started()
    telemetry.add_span_processor(processor)
    tracer = telemetry.get_tracer("t", "1", "https://example.com/schema", {"of": "scope"})
    link = trace.Link(trace.get_current_span(AROUND["a sampled span"]).get_span_context(), {"link": ["a", "b"]})
    start = tracer.start_span if through_api else sdk.starter(tracer)
    span: Any = start(
        "call", context=context, kind=trace.SpanKind.CLIENT, attributes=attributes, links=[link], start_time=7
    )
    own = span.get_span_context()
    span.set_attribute("later", 1)
    span.end(end_time=9)
    told = json.loads(span.to_json()) if span.__class__.__name__ == "_Span" else type(span)
    return tuple(own), own.trace_state, told, processor.seen


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("context", AROUND.values(), ids=AROUND)
def test_a_span_starts_as_through_the_api(context: Context, sampler: sampling.Sampler) -> None:
    wanted, found = (started(context, through_api=one, sampler=sampler) for one in (True, False))
    assert found == wanted


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("many", [0, 70, 200])
def test_a_span_starts_within_the_limits_of_the_sdk(limits: SpanLimits, many: int) -> None:
    attributes = {**STARTING, **{f"more.{number}": number for number in range(many)}}
    wanted, found = (
        started(Context(), through_api=one, attributes=attributes, span_limits=limits) for one in (True, False)
    )
    assert found == wanted


def test_a_tracer_that_somebody_else_patched_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    monkeypatch.setattr(Tracer, "start_span", lambda *_, **__: trace.INVALID_SPAN)
    assert sdk.starter(tracer)("call", attributes={}) is trace.INVALID_SPAN


@STARTS
def test_a_tracer_that_is_off_starts_nothing() -> None:
    tracer: Any = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    tracer._tracer_config.is_enabled = False
    span = sdk.starter(tracer)(
        "call", context=Context(), kind=trace.SpanKind.CLIENT, attributes={}, links=None, start_time=7
    )
    assert not span.is_recording()
