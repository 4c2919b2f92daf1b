"""Which SDK exporter a setting means."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from agentotel.config.settings import SignalName, SignalSettings
from agentotel.errors import ConfigurationError
from agentotel.export.watched import Exporter

_GRPC = "opentelemetry.exporter.otlp.proto.grpc"
_HTTP = "opentelemetry.exporter.otlp.proto.http"
_JSON = "opentelemetry.exporter.otlp.json.http"

_OTLP: dict[tuple[str, SignalName], str] = {
    ("grpc", "traces"): f"{_GRPC}.trace_exporter:OTLPSpanExporter",
    ("grpc", "metrics"): f"{_GRPC}.metric_exporter:OTLPMetricExporter",
    ("grpc", "logs"): f"{_GRPC}._log_exporter:OTLPLogExporter",
    ("http/protobuf", "traces"): f"{_HTTP}.trace_exporter:OTLPSpanExporter",
    ("http/protobuf", "metrics"): f"{_HTTP}.metric_exporter:OTLPMetricExporter",
    ("http/protobuf", "logs"): f"{_HTTP}._log_exporter:OTLPLogExporter",
    ("http/json", "traces"): f"{_JSON}.trace_exporter:OTLPSpanExporter",
    ("http/json", "metrics"): f"{_JSON}.metric_exporter:OTLPMetricExporter",
    ("http/json", "logs"): f"{_JSON}._log_exporter:OTLPLogExporter",
}


def maker(name: str, signal: SignalSettings) -> Callable[[], Exporter]:
    """Return what makes the exporter called ``name`` for a signal.

    Raises:
        ConfigurationError: No such exporter is installed.
    """
    if name != "otlp":
        return _from_entry_point(name, signal.name)
    module, _, attribute = _OTLP[signal.protocol, signal.name].partition(":")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError):
        message = (
            f"the package for protocol {signal.protocol!r} is not installed; "
            "use 'http/protobuf' or 'grpc', which come with agentotel."
        )
        raise ConfigurationError(message) from None
    arguments: dict[str, Any] = {"endpoint": signal.endpoint}
    if signal.headers:
        arguments["headers"] = dict(signal.headers)
    if signal.timeout_s is not None:
        arguments["timeout"] = signal.timeout_s
    return lambda: kind(**arguments)


def _from_entry_point(name: str, signal: SignalName) -> Callable[[], Exporter]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and rarely needed

    found = entry_points(group=f"opentelemetry_{signal}_exporter", name=name)
    for entry_point in found:
        kind = entry_point.load()
        return lambda: kind()  # noqa: PLW0108 - a class is no Callable of no arguments to mypy
    message = "no installed package has an exporter of this name; use 'otlp', 'console' or 'none'."
    raise ConfigurationError(message)
