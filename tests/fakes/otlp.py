"""A small OTLP backend in this process, over HTTP and gRPC, that keeps what it receives.

    with otlp_sink("http/protobuf", refuse={"metrics", "logs"}) as sink:
        ...  # send to sink.url
    assert [span.name for span in sink.spans] == ["chat gpt-5"]

``otlp_sink`` decodes protobuf. Modes: it answers every signal, refuses some as a backend for traces
only does (404 over HTTP, UNIMPLEMENTED over gRPC), answers them all with a status of your choice, or
takes requests and never answers.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

HOST = "127.0.0.1"
Signal = Literal["traces", "metrics", "logs"]
Protocol = Literal["http/protobuf", "grpc"]

_REQUESTS: dict[str, Any] = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}
_RESPONSES: dict[str, Any] = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
}


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: the signal, the headers in lower case, the decoded message."""

    signal: Signal
    headers: dict[str, str]
    message: Any


@dataclass(slots=True, kw_only=True)
class OtlpSink:
    """What a running sink has received.

    Attributes:
        url: ``http://127.0.0.1:PORT``, the base endpoint.
        port: The port alone.
        refuse: Signals answered with 404 or UNIMPLEMENTED.
        status: An HTTP status (or the number of a gRPC code) for every answer; None answers well.
        hang: True to take requests and never answer.
        requests: Every request that was taken, refused ones included.
        attempts: Names of the signals asked for, hung requests included.
    """

    url: str = ""
    port: int = 0
    refuse: Collection[Signal] = ()
    status: int | None = None
    hang: bool = False
    requests: list[Received] = field(default_factory=list)
    attempts: list[Signal] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event, repr=False)

    def take(self, signal: Signal, headers: dict[str, str], message: Any) -> None:
        """Note a request; hold it while the sink hangs."""
        self.attempts.append(signal)
        if self.hang:
            self.released.wait()
        self.requests.append(Received(signal, headers, message))

    @property
    def spans(self) -> list[Span]:
        """Every span received, in order of arrival."""
        return [
            span
            for message in self._messages("traces")
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def metrics(self) -> list[Metric]:
        """Every metric received, each export again."""
        return [
            metric
            for message in self._messages("metrics")
            for resource in message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    @property
    def logs(self) -> list[LogRecord]:
        """Every log record received."""
        return [
            record
            for message in self._messages("logs")
            for resource in message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def resource(self, signal: Signal = "traces") -> dict[str, object]:
        """Give the resource attributes of the first request of a signal."""
        field_name = {"traces": "resource_spans", "metrics": "resource_metrics", "logs": "resource_logs"}[signal]
        first = getattr(self._messages(signal)[0], field_name)[0]
        return {pair.key: plain(pair.value) for pair in first.resource.attributes}

    def _messages(self, signal: Signal) -> list[Any]:
        return [request.message for request in self.requests if request.signal == signal]


def plain(value: AnyValue) -> object:
    """Give an OTLP value as a Python value."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    return None if kind is None else getattr(value, kind)


def attributes(item: Span | LogRecord) -> dict[str, object]:
    """Give the attributes of a span or a log record as a dict."""
    return {pair.key: plain(pair.value) for pair in item.attributes}


@contextmanager
def otlp_sink(
    protocol: Protocol = "http/protobuf",
    *,
    refuse: Collection[Signal] = (),
    status: int | None = None,
    hang: bool = False,
) -> Iterator[OtlpSink]:
    """Serve OTLP on a free loopback port while the block runs."""
    sink = OtlpSink(refuse=refuse, status=status, hang=hang)
    stop = _serve_grpc(sink) if protocol == "grpc" else _serve_http(sink)
    sink.url = f"http://{HOST}:{sink.port}"
    try:
        yield sink
    finally:
        sink.released.set()
        stop()


def _serve_http(sink: OtlpSink) -> Callable[[], None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            signal = self.path.rpartition("/")[2]
            known = signal in _REQUESTS
            if known:
                sink.take(signal, headers, _REQUESTS[signal].FromString(body))  # type: ignore[arg-type]  # checked
            code = 404 if not known or signal in sink.refuse else sink.status or 200
            answer = _RESPONSES[signal]().SerializeToString() if code == 200 else b"refused\n"
            self.send_response(code)
            self.send_header("content-type", "application/x-protobuf" if code == 200 else "text/plain")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that went away."""

    server = Server((HOST, 0), Handler)
    sink.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), name="otlp-sink", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


def _serve_grpc(sink: OtlpSink) -> Callable[[], None]:
    def servicer(base: Any, signal: Signal) -> Any:
        def export(_: object, request: Any, context: Any) -> Any:
            headers = {str(name).lower(): str(value) for name, value in context.invocation_metadata()}
            sink.take(signal, headers, request)
            if sink.status:
                code = next(code for code in grpc.StatusCode if code.value[0] == sink.status)
                context.abort(code, "refused")
            return _RESPONSES[signal]()

        return type("Servicer", (base,), {"Export": export})()

    server = grpc.server(ThreadPoolExecutor(max_workers=8, thread_name_prefix="otlp-sink"))
    services: dict[Signal, tuple[Any, Any]] = {
        "traces": (
            trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
            trace_service_pb2_grpc.TraceServiceServicer,
        ),
        "metrics": (
            metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
            metrics_service_pb2_grpc.MetricsServiceServicer,
        ),
        "logs": (logs_service_pb2_grpc.add_LogsServiceServicer_to_server, logs_service_pb2_grpc.LogsServiceServicer),
    }
    for signal, (add, base) in services.items():
        if signal not in sink.refuse:  # a service that is not there answers UNIMPLEMENTED by itself
            add(servicer(base, signal), server)
    sink.port = server.add_insecure_port(f"{HOST}:0")
    server.start()

    def stop() -> None:
        server.stop(grace=None).wait()

    return stop
