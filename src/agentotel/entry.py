"""Set-up as an application calls it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from agentotel import runtime
from agentotel.config.settings import ContentMode

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

Protocol = Literal["grpc", "http/protobuf", "http/json"]


def init(  # noqa: PLR0913 - one keyword per setting, for editors and type checkers
    *,
    service_name: str | None = None,
    endpoint: str | None = None,
    protocol: Protocol | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    resource: Mapping[str, str | bool | int | float] | None = None,
    traces_exporter: str | Sequence[str] | None = None,
    metrics_exporter: str | Sequence[str] | None = None,
    logs_exporter: str | Sequence[str] | None = None,
    content: ContentMode | str | bool | None = None,
    console: bool | None = None,
    metrics: Literal["shipped", "spec"] | None = None,
    events: Literal["spans", "logs", "both"] | None = None,
    prices: Mapping[str, Mapping[str, float]] | str | os.PathLike[str] | None = None,
    capture_reasoning: bool | None = None,
    stream_usage: str | None = None,
    hash_key: bytes | str | None = None,
    ignored_hosts: str | Sequence[str] | None = None,
    metric_cardinality: int | None = None,
    shutdown_timeout_s: float | None = None,
    disabled: bool | None = None,
) -> None:
    """Set up OpenTelemetry where the application has not, and record model calls from now on.

    Every argument may also come from the environment: ``AGENTOTEL_<NAME>``, or the standard ``OTEL_*`` variable
    (see docs/reference/settings.md). An argument wins. Calling it again with the same arguments does nothing.

    Args:
        service_name: The name under which backends list this program.
        endpoint: Where to send over OTLP. Without one nothing is sent, and one hint says so.
        protocol: OTLP protocol; by default ``http/protobuf``, and ``grpc`` where the endpoint's port is 4317.
        headers: Headers of every export, such as an API key.
        timeout_s: Limit of one export with its retries, in seconds.
        resource: Resource attributes beside those of ``OTEL_RESOURCE_ATTRIBUTES``.
        traces_exporter: Exporters of traces by name; ``otlp`` where an endpoint is known.
        metrics_exporter: Exporters of metrics by name.
        logs_exporter: Exporters of log records by name.
        content: Where messages, instructions, tool definitions, arguments and results are recorded: one of
            ``ContentMode``, or True for spans. Nowhere by default.
        console: Print each session to stderr as it runs.
        metrics: Names of metrics: those the released packages emit (``shipped``), or those on the main branch of
            the conventions (``spec``).
        events: Where agentotel's events go: span events, log records, or both.
        prices: Your own prices, before those of the catalogue, or the path of a file that holds them.
        capture_reasoning: False to leave the model's reasoning text out of recorded content.
        stream_usage: Whether to ask for the usage of streams where the caller did not: ``auto`` (of hosts that are
            known to take the option), ``always`` or ``never``.
        hash_key: Key that makes the hashes of arguments and results HMACs.
        ignored_hosts: Hosts, with those below them, whose requests are no model calls unless a supported SDK makes
            them: ``"gateway.example.com"``.
        metric_cardinality: Series that a metric may have before the rest is counted as ``other``.
        shutdown_timeout_s: How long ``shutdown()`` and process exit may wait, all signals together.
        disabled: Record and send nothing.

    Raises:
        ConfigurationError: An argument is wrong, or contradicts an earlier call; the message names the fix.
    """
    runtime.start(dict(locals()))


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
) -> None:
    """Record model calls through existing providers; builds and exports nothing.

    Args:
        tracer_provider: Provider for spans; the global one by default.
        meter_provider: Provider for metrics; the global one by default.
        logger_provider: Provider for log records; the global one by default.

    Raises:
        ConfigurationError: Not a provider, or another one than in an earlier call.
    """
    runtime.instrument(tracer_provider, meter_provider, logger_provider)


def uninstrument() -> None:
    """Stop recording, and put back the very functions that were patched."""
    runtime.uninstrument()


def flush(timeout_s: float | None = None) -> bool:
    """Send what is queued now.

    Args:
        timeout_s: Seconds to wait, all signals together; the shutdown time-out by default.

    Returns:
        False when the time was not enough. Providers that ``init()`` did not build are left to their owner.

    Raises:
        ConfigurationError: Not a number.
    """
    return runtime.flush(timeout_s)


def shutdown() -> None:
    """End what is open, send what is queued, within the shutdown time-out for all signals together, and stop recording.

    A stream that is still open is abandoned, everything else is cancelled; it goes on for the application, unrecorded.
    The end of the process does the same. Providers that ``init()`` did not build are left to their owner.
    """
    runtime.stop()


def refresh_prices() -> None:
    """Fetch current prices over the network. Nothing else ever does.

    Raises:
        Exception: Whatever the fetch raises; the prices in use stay.
    """
    runtime.refresh_prices()
