"""mistralai traces itself, version 2 wherever a provider is set and version 3 where it is asked to: there is still one
inference span, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agentotel
from tests.contract.drivers._spec import Caller, calling
from tests.contract.drivers.mistralai_client import HTTP, Mistral
from tests.contract.flavour import FLAVOURS, done, each
from tests.contract.matrix import endpoint
from tests.contract.recordings import Recording
from tests.contract.seen import shown_error
from tests.fakes.replay import Replay

CHAT = endpoint("mistral-chat")
NATIVE = "mistralai_sdk_tracer"
MOMENTS = {"created_at": "2026-10-09T12:00:00Z", "completed_at": "2026-10-09T12:00:01Z"}
SEARCH = {"type": "tool.execution", "id": "o1", "name": "web_search", "arguments": "{}", **MOMENTS}
SAID = {"type": "message.output", "id": "o2", "model": "m-1", "content": "Hello", "role": "assistant", **MOMENTS}
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
TURN = {"object": "conversation.response", "conversation_id": "k1", "outputs": [SEARCH, SAID], "usage": USAGE}
EVENTS = (
    {"type": "conversation.response.started", "conversation_id": "k1", "created_at": MOMENTS["created_at"]},
    {"type": "message.output.delta", "id": "o2", "model": "m-1", "content": "Hello", "output_index": 0, **MOMENTS},
    {"type": "conversation.response.done", "usage": USAGE, "created_at": MOMENTS["completed_at"]},
)


def _provider(name: str) -> tuple[TracerProvider, InMemorySpanExporter]:
    provider, exporter = TracerProvider(resource=Resource({"service.name": name})), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What the application's provider exports, which is the global one, to which agentotel records as well."""
    provider, exporter = _provider("application")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setenv("MISTRAL_SDK_TELEMETRY", "global")
    agentotel.instrument(tracer_provider=provider)
    yield exporter
    agentotel.uninstrument()


async def _chat(caller: Caller) -> list[Any]:
    try:
        value = await caller.call()
        return [event async for event in each(value)] if caller.recording.streams else [value]
    except Exception as error:  # noqa: BLE001 - what the caller sees is the result
        return [shown_error(error)]


def _by_scope(exporter: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    found: dict[str, list[ReadableSpan]] = {}
    for span in exporter.get_finished_spans():
        found.setdefault(span.instrumentation_scope.name, []).append(span)
    return found


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("kind", ["plain", "stream", "error-400"])
async def test_one_span_with_what_the_sdk_says_beside_us(
    exporter: InMemorySpanExporter, kind: str, flavour: str
) -> None:
    recording = CHAT.exchange(kind)
    with Replay(recording.sent) as server:
        async with calling(CHAT, flavour, recording, server.url) as caller:
            assert await _chat(caller)
    (span,) = exporter.get_finished_spans()
    assert span.attributes["gen_ai.operation.name"] == "chat"
    assert span.attributes["agent.trace.public"] == ""
    assert span.attributes["http.response.status_code"] == recording.response["status"]
    assert span.attributes.get("mistral_ai.error.code") == ("3051" if kind == "error-400" else None)
    assert "gen_ai.input.messages" not in span.attributes
    (sent,) = server.requests
    assert sent["headers"]["traceparent"].split("-")[1:3] == [
        format(span.context.trace_id, "032x"),
        format(span.context.span_id, "016x"),
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("kind", ["plain", "stream"])
async def test_telemetry_for_somebody_else_goes_on(exporter: InMemorySpanExporter, kind: str, flavour: str) -> None:
    telemetry = pytest.importorskip("mistralai.extra.observability.telemetry")
    other, told = _provider("mistral")
    recording = CHAT.exchange(kind)
    with Replay(recording.sent) as server:
        async with calling(CHAT, flavour, recording, server.url) as caller:
            assert telemetry.configure_telemetry(caller.client, provider=other)
            assert await _chat(caller)
    (ours,) = exporter.get_finished_spans()
    (theirs,) = told.get_finished_spans()
    assert theirs.instrumentation_scope.name == NATIVE
    assert theirs.parent.span_id == ours.context.span_id
    assert theirs.attributes["gen_ai.usage.input_tokens"] == ours.attributes["gen_ai.usage.input_tokens"] == 11


def _conversation(body: Any, content_type: str) -> Recording:
    response = {"status": 200, "headers": {"content-type": content_type}, "body": body}
    interactions = [{"request": {"method": "POST", "path": "", "body": {}}, "response": response}]
    return Recording("conversation", {"provider": "mistral", "mode": "json", "interactions": interactions})


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_tools_on_the_server_keep_their_spans(exporter: InMemorySpanExporter, flavour: str) -> None:
    recording = _conversation(TURN, "application/json")
    with Replay(recording.sent) as server:
        async with calling(CHAT, flavour, recording, server.url) as caller:
            conversations = caller.client.beta.conversations
            start = conversations.start_async if flavour == "async" else conversations.start
            assert await done(start(model="m", inputs="Hello"))
    found = _by_scope(exporter)
    (call,), (tool,) = found["agentotel"], found[NATIVE]
    assert (tool.name, tool.parent.span_id) == ("execute_tool web_search", call.context.span_id)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_streamed_conversation_is_one_span(exporter: InMemorySpanExporter, flavour: str) -> None:
    body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in EVENTS)
    recording = _conversation(body, "text/event-stream")
    with Replay(recording.sent) as server:
        async with calling(CHAT, flavour, recording, server.url) as caller:
            conversations = caller.client.beta.conversations
            start = conversations.start_stream_async if flavour == "async" else conversations.start_stream
            assert [event async for event in each(await done(start(model="m", inputs="Hello")))]
    (span,) = exporter.get_finished_spans()
    assert span.attributes["gen_ai.usage.output_tokens"] == 5


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_what_is_no_call_is_traced_by_the_sdk(exporter: InMemorySpanExporter, flavour: str) -> None:
    recording = _conversation({"object": "list", "data": []}, "application/json")
    sent = {**recording.sent, "interactions": [{**recording.sent["interactions"][0], "request": {"method": "GET"}}]}
    sent["interactions"][0]["request"]["path"] = ""
    with Replay(sent) as server:
        async with calling(CHAT, flavour, recording, server.url) as caller:
            models = caller.client.models
            assert await done((models.list_async if flavour == "async" else models.list)())
    (span,) = exporter.get_finished_spans()
    assert span.instrumentation_scope.name == NATIVE


async def test_after_uninstrument_the_sdk_traces_again(exporter: InMemorySpanExporter) -> None:
    recording = CHAT.exchange("plain")
    with Replay(recording.sent) as server:
        async with calling(CHAT, "sync", recording, server.url) as caller:
            await _chat(caller)
            agentotel.uninstrument()
            await _chat(caller)
    assert [span.instrumentation_scope.name for span in exporter.get_finished_spans()] == ["agentotel", NATIVE]


def test_every_way_to_start_a_span_beside_a_call_starts_one_of_the_sdk(exporter: InMemorySpanExporter) -> None:
    tracing = pytest.importorskip("mistralai.client._hooks.tracing")
    _enabled, tracer = tracing.get_or_create_otel_tracer()
    assert isinstance(tracer, trace.Tracer)
    tracer.start_span("positional", None, trace.SpanKind.CLIENT, {"way": 1}).end()
    with tracer.start_as_current_span("block", None, trace.SpanKind.CLIENT, {"way": 2}) as block:
        assert trace.get_current_span() is block
    spans = exporter.get_finished_spans()
    assert [(span.name, span.kind, dict(span.attributes)) for span in spans] == [
        ("positional", trace.SpanKind.CLIENT, {"way": 1}),
        ("block", trace.SpanKind.CLIENT, {"way": 2}),
    ]


def test_a_current_span_inside_a_call_is_that_of_the_call(exporter: InMemorySpanExporter) -> None:
    tracing = pytest.importorskip("mistralai.client._hooks.tracing")
    seen = []

    class Client(HTTP.Client):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            with tracing.get_or_create_otel_tracer()[1].start_as_current_span("inner") as inner:
                seen.append(inner.get_span_context().span_id)
                return super().send(*args, **kwargs)

    recording = CHAT.exchange("plain")
    with Replay(recording.sent) as server, Client() as http:
        client = Mistral(api_key="k", server_url=server.url, client=http)
        client.chat.complete(**recording.body)
    (span,) = exporter.get_finished_spans()
    assert seen == [span.context.span_id]
