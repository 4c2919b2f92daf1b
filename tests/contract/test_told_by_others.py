"""Spans of somebody else about model calls: one with ours where we see the call, counted as a call where we do not."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import agentotel
from agentotel.capture import neighbours
from agentotel.facts.call import Request
from agentotel.record.identity import NOBODY
from agentotel.record.operation import MODEL, ModelFacts, Operation
from agentotel.record.pipeline import active
from agentotel.semconv import names as n
from agentotel.wire import openai_chat
from tests.contract.recordings import WRITTEN
from tests.fakes.replay import Replay, load

PLAIN = load(WRITTEN / "openai-chat-plain.json")
KEY = "test-key"
BODY = PLAIN["interactions"][0]["request"]["body"]
OPENINFERENCE = {
    "llm.system": "openai",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 12,
    "llm.token_count.completion": 5,
    "openinference.span.kind": "LLM",
}
OPENLLMETRY = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.prompt_tokens": 12,
    "gen_ai.usage.completion_tokens": 5,
}


class World:
    """An application's own providers, with somebody else's tracer and meter."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader])
        self.tracer = self.tracers.get_tracer("openinference.instrumentation.somebody")
        self.meter = self.meters.get_meter("openinference.instrumentation.somebody")

    def spans(self, **wanted: str) -> list[Any]:
        spans = self.exporter.get_finished_spans()
        return [span for span in spans if all(span.attributes.get(f"gen_ai.{k}") == v for k, v in wanted.items())]

    def calls(self) -> list[Any]:
        return [span for span in self.exporter.get_finished_spans() if n.USAGE_INPUT_TOKENS in span.attributes]

    def count(self, metric: str) -> int:
        data = self.reader.get_metrics_data()
        found = [
            point.count
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for one in scope.metrics
            if one.name == metric
            for point in one.data.data_points
        ]
        return sum(found)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    agentotel.instrument(tracer_provider=world.tracers, meter_provider=world.meters)
    try:
        yield world
    finally:
        agentotel.uninstrument()


@pytest.mark.parametrize("told", [OPENINFERENCE, OPENLLMETRY])
def test_a_call_that_only_a_span_tells_of_counts(world: World, told: dict[str, Any]) -> None:
    with agentotel.session(feature="desk") as session, agentotel.agent("clerk"):
        with world.tracer.start_as_current_span("ChatCompletion") as span:
            span.set_attributes(told)
        totals = session.totals
    assert (totals.llm_calls, totals.input_tokens, totals.output_tokens) == (1, 12, 5)
    assert totals.cost_usd == pytest.approx(12 * 0.15e-6 + 5 * 0.6e-6)
    (call,) = world.calls()
    assert told.items() <= call.attributes.items()
    assert call.attributes[n.OPERATION_NAME] == "chat"
    assert call.attributes[n.PROVIDER_NAME] == "openai"
    assert call.attributes[n.USAGE_SOURCE] == "provider"
    assert call.attributes[n.SESSION_ID] == session.id
    assert world.count("gen_ai.client.operation.duration") == 1


def test_a_call_that_failed(world: World) -> None:
    with agentotel.session() as session:
        with (
            pytest.raises(ValueError, match="no"),
            world.tracer.start_as_current_span("x", attributes={"openinference.span.kind": "LLM"}),
        ):
            raise ValueError("no")
        assert session.totals.errors == 1
    (call,) = world.spans(**{"operation.name": "chat"})
    assert call.attributes[n.ERROR_TYPE] == "ValueError"
    assert call.status.status_code is StatusCode.ERROR


def test_a_span_around_our_call_is_the_span_of_the_call(world: World) -> None:
    seen = world.meter.create_histogram("gen_ai.client.operation.duration")
    with (
        Replay(PLAIN) as server,
        openai.OpenAI(base_url=server.url, api_key=KEY) as client,
        agentotel.session() as session,
    ):
        with world.tracer.start_as_current_span("ChatCompletion", attributes=OPENINFERENCE) as span:
            client.chat.completions.create(**BODY)
            span.set_attribute("llm.token_count.completion", 99)
        seen.record(0.1)
        assert (session.totals.llm_calls, session.totals.output_tokens) == (1, 4)
    (call,) = world.calls()
    assert call.instrumentation_scope.name == "openinference.instrumentation.somebody"
    assert (call.name, call.context.span_id) == ("chat gpt-4o-mini", span.get_span_context().span_id)
    assert call.attributes["llm.token_count.completion"] == call.attributes[n.USAGE_OUTPUT_TOKENS] == 4
    assert call.attributes["llm.token_count.prompt"] == 11
    assert [event.name for event in call.events] == ["agentotel.attempt"]
    assert world.count("gen_ai.client.operation.duration") == 1


def test_spans_in_spans_of_one_call(world: World) -> None:
    """As two instrumentations of different layers make them."""
    with Replay(PLAIN) as server, openai.OpenAI(base_url=server.url, api_key=KEY) as client:
        chat = {"gen_ai.operation.name": "chat"}
        with (
            world.tracer.start_as_current_span("outer", attributes=chat),
            world.tracer.start_as_current_span("inner", attributes={**chat, "kept": True}),
        ):
            client.chat.completions.create(**BODY)
    (call,) = world.exporter.get_finished_spans()
    assert call.attributes["kept"]
    assert call.attributes[n.USAGE_INPUT_TOKENS] == 11


def test_sums_of_somebody_else_lose_the_names_of_usage(world: World) -> None:
    with Replay(PLAIN) as server, openai.OpenAI(base_url=server.url, api_key=KEY) as client:
        agent = {"gen_ai.operation.name": "invoke_agent"}
        with world.tracer.start_as_current_span("agent", attributes=agent) as span:
            client.chat.completions.create(**BODY)
            client.chat.completions.create(**BODY)
            span.set_attributes({"gen_ai.usage.input_tokens": 22, "gen_ai.usage.total_tokens": 30})
    assert len(world.calls()) == 2
    (run,) = world.spans(**{"operation.name": "invoke_agent"})
    assert run.attributes["agentotel.total.input_tokens"] == 22
    assert not [name for name in run.attributes if name.startswith("gen_ai.usage.")]


def test_sums_over_calls_that_nobody_saw_stay(world: World) -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 22}
    with world.tracer.start_as_current_span("agent", attributes=agent):
        pass
    (run,) = world.exporter.get_finished_spans()
    assert run.attributes["gen_ai.usage.input_tokens"] == 22


def test_a_call_after_a_failed_one_in_one_span_has_its_own(world: World) -> None:
    """As a framework makes them that falls back to another model inside its span of a call."""
    with (
        Replay(PLAIN, fail_first="1:500") as server,
        openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0) as client,
        world.tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}) as span,
    ):
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(**BODY)
        client.chat.completions.create(**BODY)
        span.set_attributes({"gen_ai.usage.input_tokens": 11, "gen_ai.usage.output_tokens": 4})
    (call,) = world.calls()
    assert call.instrumentation_scope.name == "agentotel"
    assert len(world.spans(**{"operation.name": "chat"})) == 2


@pytest.fixture
def hurried() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_calls_begin_while_other_threads_open_spans(world: World) -> None:
    done = threading.Event()

    def others() -> None:
        while not done.is_set():
            for span in [world.tracer.start_span("x", attributes=OPENLLMETRY) for _ in range(200)]:
                span.end()

    threads = [threading.Thread(target=others) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2000):
            facts = ModelFacts(openai_chat.FORMAT, "chat", "openai", Request(model="gpt-4o-mini"), BODY)
            neighbours.join(Operation(active(), MODEL, facts, NOBODY))
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_uninstrument_leaves_others_alone() -> None:
    before = Histogram.__dict__["record"]
    world = World()
    agentotel.instrument(tracer_provider=world.tracers, meter_provider=world.meters)
    with world.tracer.start_as_current_span("x", attributes=OPENINFERENCE):
        pass
    assert Histogram.__dict__["record"] is not before
    agentotel.uninstrument()
    assert Histogram.__dict__["record"] is before
    world.exporter.clear()
    with world.tracer.start_as_current_span("x", attributes=OPENINFERENCE):
        pass
    (span,) = world.exporter.get_finished_spans()
    assert dict(span.attributes) == OPENINFERENCE


def test_spans_that_have_nothing_to_do_with_models_are_left_alone(world: World) -> None:
    span = world.tracers.get_tracer("opentelemetry.instrumentation.redis").start_span("GET")
    assert type(span).__dict__.get("_agentotel_kind") is None
    span.end()
    (ended,) = world.exporter.get_finished_spans()
    assert dict(ended.attributes) == {}


MCP_CALL = {"mcp.method.name": "tools/call", "jsonrpc.request.id": "1"}


def test_a_tool_that_only_an_mcp_client_tells_of_counts(world: World) -> None:
    tracer = world.tracers.get_tracer("mcp-python-sdk")
    with agentotel.session() as session:
        with (  # as a client on top of another one does
            tracer.start_as_current_span("MCP send tools/call add", kind=SpanKind.CLIENT, attributes=MCP_CALL),
            tracer.start_as_current_span("tools/call add", kind=SpanKind.CLIENT, attributes=MCP_CALL),
        ):
            pass
        assert (session.totals.tool_calls, session.totals.errors) == (1, 0)
        with tracer.start_as_current_span("tools/call add", kind=SpanKind.CLIENT, attributes=MCP_CALL) as span:
            span.set_attribute("error.type", "-32601")
            span.set_status(StatusCode.ERROR, "no such tool")
        with tracer.start_as_current_span("tools/list", kind=SpanKind.CLIENT, attributes={"mcp.method.name": "x"}):
            pass
        assert (session.totals.tool_calls, session.totals.errors) == (2, 1)
    called, failed = world.spans(**{"operation.name": "execute_tool"})
    assert called.attributes[n.TOOL_NAME] == failed.attributes[n.TOOL_NAME] == "add"
    assert (called.attributes[n.OUTCOME], failed.attributes[n.OUTCOME]) == ("completed", "error")
    assert (failed.attributes[n.ERROR_TYPE], failed.attributes[n.ERROR_ORIGIN]) == ("-32601", "tool")


def test_an_mcp_client_inside_a_tool_is_what_the_tool_sends(world: World) -> None:
    tracer = world.tracers.get_tracer("mcp-python-sdk")

    @agentotel.tool
    def add() -> None:
        with tracer.start_as_current_span("MCP send tools/call sum", kind=SpanKind.CLIENT, attributes=MCP_CALL):
            pass

    with agentotel.session() as session:
        add()
        assert session.totals.tool_calls == 1
    (called,) = world.spans(**{"operation.name": "execute_tool"})
    assert called.attributes[n.TOOL_NAME] == "add"


def test_a_span_that_is_opened_after_the_call_and_says_to_have_begun_before_it(world: World) -> None:
    with (
        Replay(PLAIN) as server,
        openai.OpenAI(base_url=server.url, api_key=KEY) as client,
        agentotel.session() as session,
    ):
        began = time.time_ns()
        client.chat.completions.create(**BODY)
        late = world.tracer.start_span("openai.response", start_time=began)
        late.set_attributes(OPENINFERENCE)
        late.end()
        assert (session.totals.llm_calls, session.totals.output_tokens) == (1, 4)
        other = world.tracer.start_span("ChatCompletion")
        other.set_attributes(OPENINFERENCE)
        other.end()
        assert (session.totals.llm_calls, session.totals.output_tokens) == (2, 9)
    ours, theirs = world.calls()
    assert (ours.instrumentation_scope.name, theirs.context.span_id) == ("agentotel", other.get_span_context().span_id)
    (told,) = [span for span in world.spans() if span.name == "openai.response"]
    assert told.attributes["llm.model_name"] == "gpt-4o-mini"
    assert not any(name in told.attributes for name in (n.OPERATION_NAME, "llm.token_count.prompt"))
