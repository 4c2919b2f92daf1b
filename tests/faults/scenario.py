"""What an application does with models and tools, and everything that it sees of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import anthropic
import httpx
import openai
import pydantic
import requests
import urllib3
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider
from wrapt import FunctionWrapper

import agentotel
from agentotel.capture import brokers, echoes
from agentotel.capture.spec import Brokered
from tests.contract.seen import shown, shown_error
from tests.conventions import provider as p
from tests.conventions.provider import Answer, Provider
from tests.conventions.recorded import Recorded, recorded
from tests.fakes.sockets import serving
from tests.faults.injected import forget

QUICK: dict[str, Any] = {"trust_env": False, "verify": False}
"""No proxy of the environment, which could not reach this machine's loopback, and no certificates to load."""

QUESTION: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Where is it?"}],
    "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}],
}
MESSAGE: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Where is it?"}],
}


class Verdict(pydantic.BaseModel):
    """A structured output."""

    verdict: int


class Nobody:
    """Stands for the providers of an application that has none."""

    tracer = NoOpTracerProvider()
    meter = NoOpMeterProvider()


class Callback:
    """Writes what it was told of a call on a span of the application, as LiteLLM's does, and is patched like that."""

    def set_attributes(self, span: Any, attributes: dict[str, Any]) -> None:
        span.set_attributes(attributes)


Callback.set_attributes = FunctionWrapper(Callback.set_attributes, echoes.wrapper(Callback.set_attributes))  # type: ignore[method-assign,assignment]


def call(function: Callable[[], Any]) -> Any:
    return function()


broker = brokers.plain(call, brokers.wrapper(lambda _owner, _args, _kwargs: Brokered(retry_limit=1), call))
"""Calls a function, and is patched as the functions of a broker are."""


class Application:
    """Runs a few turns and logs what it gets, exceptions included. Others trace with the providers ``beside`` us."""

    def __init__(self, server: Provider) -> None:
        self.beside: Any = Nobody
        self.server = server
        self.log: list[Any] = []
        self.openai = openai.OpenAI(
            base_url=f"{server.url}/v1", api_key="k", http_client=openai.DefaultHttpxClient(**QUICK)
        )
        self.anthropic = anthropic.Anthropic(
            base_url=server.url, api_key="k", http_client=anthropic.DefaultHttpxClient(**QUICK)
        )

    def run(self) -> list[Any]:
        """Run it all, and give the log."""
        self.log = []
        self.openai, self.anthropic = self.openai.copy(), self.anthropic.copy()
        with agentotel.session(user="u", feature="f") as session:
            with agentotel.turn(input="Where?") as turn, agentotel.agent("a", max_steps=3), agentotel.prompt("p", "1"):
                with agentotel.step("planning"):
                    self.note(self.calls)
                self.note(self.tools)
                agentotel.decision("go", reason="why not")
                turn.output({"answer": 1})
            self.note(self.streams)
            self.note(self.raw)
            self.note(self.unparsed)
            self.note(self.refused_option)
            self.note(self.other_sdks)
            self.note(self.brokered)
            self.note(self.connections)
            self.note(self.neighbours)
            self.note(self.failures)
            self.note(lambda: asyncio.run(self.asynchronous()))
            with agentotel.session("s-1"):
                pass
        with agentotel.session("s-1"):
            pass
        self.log.append((type(session), type(turn)))
        return self.log

    def note(self, work: Callable[[], object]) -> None:
        """Log what ``work`` gives or raises."""
        try:
            self.log.append(shown(work()))
        except Exception as error:  # noqa: BLE001 - what the caller sees is the result
            self.log.append(shown_error(error))

    def ask(self, *answers: Answer, **more: Any) -> Any:
        self.server.line_up(*answers)
        return self.openai.chat.completions.create(**QUESTION, **more)

    def message(self, answer: Answer, **more: Any) -> Any:
        self.server.line_up(answer)
        return self.anthropic.messages.create(**MESSAGE, **more)

    def calls(self) -> list[Any]:
        return [
            self.ask(p.chat(None, calls=[("look_up", {"what": "it"}), ("nothing", {})])),
            self.ask(p.failed(429, "slow down"), p.chat("there")),
            self.message(p.message("there")),
            self.message(self.searched(p.message("there"))),
        ]

    def searched(self, answer: Answer) -> Answer:
        """Let the provider have searched the web for its answer."""
        use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "it"}}
        found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
        body: Any = answer.body
        return replace(answer, body={**body, "content": [use, found, *body["content"]]})

    def tools(self) -> list[Any]:
        @agentotel.tool(cost=0.1)
        def look_up(what: str) -> dict[str, str]:
            return {"found": what}

        @agentotel.tool
        def fail(what: str) -> None:
            raise LookupError(what)

        @agentotel.tool(fallback_for="fail")
        def pages() -> Iterator[int]:
            yield 1
            yield 2

        self.note(lambda: fail("it"))
        with agentotel.tool_call("search", {"q": 1}) as call:
            call.result("found")
        with ThreadPoolExecutor(1) as pool:
            return [look_up("it"), list(pages()), pool.submit(look_up, "that").result()]

    def brokered(self) -> Any:
        """Ask as a broker does: a call that fails, sent again, and one that fails for good."""
        read = broker(lambda: (self.note(lambda: self.ask(p.failed(400, "no"))), self.ask(p.chat("there")))[1])
        broker(lambda: self.ask(p.failed(400, "no")))
        return read

    def streams(self) -> list[Any]:
        read = [
            list(self.ask(p.chat_stream("there", "it is"), stream=True)),
            list(self.message(p.message_stream("there", "it is"), stream=True)),
        ]
        left = self.ask(p.chat_stream("there", "it is"), stream=True)
        read.append([next(left)])
        left.close()
        dropped = self.ask(p.chat_stream("there"), stream=True)
        del dropped
        gc.collect()
        self.note(lambda: list(self.ask(p.chat_stream("there", cut=True), stream=True)))
        return read

    def unparsed(self) -> Any:
        """Parse an answer later, which fits no verdict."""
        self.server.line_up(p.chat("there"))
        asked = {"model": "gpt-4o", "messages": QUESTION["messages"], "response_format": Verdict}
        return self.openai.chat.completions.with_raw_response.parse(**asked).parse()

    def refused_option(self) -> list[Any]:
        """Read a stream of a host that should take ``stream_options``, and does not."""
        through = openai.DefaultHttpxClient(**QUICK, proxy=self.server.url)
        client = openai.OpenAI(base_url="http://api.openai.com/v1", api_key="k", http_client=through)
        self.server.line_up(p.chat_stream("there"))
        return list(client.chat.completions.create(**QUESTION, stream=True))

    def raw(self) -> list[Any]:
        chat = self.openai.chat.completions
        self.server.line_up(p.chat("there"))
        seen = [chat.with_raw_response.create(**QUESTION).parse()]
        self.server.line_up(p.chat("there"))
        with chat.with_streaming_response.create(**QUESTION) as opened:
            seen.append(opened.read())
        self.server.line_up(p.chat_stream("there"))
        with chat.with_streaming_response.create(**QUESTION, stream=True) as opened:
            seen.append(list(opened.iter_lines()))
        return seen

    def connections(self) -> list[Any]:
        """Ask over connections that carry several calls, and leave one of them in an answer."""
        response = {"id": "resp_1", "object": "realtime.response", "output": []}
        begins = {"type": "response.created", "event_id": "e", "response": {**response, "status": "in_progress"}}
        ends = {"type": "response.done", "event_id": "e", "response": {**response, "status": "completed"}}
        seen = []
        with serving(lambda asked: [begins, *([ends] if asked.get("event_id") else [])]) as url:
            client = self.openai.with_options(websocket_base_url=url)
            with client.realtime.connect(model="gpt-realtime") as connection:
                connection.response.create(event_id="e")
                seen += [connection.recv().type for _ in range(2)]
                connection.response.create()
                seen.append(connection.recv().type)
        return seen

    def neighbours(self) -> list[Any]:
        """Let somebody else trace calls: one of ours from around it, one from inside it, and two that we do not see."""
        tracer = self.beside.tracer.get_tracer("opentelemetry.instrumentation.openai_v2")
        duration = self.beside.meter.get_meter("opentelemetry.instrumentation.openai_v2").create_histogram(
            "gen_ai.client.operation.duration", "s"
        )
        asked = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}

        def inside(_request: object) -> None:
            with tracer.start_as_current_span("chat gpt-4o", attributes=asked) as span:
                span.add_event("sent")

        with tracer.start_as_current_span("chat gpt-4o", attributes=asked):
            seen = [self.ask(p.chat("there"))]
        duration.record(0.1, {"gen_ai.operation.name": "chat"})
        http = openai.DefaultHttpxClient(**QUICK, event_hooks={"request": [inside]})
        self.server.line_up(p.chat("there"))
        with openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="k", http_client=http) as client:
            seen.append(client.chat.completions.create(**QUESTION))
        with tracer.start_as_current_span("chat gpt-4o", attributes=asked) as span:
            span.set_attributes({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 1})
        dropped = tracer.start_span("chat gpt-4o", attributes=asked)
        del dropped
        with self.beside.tracer.get_tracer("application").start_as_current_span("work") as span:
            Callback().set_attributes(span, {"gen_ai.operation.name": "chat", "team": "t"})
        return seen

    def other_sdks(self) -> list[Any]:
        """Do what SDKs without an adapter do, and what tools do."""

        @agentotel.tool
        def stock(url: str) -> list[int]:
            self.server.line_up(Answer(status=503), Answer(body={}))
            return [requests.get(url, timeout=5).status_code for _ in range(2)]

        url = f"{self.server.url}/v1/chat/completions"
        self.server.line_up(p.chat("there"), *[p.chat_stream("there")] * 3, p.failed(400, "no"))
        seen: list[Any] = [httpx.post(url, json=QUESTION, **QUICK).json()]
        with requests.post(url, json={**QUESTION, "stream": True}, timeout=5, stream=True) as response:
            seen.append(list(response.iter_lines()))
        with urllib3.PoolManager() as pool:
            opened = pool.request("POST", url, json={**QUESTION, "stream": True}, preload_content=False)
            seen.append([opened.read(20), opened.read()])
            left = pool.request("POST", url, json={**QUESTION, "stream": True}, preload_content=False)
            seen.append([left.read(20), left.close()])
        return [*seen, requests.post(url, json=QUESTION, timeout=5).status_code, stock(f"{self.server.url}/stock")]

    def failures(self) -> None:
        self.note(lambda: self.ask(p.failed(400, "no", code="context_length_exceeded")))
        self.server.line_up(p.chat('{"verdict": "none"}'))
        self.openai.chat.completions.parse(
            model="gpt-4o", messages=[{"role": "user", "content": "?"}], response_format=Verdict
        )

    async def by_aiohttp(self, url: str) -> list[Any]:
        self.server.line_up(p.chat_stream("there"), p.chat_stream("there"))
        async with aiohttp.ClientSession() as session:
            streamed = {**QUESTION, "stream": True}
            async with session.post(f"{url}/chat/completions", json=streamed) as response:
                lines = [line async for line in response.content]
            async with session.post(f"{url}/chat/completions", json=streamed) as response:
                await response.content.read(20)
        return lines

    async def asynchronous(self) -> list[Any]:
        @agentotel.tool
        async def look_up(what: str) -> str:
            return what

        @agentotel.tool
        async def pages() -> AsyncIterator[int]:
            yield 1

        http = openai.DefaultAsyncHttpxClient(**QUICK)
        url = f"{self.server.url}/v1"
        async with agentotel.turn(), openai.AsyncOpenAI(base_url=url, api_key="k", http_client=http) as client:
            self.server.line_up(p.chat("there"))
            seen = [await client.chat.completions.create(**QUESTION), await look_up("it"), await self.by_aiohttp(url)]
            self.server.line_up(p.chat_stream("there", "it is"), p.failed(400, "no"))
            stream = await client.chat.completions.create(**QUESTION, stream=True)
            seen.append([chunk async for chunk in stream])
            seen.append([number async for number in pages()])
            try:
                await client.chat.completions.create(**QUESTION)
            except openai.BadRequestError as error:
                seen.append(shown_error(error))
        return seen


@contextmanager
def recording(application: Application, **settings: Any) -> Iterator[Recorded]:
    """Record what an application does, and give its other libraries the same providers."""
    forget()
    with recorded(**settings) as made:
        application.beside = made
        try:
            yield made
        finally:
            application.beside = Nobody
