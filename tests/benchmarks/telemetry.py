"""Providers of the benchmarks: the real SDK, with a queue that is emptied and an exporter that drops."""

from __future__ import annotations

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON


class Queue(SpanProcessor):
    """Takes ended spans as a batch processor does, and forgets them."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)
        if len(self.spans) > 512:
            self.spans.clear()


def providers(*, sampled: bool = True) -> tuple[TracerProvider, MeterProvider]:
    tracer = TracerProvider(sampler=ALWAYS_ON if sampled else ALWAYS_OFF, shutdown_on_exit=False)
    tracer.add_span_processor(Queue())
    meter = MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False)
    return tracer, meter


ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "server.address": "api.openai.com",
    "server.port": 443,
    "gen_ai.request.temperature": 0.2,
    "gen_ai.request.max_tokens": 500,
    "gen_ai.request.top_p": 1.0,
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "openai.response.service_tier": "default",
    "openai.response.system_fingerprint": "fp_1",
}
LABELS = {
    name: ATTRIBUTES[name]
    for name in (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "server.address",
        "server.port",
    )
}


class Floor:
    """What nobody gets under: one span with 15 constant attributes, and the three histograms of the conventions."""

    def __init__(self, tracer: TracerProvider, meter: MeterProvider) -> None:
        self._tracer = tracer.get_tracer("floor")
        made = meter.get_meter("floor")
        self._duration = made.create_histogram("duration", "s")
        self._tokens = made.create_histogram("tokens", "{token}")

    def span(self, work: object = None) -> object:
        span = self._tracer.start_span("chat gpt-4o", attributes=ATTRIBUTES)
        value = work() if callable(work) else None
        span.end()
        return value

    def records(self) -> None:
        self._duration.record(0.5, LABELS)
        self._tokens.record(100, {**LABELS, "gen_ai.token.type": "input"})
        self._tokens.record(20, {**LABELS, "gen_ai.token.type": "output"})
