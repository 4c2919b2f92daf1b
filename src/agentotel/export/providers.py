"""Build the providers of one ``init()``, and describe what was set up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from opentelemetry import metrics, trace
from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agentotel.config.endpoints import without_secrets
from agentotel.config.settings import Settings, SignalName, SignalSettings
from agentotel.errors import ConfigurationError
from agentotel.export.closing import Closer, Target, flush
from agentotel.export.existing import Lasting, existing_providers, explain_refusal, is_set, name_of
from agentotel.export.exporters import maker
from agentotel.export.failures import Failures
from agentotel.export.lasting import LastingLoggerProvider, LastingMeterProvider, LastingTracerProvider
from agentotel.export.resource import make_resource
from agentotel.export.watched import Watch, WatchedLogs, WatchedMetrics, WatchedSpans

logger = logging.getLogger("agentotel")

NO_ENDPOINT = (
    "agentotel sends nothing, because no OTLP endpoint is configured: "
    "pass init(endpoint='http://localhost:4318') or set OTEL_EXPORTER_OTLP_ENDPOINT."
)
"""The one hint that nothing is exported."""

_PROVIDER: dict[SignalName, str] = {"traces": "tracer provider", "metrics": "meter provider", "logs": "logger provider"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What one ``init()`` set up.

    Attributes:
        tracer_provider: The provider to use, ours or the application's; None when there is none.
        meter_provider: As above.
        logger_provider: As above.
        found: The application's own providers by signal.
        targets: The providers built here, after those of the set-up before it.
        lines: One line for people about each decision.
        hint: Why nothing is exported, or None.
        failures: What could not be sent so far.
    """

    tracer_provider: trace.TracerProvider | None
    meter_provider: metrics.MeterProvider | None
    logger_provider: ApiLoggerProvider | None
    found: Mapping[SignalName, object | None]
    targets: tuple[Target, ...]
    lines: tuple[str, ...]
    hint: str | None
    failures: Failures = field(repr=False)
    _closer: Closer = field(repr=False)

    def describe(self) -> str:
        """Say in a few lines which providers are used and where telemetry goes."""
        refused = [f"{signal}: switched off, the backend does not take them" for signal in self.failures.refused]
        return "\n".join([*self.lines, *refused])

    def install(self) -> None:
        """Have the global providers hand on to those built here, except where the application's are global."""
        built = {target.signal: target.provider for target in self.targets}
        for signal, (current, install, lasting, empty) in _GLOBAL.items():
            provider = current()
            if isinstance(provider, Lasting):
                provider.follow(built[signal] if signal in built else empty(shutdown_on_exit=False))
            elif signal in built and not is_set(provider):
                install(lasting(built[signal]))
                explain_refusal(install)

    def flush(self, timeout_s: float) -> bool:
        """Send what is queued; False when it took longer than ``timeout_s`` seconds, all signals together."""
        return not flush(self.targets, timeout_s)

    def shutdown(self, timeout_s: float) -> bool:
        """Send what is queued and stop, within ``timeout_s`` seconds for all signals; what is lost is logged.

        Returns:
            False when the time was not enough. A second call does nothing.
        """
        started = time.monotonic()
        self.failures.close()
        late = self._closer.run(timeout_s)
        self.failures.settle(late or {}, timed_out=late is not None, waited_s=time.monotonic() - started)
        return late is None


_GLOBAL: dict[
    SignalName, tuple[Callable[[], object], Callable[[Any], None], Callable[[object], Lasting], Callable[..., Any]]
] = {
    "traces": (trace.get_tracer_provider, trace.set_tracer_provider, LastingTracerProvider, TracerProvider),
    "metrics": (metrics.get_meter_provider, metrics.set_meter_provider, LastingMeterProvider, MeterProvider),
    "logs": (get_logger_provider, set_logger_provider, LastingLoggerProvider, LoggerProvider),
}
"""How each global provider is read and set, what we set, and what is behind that where nothing is exported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What the caller adds to the providers built here, before the exporters.

    Attributes:
        spans: Span processors.
        metrics: Metric readers.
        logs: Log record processors.
    """

    spans: Sequence[SpanProcessor] = ()
    metrics: Sequence[MetricReader] = ()
    logs: Sequence[LogRecordProcessor] = ()


def build(settings: Settings, extras: Extras | None = None, *, former: Setup | None = None) -> Setup:
    """Build a provider for every signal that the application has none for.

    A tracer provider is built in any case, so that spans have ids; meters and loggers only where something
    reads them. Nothing is made global: that is ``Setup.install()``. What a ``former`` set-up built goes on, for what
    began with it, and is flushed and shut down with this one.

    Raises:
        ConfigurationError: A named exporter is not installed.
    """
    found = existing_providers()
    if settings.disabled:
        return _setup(found, {}, Failures(), lines=["agentotel is disabled: nothing is recorded"], hint=None)
    failures = Failures() if former is None else former.failures
    resource = make_resource(settings)
    built = {
        signal.name: target
        for signal in settings.signals
        if found[signal.name] is None
        and (target := _target(signal, resource, extras or Extras(), failures)) is not None
    }
    lines = [_line(signal, found[signal.name], built.get(signal.name)) for signal in settings.signals]
    before = () if former is None else former.targets
    return _setup(found, built, failures, before=before, lines=lines, hint=_hint(settings, found))


def _setup(
    found: Mapping[SignalName, object | None],
    built: Mapping[SignalName, Target],
    failures: Failures,
    *,
    before: Sequence[Target] = (),
    lines: Sequence[str],
    hint: str | None,
) -> Setup:
    used = {name: built[name].provider if name in built else found[name] for name in found}
    targets = (*before, *built.values())
    return Setup(
        tracer_provider=cast("trace.TracerProvider | None", used["traces"]),
        meter_provider=cast("metrics.MeterProvider | None", used["metrics"]),
        logger_provider=cast("ApiLoggerProvider | None", used["logs"]),
        found=found,
        targets=targets,
        lines=tuple(lines),
        hint=hint,
        failures=failures,
        _closer=Closer(targets),
    )


def _target(signal: SignalSettings, resource: Resource, extras: Extras, failures: Failures) -> Target | None:
    watches = [watch for name in signal.exporters if (watch := _watch(name, signal, failures)) is not None]
    return _BUILDERS[signal.name](watches, resource, extras)


def _watch(name: str, signal: SignalSettings, failures: Failures) -> Watch | None:
    """Make one exporter; one that only the environment asks for and that cannot be made is left out."""
    try:
        return Watch(maker(name, signal), signal.name, endpoint=_address(name, signal), failures=failures)
    except Exception as error:  # constructors read files and variables; told here, or raised with the fix
        message = f"{signal.name} cannot be exported to {name!r}: {error}"
        if signal.asked:
            raise ConfigurationError(message) from error
        logger.warning("%s", message)
        return None


def _address(name: str, signal: SignalSettings) -> str:
    return signal.endpoint if name == "otlp" and signal.endpoint else name


def _tracer_provider(watches: Sequence[Watch], resource: Resource, extras: Extras) -> Target:
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporting = [BatchSpanProcessor(WatchedSpans(watch)) for watch in watches]
    for processor in (*extras.spans, *exporting):
        provider.add_span_processor(processor)
    return Target(signal="traces", provider=provider, watches=watches, processors=exporting)


def _meter_provider(watches: Sequence[Watch], resource: Resource, extras: Extras) -> Target | None:
    readers = [*extras.metrics, *map(_reader, watches)]
    if not readers:
        return None
    provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    return Target(signal="metrics", provider=provider, watches=watches)


def _reader(watch: Watch) -> MetricReader:
    """Read for an exporter; some entry points, such as Prometheus', are readers themselves."""
    inner: object = watch.inner
    return inner if isinstance(inner, MetricReader) else PeriodicExportingMetricReader(WatchedMetrics(watch))


def _logger_provider(watches: Sequence[Watch], resource: Resource, extras: Extras) -> Target | None:
    # WatchedLogs has the exporter's methods and no base class, so the type has to be waved through.
    exporting = [BatchLogRecordProcessor(cast("Any", WatchedLogs(watch))) for watch in watches]
    if not exporting and not extras.logs:
        return None
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    for processor in (*extras.logs, *exporting):
        provider.add_log_record_processor(processor)
    return Target(signal="logs", provider=provider, watches=watches, processors=exporting)


_BUILDERS: dict[SignalName, Callable[[Sequence[Watch], Resource, Extras], Target | None]] = {
    "traces": _tracer_provider,
    "metrics": _meter_provider,
    "logs": _logger_provider,
}


def _line(signal: SignalSettings, found: object | None, built: Target | None) -> str:
    what = _PROVIDER[signal.name]
    if found is not None:
        return f"{what}: the application's {name_of(found)} (kept)"
    if built is None:
        return f"{what}: none, {signal.name} are not exported"
    where = [without_secrets(watch.endpoint) for watch in built.watches]
    if signal.endpoint is not None:
        where = [f"{one} ({signal.protocol})" if "://" in one else one for one in where]
    return f"{what}: built by agentotel, " + (f"sends to {', '.join(where)}" if where else "not exported")


def _hint(settings: Settings, found: Mapping[SignalName, object | None]) -> str | None:
    """Say that nothing leaves the process, unless the application exports by itself or asked for none."""
    exported = any(signal.exporters for signal in settings.signals)
    return None if exported or settings.traces.declined or found["traces"] is not None else NO_ENDPOINT
