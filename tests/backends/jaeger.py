"""Jaeger, and the same program as an OpenTelemetry Collector.

A plain Jaeger takes traces only, as most users run it: it refuses metrics and logs with ``Unimplemented`` (gRPC) or
404 (HTTP). The Collector takes all three: traces are stored and queried as in Jaeger, metrics are served for
Prometheus, logs are written as text to a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, cast
from urllib.parse import quote

from tests.backends.install import jaeger_binary
from tests.backends.jaeger_json import JaegerSpan, JaegerTrace
from tests.backends.loopback import HOST, accepts, answers, get, get_json
from tests.backends.polling import poll
from tests.backends.process import Launch, Server, serve

_START_TIMEOUT_S: Final = 30.0
_WAIT_S: Final = 15.0
_TRACES_PER_QUERY: Final = 10_000
_FAR_AHEAD_US: Final = 4_000_000_000_000_000
_MAXIMUM_TRACES: Final = 100_000
_CONFIGURATION: Final = "configuration.yaml"


class _Ports(NamedTuple):
    otlp_grpc: int
    otlp_http: int
    query_http: int
    query_grpc: int
    metrics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Jaeger:
    """A running Jaeger.

    Attributes:
        otlp_grpc: The OTLP gRPC endpoint as a URL, plaintext.
        otlp_http: The OTLP HTTP base URL: add ``/v1/traces``.
        query_url: The base URL of the query API.
        server: The process and its log.
    """

    otlp_grpc: str
    otlp_http: str
    query_url: str
    server: Server

    def services(self) -> list[str]:
        """Return the names of the services that sent a span."""
        return cast("list[str]", self._data("/api/services") or [])

    def traces(self, service: str) -> list[JaegerTrace]:
        """Return the traces in which a service has a span; an unknown service has none."""
        # Without a time range Jaeger looks back two days, and not at all ahead.
        path = f"/api/traces?service={quote(service)}&limit={_TRACES_PER_QUERY}&start=0&end={_FAR_AHEAD_US}"
        return cast("list[JaegerTrace]", self._data(path) or [])

    def spans(self, service: str) -> list[JaegerSpan]:
        """Return the spans of `traces`, those of other services in the same traces too."""
        return [span for trace in self.traces(service) for span in trace["spans"]]

    def wait_traces(self, service: str, minimum_spans: int, timeout_s: float = _WAIT_S) -> list[JaegerTrace]:
        """Return the traces of a service once they hold that many spans.

        Raises:
            TimeoutError: They do not within the time.
        """
        return poll(
            lambda: self.traces(service),
            lambda traces: sum(len(trace["spans"]) for trace in traces) >= minimum_spans,
            timeout_s=timeout_s,
            what=f"{minimum_spans} spans of {service} in {self.server.name}",
        )

    def _data(self, path: str) -> object:
        return cast("dict[str, object]", get_json(f"{self.query_url}{path}"))["data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector(Jaeger):  # inherits: it is the same program, with the same queries
    """A running Collector: its traces are read as Jaeger's are.

    Attributes:
        metrics_target: The ``host:port`` that Prometheus scrapes.
        metrics_url: The same as a URL, with the path.
        logs_path: The file to which log records are written, in the debug exporter's words, among other output.
    """

    metrics_target: str
    metrics_url: str
    logs_path: Path

    def metrics_text(self) -> str:
        """Return the metrics as Prometheus would scrape them now."""
        return get(self.metrics_url).decode()

    def logs_text(self) -> str:
        """Return all log records received so far."""
        return self.logs_path.read_text(encoding="utf-8", errors="replace")

    def wait_metrics(self, text: str, timeout_s: float = _WAIT_S) -> str:
        """Return the metrics once they contain a text. Raises TimeoutError."""
        what = f"{text!r} in the collector's metrics"
        return poll(self.metrics_text, lambda metrics: text in metrics, timeout_s=timeout_s, what=what)

    def wait_logs(self, text: str, timeout_s: float = _WAIT_S) -> str:
        """Return the log records once they contain a text. Raises TimeoutError."""
        what = f"{text!r} in the collector's logs"
        return poll(self.logs_text, lambda logs: text in logs, timeout_s=timeout_s, what=what)


@contextmanager
def jaeger(*, traces_only: bool = True) -> Iterator[Jaeger]:
    """Run a Jaeger that keeps traces in memory.

    Args:
        traces_only: False also takes metrics and logs, and drops them.

    Raises:
        BackendUnavailable: It is not installed.
        BackendFailedError: It does not start.
    """
    binary = jaeger_binary()
    pipelines = {} if traces_only else {"metrics": _pipeline("nop"), "logs": _pipeline("nop")}
    exporters: dict[str, object] = {} if traces_only else {"nop": {}}

    def plan(directory: Path, numbers: list[int]) -> Launch:
        ports = _Ports(*numbers)
        configuration = _configuration(ports, pipelines, exporters)
        return _launch(binary, directory / _CONFIGURATION, ports, configuration, metrics=False)

    with serve("jaeger", plan, ports=len(_Ports._fields), timeout_s=_START_TIMEOUT_S) as (server, numbers):
        ports = _Ports(*numbers)
        yield Jaeger(
            otlp_grpc=_url(ports.otlp_grpc),
            otlp_http=_url(ports.otlp_http),
            query_url=_url(ports.query_http),
            server=server,
        )


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a Collector with pipelines for traces, metrics and logs. Raises as `jaeger` does."""
    binary = jaeger_binary()
    pipelines = {"metrics": _pipeline("prometheus"), "logs": _pipeline("debug")}

    def plan(directory: Path, numbers: list[int]) -> Launch:
        ports = _Ports(*numbers)
        exporters: dict[str, object] = {
            "prometheus": {"endpoint": f"{HOST}:{ports.metrics}"},
            # Not the Collector's own logger, which drops lines when there are many.
            "debug": {"verbosity": "detailed", "use_internal_logger": False},
        }
        configuration = _configuration(ports, pipelines, exporters)
        return _launch(binary, directory / _CONFIGURATION, ports, configuration, metrics=True)

    with serve("collector", plan, ports=len(_Ports._fields), timeout_s=_START_TIMEOUT_S) as (server, numbers):
        ports = _Ports(*numbers)
        yield Collector(
            otlp_grpc=_url(ports.otlp_grpc),
            otlp_http=_url(ports.otlp_http),
            query_url=_url(ports.query_http),
            metrics_target=f"{HOST}:{ports.metrics}",
            metrics_url=f"{_url(ports.metrics)}/metrics",
            logs_path=server.log_path,
            server=server,
        )


def _launch(binary: Path, path: Path, ports: _Ports, configuration: Mapping[str, object], *, metrics: bool) -> Launch:
    # JSON is YAML.
    path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    listening = [ports.otlp_grpc, ports.otlp_http, *([ports.metrics] if metrics else [])]
    return Launch(
        command=[str(binary), "--config", str(path)],
        ready=lambda: answers(f"{_url(ports.query_http)}/api/services") and all(map(accepts, listening)),
        environment={},
    )


def _configuration(
    ports: _Ports, pipelines: Mapping[str, object], exporters: Mapping[str, object]
) -> Mapping[str, object]:
    storage = {"jaeger_storage_exporter": {"trace_storage": "memory"}}
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": _pipeline("jaeger_storage_exporter"), **pipelines},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": _MAXIMUM_TRACES}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                # Else it sends spans of its own queries to port 4317, and a stop waits ten seconds for an answer.
                "enable_tracing": False,
                "http": {"endpoint": f"{HOST}:{ports.query_http}"},
                "grpc": {"endpoint": f"{HOST}:{ports.query_grpc}"},
            },
        },
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"{HOST}:{ports.otlp_grpc}"},
                    "http": {"endpoint": f"{HOST}:{ports.otlp_http}"},
                }
            }
        },
        "exporters": {**storage, **exporters},
    }


def _pipeline(exporter: str) -> Mapping[str, object]:
    # No batch processor: what was sent can be asked for at once.
    return {"receivers": ["otlp"], "exporters": [exporter]}


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"
