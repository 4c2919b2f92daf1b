"""Makes the calls of one neighbour's row in its own environment, and prints what was recorded.

python -m tests.neighbours.program <neighbour> <before | after | alone>
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fakes.replay import Replay
from tests.neighbours import calls, setups
from tests.neighbours.table import NEIGHBOURS

WAIT_S: Final = 2.0

exporter = InMemorySpanExporter()
reader = InMemoryMetricReader()


def main(name: str, order: str) -> None:
    """Set both up in the order asked for, make the calls, and print spans, metrics and what was sent."""
    neighbour = next(one for one in NEIGHBOURS if one.name == name)
    if not name.startswith("logfire"):
        use_providers()
    if order == "before":
        instrument()
    if name.startswith("logfire"):
        setups.logfire(SimpleSpanProcessor(exporter), reader)
    setups.set_up(neighbour)
    if order == "after":
        instrument()
    sent, answers, given = {}, {}, {}
    for kind in neighbour.calls:
        exchange = calls.exchange(neighbour.sdk, kind).sent
        answers[kind] = exchange.get("expected", {})
        with Replay(exchange) as server:
            with trace.get_tracer("application").start_as_current_span(kind):
                given[kind] = calls.make(neighbour.sdk, server.url, kind)
                _settle(name)
            sent[kind] = [request["headers"].get("traceparent") for request in server.requests]
    if order != "alone":
        flush()
    told = {"spans": spans(), "metrics": [*points()], "sent": sent, "answers": answers, "given": given}
    print(json.dumps(told))


def use_providers() -> None:
    """Make the application's providers."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))


def instrument() -> None:
    """Set the library up."""
    import agentotel

    agentotel.instrument()


def flush() -> None:
    """Let endings be recorded that were noticed while garbage was collected."""
    import agentotel

    for _ in range(2):  # an ending lets go of what is garbage then
        gc.collect()
        agentotel.flush()


def _settle(name: str) -> None:
    """Wait for a neighbour that tells of a call afterwards, from a thread of its own."""
    if name.startswith("litellm"):
        time.sleep(WAIT_S)


def spans() -> list[dict[str, Any]]:
    """Give the spans that have ended."""
    return [_span(span) for span in exporter.get_finished_spans()]


def _span(span: Any) -> dict[str, Any]:
    return {
        "scope": span.instrumentation_scope.name,
        "name": span.name,
        "id": format(span.context.span_id, "016x"),
        "trace": format(span.context.trace_id, "032x"),
        "parent": None if span.parent is None else format(span.parent.span_id, "016x"),
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes),
        "lasted_ns": span.end_time - span.start_time,
        "events": [event.name for event in span.events],
    }


def points() -> Iterator[dict[str, Any]]:
    """Give what the application's metrics hold."""
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield {
                        "scope": scope.scope.name,
                        "name": metric.name,
                        "count": getattr(point, "count", None),
                        "sum": getattr(point, "sum", getattr(point, "value", None)),
                        "attributes": dict(point.attributes),
                    }


if __name__ == "__main__":
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    main(*sys.argv[1:])
