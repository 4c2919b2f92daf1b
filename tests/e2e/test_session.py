"""One agent session, found again in real backends."""

from __future__ import annotations

import re

import pytest

from tests.backends import Collector, Jaeger, Phoenix, Prometheus, tag_values
from tests.e2e.demo_run import DemoRun, run_demo

pytestmark = pytest.mark.e2e

SERVICE = "refund-desk"


def _assert_same_trace(run: DemoRun, backend: Jaeger) -> None:
    """The backend holds every span of the run, in one trace, with the same names, parents and tokens."""
    (trace_id,) = run.trace_ids
    backend.wait_traces(SERVICE, minimum_spans=len(run.spans))
    stored = {span["spanID"]: span for span in backend.spans(SERVICE) if span["traceID"] == trace_id}
    assert stored.keys() == {span["span_id"] for span in run.spans}
    for span in run.spans:
        found = stored[span["span_id"]]
        parents = [one["spanID"] for one in found["references"] if one["refType"] == "CHILD_OF"]
        assert found["operationName"] == span["name"]
        assert parents == ([span["parent_span_id"]] if span["parent_span_id"] else [])
        tags = tag_values(found["tags"])
        for name in ("gen_ai.usage.input_tokens", "agentotel.stop_reason", "session.id", "agentotel.cost.usd"):
            assert tags.get(name) == span["attributes"].get(name), (span["name"], name)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_the_session_is_one_trace_in_jaeger(jaeger_backend: Jaeger, protocol: str) -> None:
    endpoint = jaeger_backend.otlp_grpc if protocol == "grpc" else jaeger_backend.otlp_http
    run = run_demo(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    assert SERVICE in jaeger_backend.services()
    _assert_same_trace(run, jaeger_backend)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_backend_for_traces_only_switches_the_rest_off_in_one_line(jaeger_backend: Jaeger, protocol: str) -> None:
    endpoint = jaeger_backend.otlp_grpc if protocol == "grpc" else jaeger_backend.otlp_http
    run = run_demo(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, AGENTOTEL_EVENTS="both")
    lines = [line for line in run.stderr.splitlines() if re.search(r"does not take|switched off", line)]
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stderr


def test_metrics_reach_prometheus(collector_backend: Collector, prometheus_backend: Prometheus) -> None:
    run = run_demo(OTEL_EXPORTER_OTLP_ENDPOINT=collector_backend.otlp_http)
    _assert_same_trace(run, collector_backend)
    calls = len(run.named("chat "))
    label = f'{{job="{SERVICE}"}}'

    def total(metric: str) -> float:
        found = prometheus_backend.wait_query(f"sum({metric}{label})", minimum_series=1)
        return found[0].value

    assert total("gen_ai_client_operation_duration_seconds_count") == calls
    assert total("gen_ai_client_token_usage_count") == 2 * calls
    assert total("gen_ai_client_token_usage_sum") == run.sum("chat ", "gen_ai.usage.input_tokens") + run.sum(
        "chat ", "gen_ai.usage.output_tokens"
    )
    assert total("gen_ai_execute_tool_duration_seconds_count") == len(run.named("execute_tool "))
    assert total("agent_llm_cost_USD_total") == pytest.approx(run.sum("chat ", "agentotel.cost.usd"))
    assert total("agent_llm_retries_total") == run.sum("chat ", "http.request.resend_count")
    assert total("agent_session_stops_total") == 1
    assert total("agent_run_stops_total") == len(run.named("invoke_agent "))


def test_events_reach_the_collector_as_logs(collector_backend: Collector) -> None:
    run_demo(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector_backend.otlp_grpc,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        AGENTOTEL_EVENTS="both",
    )
    collector_backend.wait_logs("agentotel.handoff")


def test_phoenix_lists_the_session_with_its_tokens(phoenix_backend: Phoenix) -> None:
    run = run_demo(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{phoenix_backend.otlp_http}/v1/traces")
    (trace_id,) = run.trace_ids
    phoenix_backend.wait_spans(len(run.spans), trace_id=trace_id)
    session = phoenix_backend.wait_session(run.session_id)
    assert [one["trace_id"] for one in session["traces"]] == [trace_id]
    assert session["token_count_prompt"] == run.sum("chat ", "gen_ai.usage.input_tokens")
    assert session["token_count_completion"] == run.sum("chat ", "gen_ai.usage.output_tokens")
