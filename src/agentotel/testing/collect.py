"""In-memory ends of the three signals, and what they hold as values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from opentelemetry.context import Context
from opentelemetry.sdk.metrics.export import Gauge, Histogram, InMemoryMetricReader, Metric, Sum
from opentelemetry.sdk.trace import Event as SdkEvent
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from agentotel._core import late
from agentotel.api.events import EVALUATION
from agentotel.record.processor import SCOPE
from agentotel.testing.values import Event, Link, Point, Span
from agentotel.testing.views import kind_of

Spans = Mapping[str, Span]


class SpanCollector(SpanProcessor):
    """Keeps finished spans, in the order they started."""

    def __init__(self) -> None:
        self._started: list[SdkSpan] = []
        self._ended: dict[int, ReadableSpan] = {}

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the interface
        """Remember when it started."""
        self._started.append(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it."""
        self._ended[_context(span).span_id] = span

    def read(self) -> Spans:
        """Give the finished spans by id."""
        late.settle()
        spans: dict[str, Span] = {}
        for started in list(self._started):
            ended = self._ended.get(_context(started).span_id)
            if ended is not None:
                made = _span(ended, MappingProxyType(spans))
                spans[made.span_id] = made
        return spans


class LogCollector:
    """Keeps log records. Has the methods of the SDK's processor, whose signatures differ between its versions."""

    def __init__(self) -> None:
        self._emitted: list[Any] = []

    def on_emit(self, log_record: Any) -> None:
        """Keep it."""
        self._emitted.append(log_record.log_record)

    def enabled(self, **_of: object) -> bool:
        """Take every record."""
        return True

    def shutdown(self) -> None:
        """Do nothing: nothing is open."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's interface
        """Do nothing: nothing is queued."""
        return True

    def read(self, spans: Spans) -> Iterator[Event]:
        """Give the records, oldest first."""
        for record in list(self._emitted):
            yield Event(
                name=record.event_name or "",
                kind=_kind(record.event_name or ""),
                attributes=_frozen(record.attributes),
                signal="logs",
                time_ns=record.timestamp or record.observed_timestamp or 0,
                span_id=format_span_id(record.span_id) if record.span_id else None,
                body=record.body,
                _spans=spans,
            )


def points(reader: InMemoryMetricReader) -> Iterator[Point]:
    """Collect the metrics now, and give their series."""
    late.settle()
    data = reader.get_metrics_data()
    for resource in () if data is None else data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from _points(metric)


def _context(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None  # noqa: S101 - a span of the SDK has one
    return context


def _span(span: ReadableSpan, spans: Spans) -> Span:
    context = _context(span)
    attributes = _frozen(span.attributes)
    scope = None if span.instrumentation_scope is None else span.instrumentation_scope.name
    span_id = format_span_id(context.span_id)
    return (kind_of(attributes) if scope == SCOPE else Span)(
        name=span.name,
        kind=span.kind.name,
        status=span.status.status_code.name,  # type: ignore[arg-type]  # the names of an enum
        status_description=span.status.description,
        attributes=attributes,
        events=tuple(_event(event, span_id, spans) for event in span.events),
        links=tuple(
            Link(
                trace_id=format_trace_id(link.context.trace_id),
                span_id=format_span_id(link.context.span_id),
                attributes=_frozen(link.attributes),
            )
            for link in span.links
        ),
        trace_id=format_trace_id(context.trace_id),
        span_id=span_id,
        parent_id=None if span.parent is None else format_span_id(span.parent.span_id),
        started_at_ns=span.start_time or 0,
        ended_at_ns=span.end_time or 0,
        scope=scope,
        _spans=spans,
    )


def _event(event: SdkEvent, span_id: str, spans: Spans) -> Event:
    return Event(
        name=event.name,
        kind=_kind(event.name),
        attributes=_frozen(event.attributes),
        signal="spans",
        time_ns=event.timestamp,
        span_id=span_id,
        _spans=spans,
    )


def _kind(name: str) -> str | None:
    if name == EVALUATION:
        return "evaluation"
    return name.removeprefix("agentotel.") if name.startswith("agentotel.") else None


def _frozen(attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return MappingProxyType(dict(attributes or {}))


_KINDS: Final[Mapping[type, Literal["histogram", "sum", "gauge"]]] = {
    Histogram: "histogram",
    Sum: "sum",
    Gauge: "gauge",
}
_VALUES: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "histogram": lambda point: {"sum": point.sum, "count": point.count},
    "sum": lambda point: {"value": point.value},
    "gauge": lambda point: {"value": point.value},
}


def _points(metric: Metric) -> Iterator[Point]:
    kind = _KINDS.get(type(metric.data))
    if kind is None:
        return
    for point in metric.data.data_points:
        yield Point(
            name=metric.name,
            unit=metric.unit or "",
            kind=kind,
            attributes=_frozen(point.attributes),
            **_VALUES[kind](point),
        )
