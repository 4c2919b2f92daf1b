"""Checks of metrics and of log records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.metrics.export import Histogram, Metric, Sum
from opentelemetry.sdk.trace import ReadableSpan

from agentotel.semconv import metrics as m
from agentotel.semconv import own
from tests.conventions.spans import SCOPE, attribute_problems, event_problems, kind_of, model_rules, own_attribute
from tests.conventions.tables import allowed_on_metric, attributes_of, conventions, lacking, span_entry, wrong_type

DETAILS = "gen_ai.client.inference.operation.details"
_INSTRUMENTS = {one.name: one for one in m.ALL}
_MONOTONIC = {m.COUNTER: True, m.OBSERVABLE: True, m.GAUGE: False}


def metric_problems(metric: Metric) -> Iterator[str]:
    """Say everything that is wrong with a metric and its points."""
    one = _INSTRUMENTS.get(metric.name)
    if one is None:
        yield "is not in the table of metrics"
        return
    if metric.unit != one.unit:
        yield f"has the unit {metric.unit!r}, not {one.unit!r}"
    if isinstance(metric.data, Histogram) != (one.kind == m.HISTOGRAM):
        yield f"is a {type(metric.data).__name__}, not a {one.kind}"
        return
    if isinstance(metric.data, Sum) and metric.data.is_monotonic != _MONOTONIC[one.kind]:
        yield f"monotonic is {metric.data.is_monotonic}"
    for point in metric.data.data_points:
        yield from _point(one, point, point.attributes or {})


def _point(one: m.Instrument, point: Any, attributes: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"has no attribute {name}" for name in attributes if name not in one.attributes)
    for name, value in attributes.items():
        own_one = own_attribute(name)
        entry = conventions()["attributes"].get(name)
        yield from wrong_type(name, entry["type"] if entry else "string", value)
        if own_one is not None and own_one.everywhere and name != "agentotel.feature":
            yield f"{name} has no bounds"
    if one.buckets is not None and tuple(point.explicit_bounds) != tuple(map(float, one.buckets)):
        yield f"has the buckets {point.explicit_bounds}"
    if one.name not in conventions()["metrics"]:
        return
    allowed = allowed_on_metric(one.name, attributes.get("gen_ai.provider.name"))
    yield from (f"{name} is not of the conventions" for name in attributes if name not in allowed)
    yield from lacking(attributes, allowed)
    if "server.address" in attributes and "server.port" not in attributes:
        yield "server.address without server.port"
    if conventions()["metrics"][one.name]["value_type"] == "int":
        value = point.sum if one.kind == m.HISTOGRAM else point.value
        yield from wrong_type("its value", "int", value)


def family_problems(metrics: Iterable[Metric]) -> Iterator[str]:
    """Say that both generations of a name are there."""
    names = {metric.name for metric in metrics}
    shipped = names & {one.name for one in m.SHIPPED_ONLY}
    spec = names & {one.name for one in m.SPEC_ONLY}
    if shipped and spec:
        yield f"two families at once: {sorted(shipped)} and {sorted(spec)}"


_DURATIONS = {
    own.MODEL: (m.OPERATION_DURATION.name, m.INFERENCE_DURATION.name),
    own.TOOL: (m.TOOL_DURATION.name,),
    own.RUN: (m.AGENT_DURATION.name,),
}


def duration_problems(spans: Iterable[ReadableSpan], metrics: Iterable[Metric]) -> Iterator[str]:
    """Say where durations and spans differ in number or in their errors."""
    ended = Counter(
        (kind_of(span.attributes or {}), (span.attributes or {}).get("error.type"))
        for span in spans
        if span.instrumentation_scope is not None and span.instrumentation_scope.name == SCOPE
    )
    recorded: Counter[tuple[str, Any]] = Counter()
    for metric in metrics:
        for kind, names in _DURATIONS.items():
            if metric.name in names:
                for point in metric.data.data_points:
                    recorded[kind, (point.attributes or {}).get("error.type")] += point.count  # type: ignore[union-attr]
    for kind in _DURATIONS:
        of_spans, of_points = ({key[1]: n for key, n in one.items() if key[0] == kind} for one in (ended, recorded))
        if of_spans != of_points:
            yield f"{kind}: spans end as {of_spans}, durations as {of_points}"


def log_problems(record: Any) -> Iterator[str]:
    """Say everything that is wrong with a log record."""
    attributes = dict(record.attributes or {})
    if record.event_name == DETAILS:
        yield from _details(record, attributes)
    else:
        yield from event_problems(record.event_name or "", attributes, identity=True)
        if not (record.event_name or "").startswith(("agentotel.", "gen_ai.evaluation.result")):
            yield "has no name of ours"
    if not record.trace_id and "session.id" in attributes:
        yield "is not tied to a span"


def _details(record: Any, attributes: Mapping[str, Any]) -> Iterator[str]:
    if record.severity_number is not SeverityNumber.DEBUG:
        yield f"has the severity {record.severity_number}"
    entry = span_entry(str(attributes.get("gen_ai.operation.name")), "CLIENT")
    if entry is None:
        yield "is of no operation"
        return
    allowed = {"gen_ai.conversation.id": {}, **attributes_of(entry, attributes.get("gen_ai.provider.name"))}
    for name, value in attributes.items():
        yield from attribute_problems(name, value, allowed, own.MODEL, structured=True)
    yield from lacking(attributes, allowed)
    yield from model_rules(attributes)
