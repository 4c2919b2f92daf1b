"""Exporters around the SDK's: they switch themselves off, count what is lost, and never wait for nobody.

The SDK's exporter is made anew in a forked child, so that parent and child never write to one connection.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from agentotel._core.guard import site
from agentotel.config.settings import SignalName
from agentotel.export.failures import NOT_TAKEN, Failures
from agentotel.export.heard import Heard, listen_to, listening

_close = site("export.close")


class Exporter(Protocol):
    """What the SDK's exporters of every signal have in common."""

    def shutdown(self) -> None:
        """Close connections and stop retrying."""


class Watch:
    """The state of one exporter and the sending through it.

    Args:
        make: Makes the SDK's exporter.
        signal: What it exports.
        endpoint: Where to, for messages.
        failures: Where failures are counted.
    """

    def __init__(self, make: Callable[[], Exporter], signal: SignalName, *, endpoint: str, failures: Failures) -> None:
        self.signal = signal
        self.endpoint = endpoint
        self.off = False
        self.in_flight = 0
        self._ending = False
        self._heard: Heard | None = None
        self._make = make
        self._failures = failures
        self._closed = False
        failures.expect(signal, endpoint)
        self._pid = os.getpid()
        self._inner = make()
        listen_to(self._inner)

    @property
    def inner(self) -> Exporter:
        """The SDK's exporter of this process."""
        if self._pid != os.getpid():
            self._pid, self._inner, self.in_flight = os.getpid(), self._make(), 0
        return self._inner

    def send(self, export: Callable[[Exporter], object], count: int) -> bool:
        """Export ``count`` items; True when they were taken or the signal is switched off."""
        if self.off:
            return True
        self._heard = heard = Heard(self._on_retry)
        self.in_flight = count
        try:
            with listening(heard):
                sent = getattr(export(self.inner), "name", None) == "SUCCESS"
        except Exception as error:  # noqa: BLE001 - the outcome of an export, told by Failures
            heard.fail(error)
            sent = False
        finally:
            self.in_flight, self._heard = 0, None
        if not sent:
            self._not_sent(count, heard)
        return sent

    def end(self) -> None:
        """Be told that the program wants to end: wait for a slow backend, not for one that is not there."""
        self._ending = True
        if self._heard is not None:
            self._on_retry(self._heard)

    def close(self) -> None:
        """Close the SDK's exporter, once."""
        if not self._closed:
            self._closed = True
            _close(self.inner.shutdown)

    def _not_sent(self, count: int, heard: Heard) -> None:
        if self.signal != "traces" and heard.code in NOT_TAKEN:
            self.off = True
            self._failures.refuse(self.signal, self.endpoint, heard)
        else:
            self._failures.lost(self.signal, count, self.endpoint, heard)

    def _on_retry(self, heard: Heard) -> None:
        if self._ending and heard.unreachable:
            self.close()


class WatchedSpans(SpanExporter):
    """A span exporter under watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans; see ``Watch.send``."""
        sent = self._watch.send(lambda inner: cast("SpanExporter", inner).export(spans), len(spans))
        return SpanExportResult.SUCCESS if sent else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the exporter."""
        self._watch.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Return at once: nothing is kept here."""
        return True


class WatchedMetrics(MetricExporter):
    """A metric exporter under watch, with the temporality and aggregation of the one inside."""

    def __init__(self, watch: Watch) -> None:
        inner = watch.inner
        super().__init__(
            preferred_temporality=getattr(inner, "_preferred_temporality", None),
            preferred_aggregation=getattr(inner, "_preferred_aggregation", None),
        )
        self._watch = watch

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: object) -> MetricExportResult:
        """Export metrics; see ``Watch.send``."""
        sent = self._watch.send(
            lambda inner: cast("MetricExporter", inner).export(metrics_data, timeout_millis=timeout_millis), 1
        )
        return MetricExportResult.SUCCESS if sent else MetricExportResult.FAILURE

    def shutdown(self, timeout_millis: float = 30_000, **_: object) -> None:  # noqa: ARG002 - the SDK's signature
        """Close the exporter."""
        self._watch.close()

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Return at once: nothing is kept here."""
        return True


class _Logs(Protocol):
    def export(self, batch: Sequence[object]) -> object: ...


class WatchedLogs:
    """A log exporter under watch. It has no base class, because the SDK renamed it between 1.38 and 1.39."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def export(self, batch: Sequence[object]) -> bool:
        """Export log records; see ``Watch.send``. The SDK's processors ignore what it returns."""
        return self._watch.send(lambda inner: cast("_Logs", inner).export(batch), len(batch))

    def shutdown(self) -> None:
        """Close the exporter."""
        self._watch.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Return at once: nothing is kept here."""
        return True
