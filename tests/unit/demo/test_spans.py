"""Spans as JSON values."""

from __future__ import annotations

import json

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentotel.demo.spans import span_value


def test_a_span_under_the_names_of_opentelemetry() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "desk"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer") as outer:
        link = trace.Link(outer.get_span_context(), {"why": "asked"})
        with tracer.start_as_current_span("inner", links=[link], kind=trace.SpanKind.CLIENT) as span:
            span.set_attribute("reasons", ["stop"])
            span.add_event("tried", {"number": 1}, timestamp=5)
            span.set_status(trace.StatusCode.ERROR, "no")

    inner, root = (json.loads(json.dumps(span_value(span))) for span in exporter.get_finished_spans())

    assert root["parent_span_id"] is None
    assert inner["parent_span_id"] == root["span_id"]
    assert inner["trace_id"] == root["trace_id"]
    assert len(inner["trace_id"]) == 32
    assert (inner["name"], inner["kind"]) == ("inner", "CLIENT")
    assert inner["status"] == {"code": "ERROR", "description": "no"}
    assert inner["attributes"] == {"reasons": ["stop"]}
    assert inner["events"] == [{"name": "tried", "time_unix_nano": 5, "attributes": {"number": 1}}]
    ids = {"trace_id": root["trace_id"], "span_id": root["span_id"]}
    assert inner["links"] == [{**ids, "attributes": {"why": "asked"}}]
    assert inner["resource"] == {"attributes": {"service.name": "desk"}}
    assert inner["start_time_unix_nano"] <= inner["end_time_unix_nano"]
