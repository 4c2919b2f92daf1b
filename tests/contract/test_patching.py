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
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agentotel
from agentotel.capture import registry
from agentotel.capture.libraries import LIBRARIES
from agentotel.testing import capture
from tests.contract.drivers._spec import Driver, Endpoint, calling
from tests.contract.flavour import close, take
from tests.contract.matrix import DRIVERS, endpoint
from tests.contract.scenarios import settled
from tests.fakes.replay import Replay

PLAYED = [(driver, endpoint) for driver in DRIVERS.values() for endpoint in driver.endpoints if endpoint.written]
FIRST = {driver.package: (driver, endpoint) for driver, endpoint in reversed(PLAYED)}
"""One endpoint of each SDK."""
STREAMED = [
    pytest.param(endpoint, flavour, id=f"{endpoint.name}-{flavour}")
    for driver, endpoint in PLAYED
    for flavour in driver.flavours
    if endpoint.has("stream")
]
KEY = "test-key"


def _chat() -> Endpoint:
    """Give the endpoint that tests use for which any would do."""
    return endpoint("openai-chat")


def _client(url: str, flavour: str = "sync") -> Any:
    import openai

    made = openai.AsyncOpenAI if flavour == "async" else openai.OpenAI
    return made(base_url=url, api_key=KEY)


def _body(exchange: Any) -> dict[str, Any]:
    return dict(exchange["interactions"][0]["request"]["body"])


def _seams(package: str) -> list[tuple[Any, str]]:
    """Name every attribute that instrumenting one SDK may replace."""
    adapter = registry.load_adapter(package)
    hooks = [hook for hook in (*adapter.hooks, *adapter.tracers) if hook.module in sys.modules]
    for library in LIBRARIES:
        hooks += (*library.attempts, *library.calls) if library.package in sys.modules else ()
    return [(owner, hook.method) for hook in hooks for owner, method in [registry.seam(hook)] if method is not None]


@pytest.mark.parametrize(("driver", "endpoint"), FIRST.values(), ids=FIRST)
async def test_uninstrument_restores_the_same_objects(driver: Driver, endpoint: Endpoint) -> None:
    seams = _seams(driver.package)
    before = [kind.__dict__[name] for kind, name in seams]
    exchange, exporter, provider = endpoint.exchange("plain"), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with Replay(exchange.sent) as server:
        async with calling(endpoint, driver.flavours[0], exchange, server.url) as caller:
            agentotel.instrument(tracer_provider=provider)
            agentotel.instrument(tracer_provider=provider)
            try:
                patched = [kind.__dict__[name] for kind, name in seams]
                await caller.call()
            finally:
                agentotel.uninstrument()
            await caller.call()
    assert all(one is not other for one, other in zip(before, patched, strict=True))
    assert all(kind.__dict__[name] is was for (kind, name), was in zip(seams, before, strict=True))
    assert len(exporter.get_finished_spans()) == 1


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_nothing_is_missing_in_a_supported_version(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    assert driver.package in sys.modules
    agentotel.instrument()
    agentotel.uninstrument()
    told = [record.getMessage() for record in caplog.records if record.name.startswith("agentotel")]
    assert told == []


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_an_unsupported_version_is_told_once_and_left_alone(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load = registry.load_adapter
    refused = replace(load(driver.package), below=(0, 1))
    monkeypatch.setattr(registry, "load_adapter", lambda name: refused if name == driver.package else load(name))
    hooks = [hook for hook in refused.hooks if hook.module in sys.modules]
    before = [registry.seam(hook) for hook in hooks]
    agentotel.instrument()
    agentotel.instrument()
    try:
        during = [registry.seam(hook) for hook in hooks]
    finally:
        agentotel.uninstrument()
    assert all(method is now for (_, method), (_, now) in zip(before, during, strict=True))
    (said,) = [record.getMessage() for record in caplog.records if record.name.startswith("agentotel")]
    assert said.startswith(f"{refused.package} {registry.support(refused).version} is not supported (")
    assert said.endswith("install a supported version")


PROGRAM = """
import asyncio, importlib, sys
steps, url, package, name = sys.argv[1].split(","), *sys.argv[2:]
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
import agentotel
def sdk():
    global driver, endpoint
    driver = importlib.import_module("tests.contract.drivers." + package.replace(".", "_")).DRIVER
    endpoint = next(one for one in driver.endpoints if one.name == name)
def client():
    global caller
    from tests.contract.drivers._spec import Caller, Settings
    flavour, recording = driver.flavours[0], endpoint.exchange("plain")
    made = endpoint.client(Settings(flavour=flavour, url=url, recording=recording))
    caller = Caller(endpoint, flavour, recording, made)
def on():
    agentotel.instrument(tracer_provider=provider)
for step in steps:
    globals()[step]()
asyncio.run(caller.call())
print(len(exporter.get_finished_spans()))
"""


@pytest.mark.parametrize("steps", ["sdk,client,on", "sdk,on,client", "on,sdk,client", "on,on,sdk,client"])
@pytest.mark.parametrize(("driver", "endpoint"), FIRST.values(), ids=FIRST)
def test_any_order_of_import_and_instrument(driver: Driver, endpoint: Endpoint, steps: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    with Replay(endpoint.exchange("plain").sent) as server:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, steps, server.url, driver.package, endpoint.name],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
    assert ran.stdout.strip() == "1"


@pytest.mark.parametrize(("endpoint", "flavour"), STREAMED)
async def test_nothing_is_read_before_it_is_asked_for(endpoint: Endpoint, flavour: str) -> None:
    exchange = endpoint.exchange("stream")
    with Replay(exchange.sent, hold_after=1) as server, capture() as captured:
        async with calling(endpoint, flavour, exchange, server.url) as caller:
            stream = await caller.call()
            response = getattr(stream, "response", None)
            assert response is None or not response.is_stream_consumed
            await take(stream, 1)
            assert server.sent <= 1
            assert captured.spans == []
            await close(stream)
            await settled()
    assert [call.outcome for call in captured.model_calls] == ["abandoned"]


async def test_a_coroutine_that_nobody_awaits_sends_nothing() -> None:
    exchange = _chat().exchange("plain").sent
    with Replay(exchange) as server, capture() as captured:
        client = _client(server.url, "async")
        client.chat.completions.create(**_body(exchange)).close()
        await client.close()
        assert server.requests == []
    assert captured.spans == []


def test_copies_and_pickles() -> None:
    plain, streamed = _chat().exchange("plain").sent, _chat().exchange("stream").sent
    with capture():
        with Replay(plain) as server, _client(server.url) as client:
            completion = client.chat.completions.create(**_body(plain))
            raw = client.chat.completions.with_raw_response.create(**_body(plain))
        with Replay(streamed) as server, _client(server.url) as client:
            stream = client.chat.completions.create(**_body(streamed))
            twin = copy.copy(stream)
            assert next(twin).id == next(stream).id == "chatcmpl-2"
            stream.close()
    assert pickle.loads(pickle.dumps(completion)) == completion == copy.deepcopy(completion)  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(raw.http_response)).json() == json.loads(raw.text)  # noqa: S301


def test_a_call_inside_the_reading_of_another() -> None:
    """A tool that calls a model while a stream is being read: two spans, side by side, each with its own facts."""
    anthropic = pytest.importorskip("anthropic")
    streamed, plain = _chat().exchange("stream").sent, endpoint("anthropic-messages").exchange("plain").sent
    with Replay(streamed) as outer, Replay(plain) as inner, capture() as captured:
        chat, messages = _client(outer.url), anthropic.Anthropic(base_url=inner.url, api_key=KEY)
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
    exchange = _chat().exchange("plain").sent
    return {**exchange, "interactions": [_answer_with(number, exchange) for number in range(count)]}


def _facts(captured: Any) -> dict[str, int]:
    assert all(len(call.events) == 1 for call in captured.model_calls)
    return {call.response_id: call.input_tokens for call in captured.model_calls}


async def test_fifty_tasks() -> None:
    exchange = _many(50)
    with Replay(exchange) as server, capture() as captured:
        client = _client(server.url, "async")
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
    with Replay(exchange) as server, capture() as captured, _client(server.url) as client:

        def call(number: int) -> None:
            one = client.with_options(base_url=f"{server.url}/{number}")
            one.chat.completions.create(**_body(exchange))

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(call, range(20)))
    assert _facts(captured) == {f"chatcmpl-{number}": 1000 + number for number in range(20)}
