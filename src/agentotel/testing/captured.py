"""``capture()``: record a block without touching anything global. ``strict()``: let internal errors out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn, TypeVar, cast

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider, sampling

from agentotel import config, runtime
from agentotel._core import guard
from agentotel.api import session as sessions
from agentotel.api.attach import Attachment
from agentotel.errors import ConfigurationError
from agentotel.testing.collect import LogCollector, SpanCollector, points
from agentotel.testing.tree import draw
from agentotel.testing.values import Event, Point, Span
from agentotel.testing.views import ModelCall, Run, Session, Step, ToolCall, Turn

S = TypeVar("S", bound=Span)


class Captured:
    """What a block recorded so far. Readable inside the block and after it.

    Spans are those that ended, in the order they started. Each read gives new values.
    """

    def __init__(self, spans: SpanCollector, logs: LogCollector, metrics: InMemoryMetricReader) -> None:
        self._spans = spans
        self._logs = logs
        self._metrics = metrics

    def __repr__(self) -> str:
        return f"<agentotel captured {len(self.spans)} spans>"

    def __str__(self) -> str:
        return self.tree()

    @property
    def spans(self) -> list[Span]:
        """Every span; those of agentotel as ``ModelCall``, ``ToolCall``, ``Run``, ``Turn``, ``Step``, ``Session``."""
        return list(self._spans.read().values())

    @property
    def metrics(self) -> list[Point]:
        """Every series of every metric, as it stands now."""
        return list(points(self._metrics))

    @property
    def events(self) -> list[Event]:
        """The events of all spans and all log records, oldest first."""
        spans = self._spans.read()
        found = [event for span in spans.values() for event in span.events]
        return sorted([*found, *self._logs.read(spans)], key=lambda event: event.time_ns)

    @property
    def model_calls(self) -> list[ModelCall]:
        """The calls of models."""
        return self._of(ModelCall)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of tools."""
        return self._of(ToolCall)

    @property
    def runs(self) -> list[Run]:
        """The runs of agents."""
        return self._of(Run)

    @property
    def steps(self) -> list[Step]:
        """The steps of runs."""
        return self._of(Step)

    @property
    def turns(self) -> list[Turn]:
        """The turns of sessions."""
        return self._of(Turn)

    @property
    def sessions(self) -> list[Session]:
        """The sessions, one value for each segment."""
        return self._of(Session)

    def tree(self) -> str:
        """Draw the spans as a tree of names, for the message of a failing test."""
        return draw(self.spans)

    def _of(self, kind: type[S]) -> list[S]:
        return [span for span in self.spans if isinstance(span, kind)]


@contextmanager
def capture(*, strict: bool = True, **settings: Any) -> Iterator[Captured]:
    """Record everything in a block, for a test to assert on.

        with agentotel.testing.capture(content=True) as captured:
            answer_customer("Where is my order?")
        assert captured.model_calls[0].finish_reasons == ("stop",)

    The block gets providers of its own and starts outside every span and session. Global providers are neither
    used nor set, environment variables do not matter, and calls of ``init()``, ``instrument()``, ``uninstrument()``
    and ``shutdown()`` inside change nothing. Afterwards all is as before. Works in coroutines too; it holds for the
    whole process, so two tests of one process may not capture at the same time.

    Args:
        strict: Raise internal errors of agentotel in the code that they happen in. With False they are counted and
            logged, as in production.
        settings: Arguments of ``agentotel.init()`` that say what is recorded: ``content``, ``events``, ``metrics``,
            ``prices``, ``hash_key``, ``ignored_hosts``, ``console``.

    Raises:
        ConfigurationError: A setting is wrong, or ``OTEL_SDK_DISABLED`` keeps the SDK from recording.
    """
    _check_enabled()
    spans, logs, metrics = SpanCollector(), LogCollector(), InMemoryMetricReader()
    with ExitStack() as stack:
        if strict:
            stack.enter_context(_strict())
        stack.enter_context(runtime.held(_providers(spans, logs, metrics), config.resolve({}, **settings)))
        stack.enter_context(sessions.forgotten())
        stack.callback(Attachment(Context()).leave)
        yield Captured(spans, logs, metrics)


@contextmanager
def strict() -> Iterator[None]:
    """Raise agentotel's internal errors in a block, where production counts them and goes on."""
    before, guard.on_error = guard.on_error, _raise
    try:
        yield
    finally:
        guard.on_error = before


_strict = strict


def _raise(site: str, error: Exception) -> NoReturn:
    error.add_note(f"Internal error of agentotel in {site!r}: in production it is counted and the call is unaffected.")
    raise error


def _check_enabled() -> None:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        message = (
            "OTEL_SDK_DISABLED is true, so that OpenTelemetry records nothing to assert on: unset it for the tests"
        )
        raise ConfigurationError(message)


def _providers(spans: SpanCollector, logs: LogCollector, metrics: InMemoryMetricReader) -> runtime.Providers:
    resource = Resource.get_empty()
    tracer = TracerProvider(sampler=sampling.ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    tracer.add_span_processor(spans)
    logger = LoggerProvider(resource=resource, shutdown_on_exit=False)
    logger.add_log_record_processor(cast("Any", logs))  # the SDK's processor in all but its base class
    meter = MeterProvider(metric_readers=[metrics], resource=resource, shutdown_on_exit=False)
    return runtime.Providers(tracer, meter, logger)
