"""Settings: precedence, wrong use, endpoints, and the table they come from."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from agentotel.config import SETTINGS, ContentMode, Settings, SignalSettings, resolve, sources
from agentotel.config.endpoints import guess_protocol, signal_url, without_secrets
from agentotel.errors import AgentotelError, ConfigurationError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in SETTINGS:
        for variable in setting.env:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_INSECURE", raising=False)


def _set(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_defaults_export_nothing() -> None:
    settings = resolve()
    assert settings == Settings()
    assert [signal.exporters for signal in settings.signals] == [(), (), ()]
    assert settings.shutdown_timeout_s == 5.0
    assert settings.content is ContentMode.NO_CONTENT


def test_argument_beats_ours_beats_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "standard")
    assert resolve().service_name == "standard"
    monkeypatch.setenv("AGENTOTEL_SERVICE_NAME", "ours")
    assert resolve().service_name == "ours"
    assert resolve(service_name="argument").service_name == "argument"
    assert resolve(service_name=None).service_name == "ours"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, {"OTEL_EXPORTER_OTLP_ENDPOINT": "  ", "OTEL_TRACES_EXPORTER": ""})
    assert resolve() == Settings()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("NO_CONTENT", ContentMode.NO_CONTENT),
        ("span_only", ContentMode.SPAN_ONLY),
        ("Event_Only", ContentMode.EVENT_ONLY),
        ("span_and_event", ContentMode.SPAN_AND_EVENT),
        ("true", ContentMode.SPAN_ONLY),
        ("FALSE", ContentMode.NO_CONTENT),
    ],
)
def test_content_modes_in_any_case(monkeypatch: pytest.MonkeyPatch, value: str, expected: ContentMode) -> None:
    assert resolve(content=value).content is expected
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)
    assert resolve().content is expected


def test_content_takes_its_enum_and_bools() -> None:
    assert resolve(content=ContentMode.EVENT_ONLY).content.on_events
    assert resolve(content=True).content.on_spans
    assert not resolve(content=False).content.on_spans


def test_unknown_content_in_the_environment_warns_and_is_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "everything")
    with caplog.at_level(logging.WARNING, "agentotel"):
        assert resolve().content is ContentMode.NO_CONTENT
    assert "SPAN_AND_EVENT" in caplog.text
    assert "using NO_CONTENT" in caplog.text


WRONG = [
    ({"content": "all"}, "NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT"),
    ({"content": 7}, "must be one of"),
    ({"endpont": "http://h"}, "did you mean 'endpoint'?"),
    ({"zzz": 1}, "the settings are service_name"),
    ({"console": "yes"}, "must be True or False"),
    ({"endpoint": "collector:4317"}, "write 'https://collector:4317'"),
    ({"endpoint": "ftp://h"}, "must be a URL such as"),
    ({"endpoint": "http://h:port"}, "endpoint"),
    ({"endpoint": 4317}, "must be a text"),
    ({"protocol": "thrift"}, "'grpc', 'http/protobuf'"),
    ({"headers": "a=b"}, "mapping of text to text"),
    ({"resource": {"a": object()}}, "mapping of names"),
    ({"shutdown_timeout_s": 0}, "seconds above 0"),
    ({"shutdown_timeout_s": True}, "seconds above 0"),
    ({"metric_cardinality": 0}, "1 or more"),
    ({"metrics": "both"}, "'shipped', 'spec'"),
    ({"events": 1}, "'spans', 'logs', 'both'"),
    ({"prices": 3}, "path of a price file"),
    ({"service_name": ""}, "not empty"),
    ({"traces_exporter": "otlp,none"}, "must not combine 'none'"),
    ({"traces_exporter": ["otlp", "none"]}, "must not combine 'none'"),
    ({"traces_exporter": [7]}, "or a list of such names"),
    ({"traces_exporter": True}, "must be a text such as 'otlp'"),
]


@pytest.mark.parametrize(("arguments", "fix"), WRONG)
def test_a_wrong_argument_is_one_sentence_with_the_fix(arguments: dict[str, object], fix: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(**arguments)
    assert fix in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, AgentotelError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AGENTOTEL_CONSOLE", "maybe"),
        ("AGENTOTEL_SHUTDOWN_TIMEOUT_S", "soon"),
        ("AGENTOTEL_METRIC_CARDINALITY", "-3"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no-equals-sign"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://h"),
    ],
)
def test_a_wrong_variable_warns_and_is_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with caplog.at_level(logging.WARNING, "agentotel"):
        assert resolve() == Settings()
    assert variable in caplog.text


def test_secrets_are_in_no_message_and_no_repr(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")
    with caplog.at_level(logging.WARNING, "agentotel"), pytest.raises(ConfigurationError) as caught:
        resolve(headers={"k": 3, "secret": "hunter2"})
    resolve()
    assert "hunter2" not in caplog.text + str(caught.value)
    shown = repr(resolve(hash_key="hunter2", headers={"k": "hunter2"}, endpoint="http://h"))
    assert "hunter2" not in shown


def test_flags_numbers_and_pairs_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(
        monkeypatch,
        {
            "AGENTOTEL_CONSOLE": "On",
            "OTEL_SDK_DISABLED": "TRUE",
            "AGENTOTEL_SHUTDOWN_TIMEOUT_S": "1.5",
            "AGENTOTEL_METRIC_CARDINALITY": "12",
            "AGENTOTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod%20eu, team = a",
            "AGENTOTEL_HASH_KEY": "k",
            "AGENTOTEL_PRICES": "/prices.json",
        },
    )
    settings = resolve()
    assert settings.console
    assert settings.disabled
    assert settings.shutdown_timeout_s == 1.5
    assert settings.metric_cardinality == 12
    assert settings.resource == {"deployment.environment.name": "prod eu", "team": "a"}
    assert settings.hash_key == b"k"
    assert settings.prices == "/prices.json"


def test_prices_take_a_mapping_or_a_path() -> None:
    assert resolve(prices={"gpt-*": {}}).prices == {"gpt-*": {}}
    assert resolve(prices=Path("p.json")).prices == Path("p.json")


ENDPOINTS = [
    ("http://h:4318", "http/protobuf", "http://h:4318/v1/logs"),
    ("http://h:4318/", "http/protobuf", "http://h:4318/v1/logs"),
    ("http://h:4318/v1/traces", "http/protobuf", "http://h:4318/v1/logs"),
    ("http://h:4317/v1/traces", "http/protobuf", "http://h:4317/v1/logs"),
    ("https://h/api/public/otel", "http/protobuf", "https://h/api/public/otel/v1/logs"),
    ("https://h/api/v1/metrics/?key=1", "http/protobuf", "https://h/api/v1/logs?key=1"),
    ("http://h:4317", "grpc", "http://h:4317"),
    ("https://h:4317/", "grpc", "https://h:4317"),
    ("localhost:4318", "http/protobuf", "http://localhost:4318/v1/logs"),
    ("127.0.0.1:4317", "grpc", "http://127.0.0.1:4317"),
    ("http://[::1]:4317", "grpc", "http://[::1]:4317"),
]


@pytest.mark.parametrize(("endpoint", "protocol", "logs"), ENDPOINTS)
def test_one_endpoint_gives_every_signal_its_own(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, protocol: str, logs: str
) -> None:
    settings = resolve(endpoint=endpoint)
    assert (settings.logs.protocol, settings.logs.endpoint) == (protocol, logs)
    assert all(signal.exporters == ("otlp",) for signal in settings.signals)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    assert resolve().logs.endpoint == logs


def test_a_named_protocol_beats_the_port() -> None:
    assert resolve(endpoint="http://h:4317", protocol="http/protobuf").traces.endpoint == "http://h:4317/v1/traces"
    assert resolve(endpoint="http://h:9999", protocol="GRPC").traces.endpoint == "http://h:9999"


def test_a_schemeless_variable_is_tls_unless_insecure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")
    assert resolve().traces.endpoint == "https://collector:4317"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
    assert resolve().traces.endpoint == "http://collector:4317"


def test_the_endpoint_of_one_signal_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h:6006/custom")
    settings = resolve()
    assert settings.traces.endpoint == "http://h:6006/custom"
    assert settings.traces.exporters == ("otlp",)
    assert settings.metrics_export.exporters == settings.logs.exporters == ()


def test_an_endpoint_argument_beats_the_variable_of_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://old/v1/traces")
    assert resolve(endpoint="http://new").traces.endpoint == "http://new/v1/traces"


def test_exporters_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(
        monkeypatch,
        {
            "OTEL_TRACES_EXPORTER": "otlp_proto_grpc,console",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:1",
        },
    )
    settings = resolve()
    assert (settings.traces.exporters, settings.traces.protocol) == (("otlp", "console"), "grpc")
    assert (settings.metrics_export.exporters, settings.metrics_export.endpoint) == ((), None)
    assert settings.logs.endpoint == "http://h:1/v1/logs"


def test_exporters_may_be_a_list_as_the_signature_says() -> None:
    assert (
        resolve(traces_exporter=["otlp_proto_grpc", " console "]).traces
        == resolve(traces_exporter="otlp_proto_grpc,console").traces
    )
    assert resolve(logs_exporter=("console",)).logs.exporters == ("console",)


def test_an_exporter_asked_for_by_name_may_use_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    assert resolve().traces.endpoint == "http://localhost:4318/v1/traces"
    assert resolve(protocol="grpc").traces.endpoint == "http://localhost:4317"


def test_headers_merge_by_name_with_the_nearest_winning(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(
        monkeypatch,
        {
            "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20abc%3D,x=general",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x=traces",
        },
    )
    assert resolve().traces.headers == {"authorization": "Basic abc=", "x": "traces"}
    assert resolve().logs.headers == {"authorization": "Basic abc=", "x": "general"}
    assert resolve(headers={"X": "argument"}).traces.headers["x"] == "argument"


def test_an_argument_makes_the_exporter_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    assert not resolve().traces.asked
    assert resolve(traces_exporter="zipkin").traces.asked


def test_sources_say_where_a_value_came_from() -> None:
    found = sources({"console": True}, {"OTEL_SERVICE_NAME": "x"})
    assert found["console"].source == "argument"
    assert found["service_name"].source == "OTEL_SERVICE_NAME"
    assert found["endpoint"].source == "default"


def test_the_table_holds_every_field() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names)
    per_signal = {"exporter", "endpoint", "protocol", "headers", "timeout_s"}
    general = {one.name for one in fields(Settings)} - {"traces", "metrics_export", "logs"}
    shared = {"endpoint", "protocol", "headers", "timeout_s"}
    signals = {f"{signal}_{part}" for signal in ("traces", "metrics", "logs") for part in per_signal}
    assert set(names) == general | shared | signals
    assert {one.name for one in fields(SignalSettings)} == {"name", "exporters", "asked", "declined", *shared}
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        assert setting.env[0].startswith("AGENTOTEL_")


def test_the_defaults_of_the_table_are_those_of_the_settings() -> None:
    defaults = Settings()
    for setting in SETTINGS:
        if hasattr(defaults, setting.name):
            assert getattr(defaults, setting.name) == setting.default


def test_helpers() -> None:
    assert guess_protocol(None) == "http/protobuf"
    assert signal_url(None, "traces", protocol="grpc") == "http://localhost:4317"
    assert without_secrets("https://u:p@h/v1?key=1") == "https://h/v1"
    assert without_secrets("console") == "console"


def test_importing_config_is_cheap() -> None:
    code = "import sys, agentotel.config; print(*sorted(m for m in sys.modules if m.split('.')[0] in %r))"
    heavy = ("pydantic", "opentelemetry", "grpc", "requests")
    done = subprocess.run([sys.executable, "-c", code % (heavy,)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
