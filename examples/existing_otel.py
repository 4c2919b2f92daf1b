"""An application that has OpenTelemetry already: agentotel joins it and builds nothing."""

from __future__ import annotations

from offline import openai_client
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agentotel

exporter = InMemorySpanExporter()
provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_span_processor(SimpleSpanProcessor(exporter))

agentotel.instrument(tracer_provider=provider)

tracer = provider.get_tracer("shop")
with (
    openai_client() as client,
    tracer.start_as_current_span("POST /questions"),
    agentotel.session("chat-4711", user="u-17"),
    tracer.start_as_current_span("load customer"),
):
    client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "What is a trace?"}])

for span in reversed(exporter.get_finished_spans()):
    print(span.name, "|", span.attributes.get("session.id", "outside the session"))

agentotel.uninstrument()
