"""anthropic 2 traces itself: there is still one inference span, and ``traceparent`` still reaches the provider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done, each
from tests.contract.matrix import endpoint
from tests.contract.recordings import written
from tests.fakes.replay import Replay

anthropic = pytest.importorskip("anthropic", minversion="2")

KEY = "test-key"
MESSAGES = endpoint("anthropic-messages")
CLIENTS = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}
NATIVE = "com.anthropic.sdk.python"


def _client(flavour: str, url: str, **options: Any) -> Any:
    return CLIENTS[flavour](base_url=url, api_key=KEY, **options)


def _body(exchange: dict[str, Any]) -> dict[str, Any]:
    return exchange["interactions"][0]["request"]["body"]


def _provider() -> tuple[TracerProvider, InMemorySpanExporter]:
    """Make a provider as an application has, given to the client as its global one would be."""
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def _sampled(server: Replay) -> list[tuple[str, str]]:
    """Give trace and span of each request, which must be marked as sampled; other flags depend on OpenTelemetry."""
    sent = [request["headers"]["traceparent"].split("-") for request in server.requests]
    assert all(int(flags, 16) & 1 for *_ids, flags in sent)
    return [(trace_id, span_id) for _version, trace_id, span_id, _flags in sent]


def _ids(span: Any) -> tuple[str, str]:
    return span.trace_id, span.span_id


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("kind", ["plain", "stream"])
async def test_traceparent_is_that_of_the_one_span(kind: str, flavour: str) -> None:
    exchange = MESSAGES.exchange(kind).sent
    provider, exporter = _provider()
    with Replay(exchange, fail_first="1:529") as server, capture() as captured:
        client = _client(flavour, server.url, open_telemetry={"tracer_provider": provider})
        value = await done(client.messages.create(**_body(exchange)))
        if kind == "stream":
            assert [event async for event in each(value)]
        await close(client)
    (call,) = captured.model_calls
    assert _sampled(server) == [_ids(call)] * 2
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_client_that_finds_no_provider_sends_ours(flavour: str) -> None:
    exchange = MESSAGES.exchange("plain").sent
    with Replay(exchange) as server, capture() as captured:
        client = _client(flavour, server.url)
        await done(client.messages.create(**_body(exchange)))
        await close(client)
    (call,) = captured.spans
    assert _sampled(server) == [_ids(call)]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("option", [False, {"propagation": False}])
async def test_what_is_switched_off_stays_off(option: Any, flavour: str) -> None:
    exchange = MESSAGES.exchange("plain").sent
    with Replay(exchange) as server, capture() as captured:
        client = _client(flavour, server.url, open_telemetry=option)
        await done(client.messages.create(**_body(exchange)))
        await close(client)
    assert len(captured.model_calls) == len(captured.spans) == 1
    assert "traceparent" not in server.requests[0]["headers"]


def test_the_environment_switches_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")
    exchange = MESSAGES.exchange("plain").sent
    with Replay(exchange) as server, capture() as captured, _client("sync", server.url) as client:
        client.messages.create(**_body(exchange))
    assert len(captured.spans) == 1
    assert "traceparent" not in server.requests[0]["headers"]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_counting_tokens_keeps_its_native_span(flavour: str) -> None:
    exchange = written("anthropic-count-tokens").sent
    provider, exporter = _provider()
    with Replay(exchange) as server, capture() as captured:
        client = _client(flavour, server.url, open_telemetry={"tracer_provider": provider})
        counted = await done(client.messages.count_tokens(**_body(exchange)))
        await close(client)
    assert counted.input_tokens == 14
    assert captured.spans == []
    (span,) = exporter.get_finished_spans()
    assert span.name == "anthropic.messages.count_tokens"
    assert format(span.context.span_id, "016x") in server.requests[0]["headers"]["traceparent"]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_beta_messages(flavour: str) -> None:
    exchange = MESSAGES.exchange("plain").sent
    provider, exporter = _provider()
    with Replay(exchange) as server, capture() as captured:
        client = _client(flavour, server.url, open_telemetry={"tracer_provider": provider})
        message = await done(client.beta.messages.create(**_body(exchange), betas=["some-beta"]))
        await close(client)
    assert type(message) is anthropic.types.beta.BetaMessage
    (call,) = captured.model_calls
    assert (call.input_tokens, call.response_id) == (11, "msg_1")
    assert exporter.get_finished_spans() == ()


def _tool_exchange() -> dict[str, Any]:
    """Let the model ask for a tool first, and answer then."""
    asks, answers = MESSAGES.exchange("tools").sent, MESSAGES.exchange("plain").sent
    return {**asks, "interactions": [*asks["interactions"], *answers["interactions"]]}


async def test_tool_runner() -> None:
    exchange = _tool_exchange()
    provider, exporter = _provider()

    @anthropic.beta_tool
    def lookup_order(order_id: str) -> str:
        """Find an order.

        Args:
            order_id: Its number.
        """
        return f"{order_id} is on its way"

    with (
        Replay(exchange) as server,
        capture() as captured,
        _client("sync", server.url, open_telemetry={"tracer_provider": provider}) as client,
    ):
        body = {**_body(exchange), "tools": [lookup_order]}
        messages = list(client.beta.messages.tool_runner(**body))
    assert [message.stop_reason for message in messages] == ["tool_use", "end_turn"]
    assert [call.finish_reasons for call in captured.model_calls] == [("tool_call",), ("stop",)]
    native = exporter.get_finished_spans()
    assert {span.instrumentation_scope.name for span in native} == {NATIVE}
    assert not [span for span in native if span.attributes.get("gen_ai.operation.name") == "chat"]
    assert [span for span in native if span.attributes.get("gen_ai.operation.name") == "execute_tool"]
    assert _sampled(server) == [_ids(call) for call in captured.model_calls]


PROGRAM = """
import json, sys
from opentelemetry import trace
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
import agentotel, anthropic
agentotel.instrument()
client = anthropic.Anthropic(base_url=sys.argv[1], api_key="test-key")
body = json.loads(sys.argv[2])
client.messages.create(**body)
agentotel.uninstrument()
client.messages.create(**body)
print(json.dumps([
    [span.instrumentation_scope.name, format(span.context.trace_id, "032x"), format(span.context.span_id, "016x")]
    for span in exporter.get_finished_spans()
]))
"""


def test_one_global_provider_for_both() -> None:
    exchange = MESSAGES.exchange("plain").sent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    with Replay(exchange) as server:
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, server.url, json.dumps(_body(exchange))],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
    spans = json.loads(ran.stdout)
    assert [scope for scope, _trace, _span in spans] == ["agentotel", NATIVE]
    assert _sampled(server) == [(trace_id, span_id) for _scope, trace_id, span_id in spans]


def _opened(tracer: Any) -> list[trace.Span]:
    """Start spans in every way that a tracer has, each within the one before it."""
    with tracer.start_span("positional", None, trace.SpanKind.CLIENT, {"sdk.way": 1}) as first:
        with tracer.start_as_current_span("block", attributes={"sdk.way": 2}, end_on_exit=False) as block:
            inside = trace.get_current_span()
        block.end()

        @tracer.start_as_current_span("function")
        def decorated() -> trace.Span:
            return trace.get_current_span()

        return [first, block, inside, decorated()]


WAYS = frozenset({"start_span", "start_as_current_span"})
"""Public methods of a tracer that ``_opened`` calls."""


def test_a_tracer_has_no_other_ways() -> None:
    assert {name for name in vars(trace.Tracer) if not name.startswith("_")} == WAYS


@pytest.mark.parametrize("own", ["records", "placeholder"])
def test_every_way_to_start_a_span_inside_a_call_gives_the_one_of_the_call(own: str) -> None:
    exchange = MESSAGES.exchange("plain").sent
    provider, exporter = _provider()
    seen: list[Any] = []

    def look(_request: Any) -> None:
        seen.append(client._tracer)
        seen.extend(_opened(client._tracer))

    http = anthropic.DefaultHttpxClient(event_hooks={"request": [look]})
    option = {"tracer_provider": provider if own == "records" else trace.ProxyTracerProvider()}
    with (
        Replay(exchange) as server,
        capture() as captured,
        _client("sync", server.url, open_telemetry=option, http_client=http) as client,
    ):
        client.messages.create(**_body(exchange))
    tracer, *spans = seen
    (call,) = captured.model_calls
    assert isinstance(tracer, trace.Tracer)
    assert {format(span.get_span_context().span_id, "016x") for span in spans} == {call.span_id}
    assert len(captured.spans) == 1
    assert exporter.get_finished_spans() == ()
    assert call.attributes.get("sdk.way") == (1 if own == "records" else None)
