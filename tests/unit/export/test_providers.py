"""Providers end to end against a small OTLP sink in this process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentotel.config import resolve
from agentotel.errors import ConfigurationError
from agentotel.export import existing
from agentotel.export.lasting import LastingTracerProvider
from agentotel.export.providers import NO_ENDPOINT, Extras, Setup, build
from tests.fakes.otlp import OtlpSink, Protocol, otlp_sink

PROTOCOLS: list[Protocol] = ["http/protobuf", "grpc"]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "AGENTOTEL_")):
            monkeypatch.delenv(name)
    nothing = {"traces": None, "metrics": None, "logs": None}
    monkeypatch.setattr("agentotel.export.providers.existing_providers", lambda: nothing)


def _emit(setup: Setup) -> None:
    assert setup.tracer_provider is not None
    assert setup.meter_provider is not None
    assert setup.logger_provider is not None
    with setup.tracer_provider.get_tracer("t").start_as_current_span("a"):
        setup.meter_provider.get_meter("t").create_counter("c").add(1)
        setup.logger_provider.get_logger("t").emit(LogRecord(body="b", event_name="e"))


def _sent_to(sink: OtlpSink, protocol: Protocol, **more: Any) -> Setup:
    setup = build(resolve(endpoint=sink.url, protocol=protocol, **more))
    _emit(setup)
    return setup


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_signals_arrive_with_headers_and_resource(protocol: Protocol) -> None:
    with otlp_sink(protocol) as sink:
        setup = _sent_to(sink, protocol, service_name="desk", headers={"X-Key": "v"}, resource={"team": "a"})
        assert setup.shutdown(5)
    assert [span.name for span in sink.spans] == ["a"]
    assert [metric.name for metric in sink.metrics] == ["c"]
    assert [record.event_name for record in sink.logs] == ["e"]
    assert all(request.headers["x-key"] == "v" for request in sink.requests)
    resource = sink.resource()
    assert resource["service.name"] == "desk"
    assert resource["team"] == "a"
    assert resource["telemetry.distro.name"] == "agentotel"
    assert resource == sink.resource("metrics") == sink.resource("logs")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backend_for_traces_only_gets_traces_and_one_line(
    protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    with otlp_sink(protocol, refuse={"metrics", "logs"}) as sink:
        setup = _sent_to(sink, protocol)
        assert setup.flush(5)
        _emit(setup)
        assert setup.flush(5)
        assert setup.shutdown(5)
    assert [span.name for span in sink.spans] == ["a", "a"]
    assert len(caplog.messages) == 1
    assert "does not take" in caplog.messages[0]
    assert set(setup.failures.refused) == {"metrics", "logs"}
    assert "metrics: switched off" in setup.describe()
    if protocol == "http/protobuf":
        assert sorted(sink.attempts) == ["logs", "metrics", "traces", "traces"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_hanging_backend_costs_one_deadline_for_all(protocol: Protocol, caplog: pytest.LogCaptureFixture) -> None:
    with otlp_sink(protocol, hang=True) as sink:
        setup = _sent_to(sink, protocol)
        started = time.monotonic()
        assert not setup.flush(0.3)
        assert not setup.shutdown(0.4)
        assert setup.shutdown(9)
        assert time.monotonic() - started < 1.5
    assert len(caplog.messages) == 1
    assert "1 span" in caplog.messages[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nobody_there_is_noticed_at_once_and_told_once(protocol: Protocol, caplog: pytest.LogCaptureFixture) -> None:
    setup = build(resolve(endpoint=NOWHERE, protocol=protocol))
    _emit(setup)
    started = time.monotonic()
    assert setup.shutdown(5)
    assert time.monotonic() - started < 2
    assert len(caplog.messages) == 1
    # The oldest gRPC exporters say no more than the code of the answer.
    assert re.search(r"(Connection refused|UNAVAILABLE)\. Is a collector listening there\?", caplog.messages[0])
    assert "1 span" in caplog.messages[0]
    assert "1 export of metrics" in caplog.messages[0]


@pytest.mark.parametrize(("protocol", "status"), [("http/protobuf", 401), ("grpc", 16)])
def test_a_wrong_key_is_told_with_the_fix(protocol: Protocol, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with otlp_sink(protocol, status=status) as sink:
        _sent_to(sink, protocol).shutdown(5)
    assert len(caplog.messages) == 1
    assert "Check the headers" in caplog.messages[0]


@pytest.mark.parametrize(
    ("sampler", "argument", "kept"), [("always_off", "1", 0), ("traceidratio", "0", 0), ("", "", 1)]
)
def test_the_sampler_is_that_of_the_standard_variables(
    sampler: str, argument: str, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    with otlp_sink() as sink:
        assert _sent_to(sink, "http/protobuf").shutdown(5)
    assert (len(sink.spans), len(sink.metrics), len(sink.logs)) == (kept, 1, 1)


def test_no_endpoint_means_no_exporter_and_a_hint() -> None:
    setup = build(resolve())
    assert setup.hint == NO_ENDPOINT
    assert setup.meter_provider is None
    assert setup.logger_provider is None
    assert setup.tracer_provider is not None
    assert "not exported" in setup.describe()
    assert setup.shutdown(1)


def test_who_declines_traces_needs_no_hint_how_to_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert build(resolve()).hint is None
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    assert build(resolve(endpoint=NOWHERE)).hint is None
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    assert build(resolve()).hint == NO_ENDPOINT


def test_disabled_builds_nothing() -> None:
    setup = build(resolve(disabled=True, endpoint=NOWHERE))
    assert (setup.tracer_provider, setup.targets, setup.hint) == (None, (), None)
    assert "disabled" in setup.describe()
    assert setup.flush(1)
    assert setup.shutdown(1)


def test_extras_come_before_the_exporters() -> None:
    memory = InMemorySpanExporter()
    setup = build(resolve(), Extras(spans=[SimpleSpanProcessor(memory)]))
    assert setup.tracer_provider is not None
    with setup.tracer_provider.get_tracer("t").start_as_current_span("a"):
        pass
    assert [span.name for span in memory.get_finished_spans()] == ["a"]


def test_an_exporter_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="no installed package has an exporter of this name"):
        build(resolve(traces_exporter="carrier-pigeon"))
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    setup = build(resolve())
    assert "carrier-pigeon" in caplog.text
    assert setup.tracer_provider is not None


def test_the_console_exporter(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    setup = build(resolve())
    assert setup.hint is None
    assert "sends to console" in setup.describe()
    setup.shutdown(5)
    capsys.readouterr()


def test_the_providers_of_the_application_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = TracerProvider(shutdown_on_exit=False)
    found = {"traces": theirs, "metrics": None, "logs": None}
    monkeypatch.setattr("agentotel.export.providers.existing_providers", lambda: found)
    setup = build(resolve(endpoint=NOWHERE))
    assert setup.tracer_provider is theirs
    assert [target.signal for target in setup.targets] == ["metrics", "logs"]
    assert "tracer provider: the application's TracerProvider (opentelemetry.sdk) (kept)" in setup.describe()
    assert build(resolve()).hint is None
    setup.shutdown(1)


def test_placeholders_and_our_own_count_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = LastingTracerProvider(build(resolve()).tracer_provider)
    for provider, expected in [(trace.ProxyTracerProvider(), None), (ours, None)]:
        monkeypatch.setattr(trace, "get_tracer_provider", lambda provider=provider: provider)
        assert existing.existing_providers()["traces"] is expected
    noop = metrics.NoOpMeterProvider()
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: noop)
    assert existing.existing_providers()["metrics"] is noop
    assert existing.name_of(noop) == "NoOpMeterProvider (opentelemetry.metrics)"


def test_install_sets_only_what_is_missing() -> None:
    code = """
from opentelemetry import trace, metrics
from opentelemetry.sdk.trace import TracerProvider
theirs = TracerProvider(shutdown_on_exit=False)
trace.set_tracer_provider(theirs)
from agentotel.config import resolve
from agentotel.export.providers import build
setup = build(resolve(endpoint="http://127.0.0.1:9"))
setup.install()
assert trace.get_tracer_provider() is theirs is setup.tracer_provider
ours = metrics.get_meter_provider()
assert ours.current is setup.meter_provider
again = build(resolve(endpoint="http://127.0.0.1:9"))
again.install()
assert metrics.get_meter_provider() is ours
assert ours.current is again.meter_provider
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failing_exporter_is_a_failure_and_not_an_exception(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def export(self, _: object) -> object:
            message = "broken"
            raise ValueError(message)

        def shutdown(self) -> None:
            """Do nothing."""

    monkeypatch.setattr("agentotel.export.providers.maker", lambda *_: Broken)
    setup = build(resolve(traces_exporter="broken"))
    assert setup.tracer_provider is not None
    with setup.tracer_provider.get_tracer("t").start_as_current_span("a"):
        pass
    assert setup.shutdown(5)
    assert len(caplog.messages) == 1
    assert "could not send 1 span to broken: ValueError: broken." in caplog.messages[0]
