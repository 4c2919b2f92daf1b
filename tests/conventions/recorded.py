"""Records a block as objects of the SDK, where ``agentotel.testing.capture()`` gives values of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentotel import config, runtime, testing
from agentotel._core import late
from agentotel.api import session as sessions
from agentotel.api.attach import Attachment
from tests.conventions.validator import validate


class Recorded:
    """What a block recorded."""

    def __init__(self, processors: Sequence[SpanProcessor]) -> None:
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()
        self._reader = InMemoryMetricReader()
        resource = Resource.get_empty()
        self.tracer = TracerProvider(resource=resource, shutdown_on_exit=False)
        for processor in (*processors, SimpleSpanProcessor(self._spans)):
            self.tracer.add_span_processor(processor)
        self.logger = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.logger.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter = MeterProvider(metric_readers=[self._reader], resource=resource, shutdown_on_exit=False)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """The finished spans, in the order they ended."""
        late.settle()
        return self._spans.get_finished_spans()

    @property
    def data(self) -> MetricsData:
        """All metrics, as they stand now."""
        late.settle()
        return self._reader.get_metrics_data() or MetricsData(resource_metrics=[])

    @property
    def metrics(self) -> list[Metric]:
        """The same, without their frame."""
        return [
            one for resource in self.data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics
        ]

    @property
    def logs(self) -> list[Any]:
        """The log records."""
        return [one.log_record for one in self._logs.get_finished_logs()]

    def point(self, name: str, **attributes: object) -> Any:
        """Give the value of one series, None where there is none."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        for metric in self.metrics:
            for point in metric.data.data_points if metric.name == name else ():
                if wanted.items() <= dict(point.attributes or {}).items():
                    return point.value if hasattr(point, "value") else point.sum
        return None

    def problems(self) -> list[str]:
        """Give everything that the conventions and our tables have against it."""
        return validate(self.spans, self.metrics, self.logs)

    def otlp(self) -> bytes:
        """Give every byte that an OTLP exporter would send."""
        return b"".join(
            message.SerializeToString()
            for message in (
                encode_spans(self.spans),
                encode_metrics(self.data),
                encode_logs(self._logs.get_finished_logs()),
            )
        )


@contextmanager
def recorded(*, strict: bool = True, processors: Sequence[SpanProcessor] = (), **settings: Any) -> Iterator[Recorded]:
    """Record a block, whose context starts empty.

    Args:
        strict: Whether internal errors surface.
        processors: Span processors before the one that records.
        settings: Arguments of ``agentotel.init()`` that say what is recorded.
    """
    made = Recorded(processors)
    with ExitStack() as stack:
        if strict:
            stack.enter_context(testing.strict())
        providers = runtime.Providers(made.tracer, made.meter, made.logger)
        stack.enter_context(runtime.held(providers, config.resolve({}, **settings)))
        stack.enter_context(sessions.forgotten())
        stack.callback(Attachment(Context()).leave)
        yield made
