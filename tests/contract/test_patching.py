"""Patching on and off, in any order; calls at the same time; streams read inside other work; laziness."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic._base_client
import httpx2
import openai._base_client
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agentotel
from agentotel.testing import capture
from tests.contract.drivers import ADAPTERS, KEY, Adapter
from tests.contract.flavour import FLAVOURS, close, done, take
from tests.fakes.replay import Replay

SEAMS = [
    (kind, name)
    for kind, name in (
        (openai._base_client.SyncAPIClient, "request"),
        (openai._base_client.AsyncAPIClient, "request"),
        (anthropic._base_client.SyncAPIClient, "request"),
        (anthropic._base_client.AsyncAPIClient, "request"),
        (anthropic._base_client.BaseClient, "_tracer"),
        (httpx2.Client, "send"),
        (httpx2.AsyncClient, "send"),
    )
]
CHAT = ADAPTERS[0]


def _make(adapter: Adapter, flavour: str, url: str) -> Any:
    return adapter.clients[flavour](**{adapter.url: url, "api_key": KEY}, **adapter.options)


def _body(exchange: dict[str, Any]) -> dict[str, Any]:
    return dict(exchange["interactions"][0]["request"]["body"])


def test_uninstrument_restores_the_same_objects() -> None:
    before = [kind.__dict__[name] for kind, name in SEAMS]
    exchange = CHAT.exchange("plain")
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with Replay(exchange) as server, _make(CHAT, "sync", server.url) as client:
        agentotel.instrument(tracer_provider=provider)
        agentotel.instrument(tracer_provider=provider)
        try:
            patched = [kind.__dict__[name] for kind, name in SEAMS]
            client.chat.completions.create(**_body(exchange))
        finally:
            agentotel.uninstrument()
        client.chat.completions.create(**_body(exchange))
    assert all(one is not other for one, other in zip(before, patched, strict=True))
    assert all(kind.__dict__[name] is was for (kind, name), was in zip(SEAMS, before, strict=True))
    assert [span.name for span in exporter.get_finished_spans()] == ["chat gpt-4o-mini"]


PROGRAM = """
import json, sys
steps, url, body = sys.argv[1].split(","), sys.argv[2], json.loads(sys.argv[3])
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
import agentotel
def sdk():
    global OpenAI
    from openai import OpenAI
def client():
    global made
    made = OpenAI(base_url=url, api_key="test-key")
def on():
    agentotel.instrument(tracer_provider=provider)
for step in steps:
    globals()[step]()
made.chat.completions.create(**body)
print(len(exporter.get_finished_spans()))
"""


@pytest.mark.parametrize("steps", ["sdk,client,on", "sdk,on,client", "on,sdk,client", "on,on,sdk,client"])
def test_any_order_of_import_and_instrument(steps: str) -> None:
    exchange = CHAT.exchange("plain")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    with Replay(exchange) as server:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, steps, server.url, json.dumps(_body(exchange))],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
    assert ran.stdout.strip() == "1"


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
async def test_nothing_is_read_before_it_is_asked_for(adapter: Adapter, flavour: str) -> None:
    exchange = adapter.exchange("stream")
    with Replay(exchange, hold_after=1) as server, capture() as captured:
        client = _make(adapter, flavour, server.url)
        resource: Any = client
        for name in adapter.resource.split("."):
            resource = getattr(resource, name)
        stream = await done(resource.create(**_body(exchange)))
        assert not stream.response.is_stream_consumed
        await take(stream, 1)
        assert server.sent <= 1
        assert captured.spans == []
        await close(stream)
        await close(client)
    assert [call.outcome for call in captured.model_calls] == ["abandoned"]


async def test_a_coroutine_that_nobody_awaits_sends_nothing() -> None:
    exchange = CHAT.exchange("plain")
    with Replay(exchange) as server, capture() as captured:
        client = _make(CHAT, "async", server.url)
        client.chat.completions.create(**_body(exchange)).close()
        await client.close()
        assert server.requests == []
    assert captured.spans == []


def test_copies_and_pickles() -> None:
    plain, streamed = CHAT.exchange("plain"), CHAT.exchange("stream")
    with capture():
        with Replay(plain) as server, _make(CHAT, "sync", server.url) as client:
            completion = client.chat.completions.create(**_body(plain))
            raw = client.chat.completions.with_raw_response.create(**_body(plain))
        with Replay(streamed) as server, _make(CHAT, "sync", server.url) as client:
            stream = client.chat.completions.create(**_body(streamed))
            twin = copy.copy(stream)
            assert next(twin).id == next(stream).id == "chatcmpl-2"
            stream.close()
    assert pickle.loads(pickle.dumps(completion)) == completion == copy.deepcopy(completion)  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(raw.http_response)).json() == json.loads(raw.text)  # noqa: S301


def test_a_call_inside_the_reading_of_another() -> None:
    """A tool that calls a model while a stream is being read: two spans, side by side, each with its own facts."""
    streamed, plain = CHAT.exchange("stream"), ADAPTERS[-1].exchange("plain")
    with Replay(streamed) as outer, Replay(plain) as inner, capture() as captured:
        chat, messages = _make(CHAT, "sync", outer.url), _make(ADAPTERS[-1], "sync", inner.url)
        with agentotel.session() as session, agentotel.turn():
            for number, _chunk in enumerate(chat.chat.completions.create(**_body(streamed))):
                if number == 1:
                    with agentotel.tool_call("lookup_order", {}):
                        messages.messages.create(**_body(plain))
        chat.close()
        messages.close()
    stream, message = captured.model_calls
    (tool,) = captured.tool_calls
    assert (stream.outcome, stream.output_tokens, message.output_tokens) == ("completed", 4, 4)
    assert (message.parent_id, tool.parent_id) == (tool.span_id, stream.parent_id)
    assert session.totals.llm_calls == 2


def _answer_with(number: int, exchange: dict[str, Any]) -> dict[str, Any]:
    """Give an exchange its own id and token count."""
    interaction = copy.deepcopy(exchange["interactions"][0])
    interaction["request"]["path"] = f"/{number}/chat/completions"
    interaction["response"]["body"]["id"] = f"chatcmpl-{number}"
    interaction["response"]["body"]["usage"]["prompt_tokens"] = 1000 + number
    return interaction


def _many(count: int) -> dict[str, Any]:
    exchange = CHAT.exchange("plain")
    return {**exchange, "interactions": [_answer_with(number, exchange) for number in range(count)]}


def _facts(captured: Any) -> dict[str, int]:
    assert all(len(call.events) == 1 for call in captured.model_calls)
    return {call.response_id: call.input_tokens for call in captured.model_calls}


async def test_fifty_tasks() -> None:
    exchange = _many(50)
    with Replay(exchange) as server, capture() as captured:
        client = _make(CHAT, "async", server.url)
        await asyncio.gather(
            *(
                client.with_options(base_url=f"{server.url}/{number}").chat.completions.create(**_body(exchange))
                for number in range(50)
            )
        )
        await client.close()
    assert _facts(captured) == {f"chatcmpl-{number}": 1000 + number for number in range(50)}


def test_twenty_threads() -> None:
    exchange = _many(20)
    with Replay(exchange) as server, capture() as captured, _make(CHAT, "sync", server.url) as client:

        def call(number: int) -> None:
            one = client.with_options(base_url=f"{server.url}/{number}")
            one.chat.completions.create(**_body(exchange))

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(call, range(20)))
    assert _facts(captured) == {f"chatcmpl-{number}": 1000 + number for number in range(20)}
