"""Attributes that are written past the SDK's checks come out as those that went through its API."""

from __future__ import annotations

import functools
import sys
import time
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

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


def test_the_installed_sdk_is_known() -> None:
    """If this fails after an upgrade of the SDK: read its spans, consumer and aggregations, then raise ``KNOWN``."""
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("call")
    assert sdk.is_known()
    assert sdk._is_open(type(span))


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
