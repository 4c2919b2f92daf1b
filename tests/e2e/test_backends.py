"""Each backend takes what a plain OpenTelemetry SDK sends, and gives it back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from tests.backends import (
    BackendFailedError,
    BackendUnavailable,
    Collector,
    Jaeger,
    Phoenix,
    Prometheus,
    hanging_server,
    promtool_binary,
    tag_values,
)
from tests.backends.errors import log_tail
from tests.backends.install import jaeger_binary
from tests.backends.loopback import HttpStatusError, accepts, post_json
from tests.backends.polling import poll
from tests.backends.process import Launch, serve

pytestmark = pytest.mark.e2e

PROTOCOLS = ("grpc", "http")
CHECKOUT = Path(__file__).parents[2]


def span_exporter(backend: Jaeger | Phoenix, protocol: str) -> SpanExporter:
    """Return the SDK's exporter for one of the two protocols."""
    if protocol == "grpc":
        return GrpcSpanExporter(endpoint=backend.otlp_grpc, insecure=True)
    return HttpSpanExporter(endpoint=f"{backend.otlp_http}/v1/traces")


def send_span(exporter: SpanExporter, service: str, attributes: dict[str, str | int]) -> str:
    """Send a root span with a child, and return the trace id as hexadecimal text."""
    provider = TracerProvider(resource=Resource({"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("turn", attributes=attributes) as root, tracer.start_as_current_span("step"):
        pass
    provider.shutdown()
    return f"{root.get_span_context().trace_id:032x}"


def send_metric(exporter: MetricExporter, service: str) -> bool:
    """Count to three, and say whether the backend took it."""
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource=Resource({"service.name": service}))
    provider.get_meter("tests").create_counter("tests.counted", unit="{call}").add(3)
    taken = provider.force_flush()
    provider.shutdown()
    return taken


@pytest.fixture
def service() -> str:
    """Return a name that no other test uses."""
    return f"tests-{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fixture", ["jaeger_backend", "collector_backend"])
def test_spans_come_back(request: pytest.FixtureRequest, fixture: str, protocol: str, service: str) -> None:
    """A trace is found by its service, with attributes, parent and resource."""
    backend = request.getfixturevalue(fixture)
    assert isinstance(backend, Jaeger)
    trace_id = send_span(span_exporter(backend, protocol), service, {"gen_ai.usage.input_tokens": 7})

    (trace,) = backend.wait_traces(service, minimum_spans=2)

    assert trace["traceID"] == trace_id
    spans = {span["operationName"]: span for span in trace["spans"]}
    assert tag_values(spans["turn"]["tags"])["gen_ai.usage.input_tokens"] == 7
    assert spans["step"]["references"][0]["spanID"] == spans["turn"]["spanID"]
    assert service in backend.services()


def test_an_unknown_service_has_no_traces(jaeger_backend: Jaeger, service: str) -> None:
    """Asking early is no error, and waiting ends with the last answer."""
    assert jaeger_backend.traces(service) == []
    with pytest.raises(TimeoutError, match=r"1 spans of .* in jaeger within 0.3 s"):
        jaeger_backend.wait_traces(service, minimum_spans=1, timeout_s=0.3)


def test_plain_jaeger_refuses_metrics(jaeger_backend: Jaeger, service: str, caplog: pytest.LogCaptureFixture) -> None:
    """What most users run has no place for metrics: 404, and Unimplemented."""
    with pytest.raises(HttpStatusError, match="404"):
        post_json(f"{jaeger_backend.otlp_http}/v1/metrics", {})
    send_metric(GrpcMetricExporter(endpoint=jaeger_backend.otlp_grpc, insecure=True), service)
    assert "UNIMPLEMENTED" in caplog.text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_metrics_reach_prometheus(
    collector_backend: Collector, prometheus_backend: Prometheus, protocol: str, service: str
) -> None:
    """A counter goes through the Collector into Prometheus, and keeps its service as the job."""
    exporters: dict[str, Callable[[], MetricExporter]] = {
        "grpc": lambda: GrpcMetricExporter(endpoint=collector_backend.otlp_grpc, insecure=True),
        "http": lambda: HttpMetricExporter(endpoint=f"{collector_backend.otlp_http}/v1/metrics"),
    }
    assert send_metric(exporters[protocol](), service)

    assert f'job="{service}"' in collector_backend.wait_metrics(service)
    (sample,) = prometheus_backend.wait_query(f'tests_counted_total{{job="{service}"}}')
    assert sample.value == 3.0
    assert [sample.value for sample in prometheus_backend.query("scalar(vector(1))")] == [1.0]


def test_logs_are_readable(collector_backend: Collector, service: str) -> None:
    """The Collector writes every record, however many there are."""
    provider = LoggerProvider(resource=Resource({"service.name": service}))
    exporter = HttpLogExporter(endpoint=f"{collector_backend.otlp_http}/v1/logs")
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    for number in range(30):
        provider.get_logger("tests").emit(body=f"{service} says {number}")
    provider.shutdown()

    assert collector_backend.wait_logs(f"{service} says 29").count(f"{service} says") == 30


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_phoenix_reads_a_session(phoenix_backend: Phoenix, protocol: str, service: str) -> None:
    """Phoenix makes a model call of our attributes, and a session of the root's ``session.id``."""
    attributes: dict[str, str | int] = {
        "session.id": service,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
    }
    trace_id = send_span(span_exporter(phoenix_backend, protocol), service, attributes)

    spans = {span["name"]: span for span in phoenix_backend.wait_spans(2, trace_id=trace_id)}
    session = phoenix_backend.wait_session(service)

    assert spans["turn"]["span_kind"] == "LLM"
    assert spans["step"]["parent_id"] == spans["turn"]["context"]["span_id"]
    assert [trace["trace_id"] for trace in session["traces"]] == [trace_id]
    assert (session["token_count_prompt"], session["token_count_completion"]) == (7, 5)
    assert phoenix_backend.graphql("{projects{edges{node{name}}}}")


def test_hanging_server_never_answers() -> None:
    """A connection is taken, the request is not."""
    with hanging_server() as server:
        host, port = server.target.split(":")
        with socket.create_connection((host, int(port)), timeout=0.3) as client:
            client.sendall(b"POST /v1/traces HTTP/1.1\r\n\r\n")
            with pytest.raises(TimeoutError):
                client.recv(1)
        assert server.connections == 1
    assert not accepts(int(port))


def test_promtool_is_there(prometheus_backend: Prometheus, tmp_path: Path) -> None:
    """Rule files are checked with the tool that comes with the server."""
    assert prometheus_backend.server.pid
    rules = tmp_path / "rules.json"
    rules.write_text('{"groups": [{"name": "g", "rules": [{"record": "r", "expr": "up"}]}]}', encoding="utf-8")
    subprocess.run([promtool_binary(), "check", "rules", rules], check=True, capture_output=True)


def test_a_server_that_stops_early_shows_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message holds what the server said, and the log stays for a look at it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    launch = Launch(
        command=[sys.executable, "-c", "raise SystemExit('no such setting')"], ready=lambda: False, environment={}
    )
    with (
        pytest.raises(BackendFailedError, match=r"(?s)stopped with status 1 .*no such setting"),
        serve("broken", lambda _directory, _ports: launch, ports=0, timeout_s=10.0),
    ):
        pass
    assert len(list(tmp_path.glob("agentotel-broken-*/broken-1.log"))) == 1


def test_a_missing_backend_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache is a clear reason, not a crash."""
    monkeypatch.setenv("AGENTOTEL_BACKENDS_CACHE", str(tmp_path))
    with pytest.raises(BackendUnavailable, match=r"python -m tests\.backends install jaeger"):
        jaeger_binary()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_servers_die_with_their_parent(jaeger_backend: Jaeger, tmp_path: Path) -> None:
    """SIGKILL of the process that started a server leaves nothing behind."""
    assert jaeger_backend.server.pid
    log = tmp_path / "start.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "tests.backends", "start", "jaeger"]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        parent = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output)
    try:
        said = poll(lambda: log_tail(log), lambda text: "ctrl-C stops" in text, timeout_s=30.0, what="running server")
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    pid = int(said.split("(process ")[1].split(")")[0])
    poll(lambda: running(pid), lambda alive: not alive, timeout_s=10.0, what=f"end of process {pid}")


def running(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
