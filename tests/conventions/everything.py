"""One session with every kind of operation and outcome, through the public API and the real SDKs.

``text`` stands wherever content can: what leaves the process tells where it went.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pydantic
import pytest

import agentotel
from tests.conventions import provider as p
from tests.conventions.provider import Answer, Provider

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LIMITS = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "29000",
    "x-ratelimit-reset-tokens": "1m0s",
}


class Verdict(pydantic.BaseModel):
    """A structured output."""

    verdict: int


class Everything:
    """The session. Public attributes are what it needs in its parts."""

    def __init__(self, server: Provider, text: str) -> None:
        self.server = server
        self.text = text
        query = {"secret": text}
        # trust_env=False: a proxy of the environment cannot reach this machine's loopback.
        self.openai = openai.OpenAI(
            base_url=f"{server.url}/v1",
            api_key=f"key-{text}",
            default_query=query,
            default_headers={"x-note": text.encode("ascii", "replace").decode()},
            http_client=openai.DefaultHttpxClient(trust_env=False),
        )
        self.anthropic = anthropic.Anthropic(
            base_url=server.url,
            api_key=f"key-{text}",
            default_query=query,
            http_client=anthropic.DefaultHttpxClient(trust_env=False),
        )

    def async_openai(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            base_url=f"{self.server.url}/v1", api_key="key", http_client=openai.DefaultAsyncHttpxClient(trust_env=False)
        )

    def async_anthropic(self) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(
            base_url=self.server.url, api_key="key", http_client=anthropic.DefaultAsyncHttpxClient(trust_env=False)
        )

    def ask(self, *answers: Answer, client: Any = None, **more: Any) -> Any:
        """Make a chat completion."""
        self.server.line_up(*answers)
        return (client or self.openai).chat.completions.create(**{**self.question(), **more})

    def question(self) -> dict[str, Any]:
        return {
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": self.text},
                {"role": "user", "name": "someone", "content": self.text},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": self.text},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                        {"type": "image_url", "image_url": {"url": f"https://example.com/a.png?q={self.text}"}},
                        {"type": "file", "file": {"filename": self.text, "file_data": f"data:text/plain,{self.text}"}},
                    ],
                },
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": name,
                        "description": self.text,
                        "parameters": {"type": "object", "properties": {self.text: {"type": "string"}}},
                    },
                }
                for name in ("lookup_order", "cancel_order")
            ],
            "temperature": 0.2,
            "max_tokens": 100,
            "top_p": 1,
            "seed": 7,
            "n": 1,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.1,
            "stop": ["END"],
            "user": self.text,
            "metadata": {"note": self.text},
        }

    def run(self) -> agentotel.Session:
        """Run it all, and give the session."""
        with agentotel.session(
            user="u-17",
            tenant="acme",
            feature="refunds",
            channel="web",
            experiment="tone",
            variant="b",
            config_id="c-9",
            metadata={"region": "eu", "beta": True, "load": 0.5, "tier": 3},
        ) as session:
            with agentotel.turn(input=self.text) as turn:
                with agentotel.agent("triage", version="7", description="Sorts requests.", max_steps=8) as run:
                    self.planning()
                    self.tools()
                    self.events()
                    with agentotel.agent("billing", version="2"):
                        self.messages()
                    run.result = "success"
                turn.output(self.text)
            self.streams()
            self.other_paths()
            self.insides()
            self.failures()
            asyncio.run(self.asynchronous())
            self.endings()
        self.outside()
        assert not self.server.left
        assert session.stop_reason == "completed"
        return session

    def planning(self) -> None:
        with agentotel.step("planning"), agentotel.prompt("greeting", "3"):
            wanted = [("lookup_order", {"order_id": self.text}), ("cancel_order", {}), ("made_up", {"a": self.text})]
            self.ask(p.chat(None, calls=wanted))
        with agentotel.step("reflection"), agentotel.step("check"):
            answer = p.chat(self.text, reason="length")
            self.ask(Answer(body=answer.body, headers={**answer.headers, **LIMITS}))
        self.ask(p.failed(429, self.text, "requests", "rate_limit_exceeded"), p.chat(self.text))

    def tools(self) -> None:
        text = self.text

        @agentotel.tool(version="2.1", cost=0.002)
        def lookup_order(order_id: str) -> dict[str, str]:
            """Look an order up."""
            return {"order": order_id}

        @agentotel.tool(name="refund")
        def refuse(order: str) -> str:
            raise ValueError(order)

        @agentotel.tool(fallback_for="refund", type="extension")
        def note(order: str) -> str:
            agentotel.set_cost(0.5)
            return order

        @agentotel.tool
        def pages(query: str) -> Iterator[str]:
            yield query

        @agentotel.tool
        def fetch(query: str) -> int:
            self.server.line_up(Answer(status=503), Answer(body={}))
            with httpx.Client(base_url=self.server.url, trust_env=False) as client:
                return [client.get("/stock", params={"q": query}).status_code for _ in range(2)][-1]

        fetch(text)
        lookup_order(text)
        for _ in range(2):
            with contextlib.suppress(ValueError):
                refuse(text)
        note(text)
        list(pages(text))
        next(pages(text))
        with agentotel.tool_call("search", {"query": text, "odd": {1: {text}}}, type="datastore", cost=0.1) as call:
            call.event("cache_miss", size=3)
            call.result([text])
        with contextlib.suppress(KeyboardInterrupt), agentotel.tool_call("interrupted"):
            raise KeyboardInterrupt(text)
        with contextlib.suppress(TimeoutError), agentotel.tool_call("slow"):
            raise TimeoutError(text)

    def events(self) -> None:
        agentotel.decision("refund", reason="it is late", options=["refund", "wait"])
        agentotel.handoff("billing", reason="money")
        agentotel.approval("refund", status="granted", by="ann", reason="small")
        agentotel.guardrail("tone", verdict="pass", reason="fine")
        agentotel.fallback("gpt-4o", "gpt-4o-mini", kind="model", reason="rate limit")
        agentotel.validation("schema", verdict="fail", expected={"a": 1}, diff=["b"], corrections=1)
        agentotel.evaluation("relevance", score=1, label="good", explanation="on topic", response_id="chatcmpl-1")
        agentotel.feedback(0.5, by="u-17", comment="fine")
        agentotel.feedback("up")
        agentotel.state("order", version=3, value=self.text)
        agentotel.event("cache_miss", key="k", sizes=[1, 2], share=0.5, whole=False)

    def messages(self) -> None:
        """Anthropic, plain and streamed."""
        asked = self.message()
        self.server.line_up(p.message(self.text))
        self.anthropic.messages.create(**asked)
        self.server.line_up(p.message_stream(self.text, "two"))
        with self.anthropic.messages.stream(**asked) as stream:
            stream.get_final_message()
        self.server.line_up(p.message_stream(self.text, error={"type": "overloaded_error", "message": self.text}))
        with pytest.raises(anthropic.APIStatusError):
            list(self.anthropic.messages.create(**asked, stream=True))
        self.server.line_up(p.failed(400, f"prompt is too long: {self.text}"))
        with pytest.raises(anthropic.BadRequestError):
            self.anthropic.messages.create(**asked)

    def message(self) -> dict[str, Any]:
        return {
            "model": "claude-haiku-4-5",
            "max_tokens": 64,
            "system": [{"type": "text", "text": self.text, "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": self.text},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                        {
                            "type": "document",
                            "title": self.text,
                            "context": self.text,
                            "source": {"type": "text", "media_type": "text/plain", "data": self.text},
                        },
                    ],
                }
            ],
            "tools": [
                {"name": "refund", "description": self.text, "input_schema": {"type": "object", "title": self.text}}
            ],
            "metadata": {"user_id": self.text},
            "stop_sequences": ["END"],
            "extra_body": {"top_k": 4},
        }

    def streams(self) -> None:
        with agentotel.turn(input={"question": self.text}):
            list(self.ask(p.chat_stream(self.text, "two"), stream=True))
            with self.openai.chat.completions.stream(**self._stream_of(p.chat_stream(self.text))) as helper:
                helper.get_final_completion()
            abandoned = self.ask(p.chat_stream(self.text, "two"), stream=True)
            next(abandoned)
            abandoned.close()
            unread = self.ask(p.chat_stream(self.text), stream=True)
            del unread
            gc.collect()
            with pytest.raises(openai.APIConnectionError):
                list(self.ask(p.chat_stream(self.text, cut=True), stream=True))
            with pytest.raises(openai.APIError):
                list(self.ask(p.chat_stream("one", error={"message": self.text, "code": "server_error"}), stream=True))
            self.raw()

    def _stream_of(self, answer: Answer) -> dict[str, Any]:
        self.server.line_up(answer)
        return {"model": "gpt-4o", "messages": [{"role": "user", "content": self.text}]}

    def raw(self) -> None:
        chat = self.openai.chat.completions
        self.server.line_up(p.chat(self.text))
        chat.with_raw_response.create(**self.question()).parse()
        self.server.line_up(p.chat(self.text))
        with chat.with_streaming_response.create(**self.question()) as opened:
            opened.read()
        self.server.line_up(p.chat_stream(self.text))
        with chat.with_streaming_response.create(**self.question(), stream=True) as opened:
            list(opened.iter_lines())

    def other_paths(self) -> None:
        client, text, line_up = self.openai, self.text, self.server.line_up
        line_up(Answer(body=p.response(text)))
        client.responses.create(
            model="gpt-4o", input=text, instructions=text, conversation="conv_1", previous_response_id="resp_0"
        )
        line_up(p.response_stream(text))
        list(client.responses.create(model="gpt-4o", input=text, stream=True, reasoning={"effort": "low"}))
        line_up(Answer(body=p.response(text, status="failed", error={"code": "server_error", "message": text})))
        client.responses.create(model="gpt-4o", input=text)
        line_up(Answer(body=p.response(text)))
        client.responses.retrieve("resp_1")
        line_up(p.response_stream(text))
        list(client.responses.retrieve("resp_1", stream=True, starting_after=4))
        line_up(p.failed(404, text))
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve("resp_9")
        vector = {"object": "embedding", "index": 0, "embedding": [0.1]}
        usage = {"prompt_tokens": 4, "total_tokens": 4}
        line_up(Answer(body={"object": "list", "data": [vector], "model": "text-embedding-3-small", "usage": usage}))
        client.embeddings.create(model="text-embedding-3-small", input=text, dimensions=8, encoding_format="float")
        choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
        whole = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "gpt-3.5-turbo-instruct"}
        line_up(Answer(body={**whole, "choices": [choice], "usage": {**usage, "completion_tokens": 1}}))
        client.completions.create(model="gpt-3.5-turbo-instruct", prompt=text)
        line_up(Answer(body={"created": 1, "data": [{"b64_json": PIXEL, "revised_prompt": text}]}))
        client.images.generate(model="gpt-image-1", prompt=text, n=2)
        line_up(Answer(body=b"\x00\x01" * 100, content_type="audio/mpeg"))
        client.audio.speech.create(model="tts-1", voice="alloy", input=text).read()
        line_up(Answer(body={"text": text}))
        client.audio.transcriptions.create(model="whisper-1", file=(f"{text}.wav", b"RIFF"), prompt=text)
        line_up(Answer(body={"id": "modr-1", "model": "omni-moderation-latest", "results": []}))
        client.moderations.create(model="omni-moderation-latest", input=text)
        found = {"file_id": "file-1", "filename": text, "score": 0.5, "content": [{"type": "text", "text": text}]}
        line_up(Answer(body={"object": "vector_store.search_results.page", "search_query": [text], "data": [found]}))
        client.vector_stores.search("vs_1", query=text, max_num_results=3)
        line_up(Answer(body={"object": "list", "data": []}))
        client.models.list()

    def insides(self) -> None:
        """What answers hold beside text and the usual tokens."""
        client, text, line_up = self.openai, self.text, self.server.line_up
        token = {"token": text, "logprob": -0.5, "bytes": [1], "top_logprobs": [{"token": text, "logprob": -0.5}]}
        answer: Any = p.chat(text).body
        details = {"accepted_prediction_tokens": 3, "rejected_prediction_tokens": 2, "reasoning_tokens": 5}
        answer["usage"]["completion_tokens_details"] = details
        answer["choices"][0]["logprobs"] = {"content": [token]}
        self.ask(Answer(body=answer), logprobs=True, prediction={"type": "content", "content": text})
        written = {"ttl_30m_tokens": 10, "ttl_12h_tokens": 20}
        usage = {
            "input_tokens": 90,
            "output_tokens": 12,
            "total_tokens": 102,
            "input_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": 30,
                "cache_write_tokens_details": written,
            },
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        used = {"type": "mcp_call", "id": "mcp_1", "name": "ask", "server_label": "docs", "status": "completed"}
        output = [{**used, "arguments": f'{{"q": "{text}"}}', "output": text}]
        line_up(Answer(body=p.response(text, output=output, usage=usage)))
        client.responses.create(model="gpt-4o", input=text)
        message: Any = p.message(text).body
        part = {"input_tokens": 40, "output_tokens": 4, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        message["usage"]["cache_creation_input_tokens"] = 30
        message["usage"]["cache_creation"] = {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
        message["usage"]["iterations"] = [{"type": "compaction", **part}]
        line_up(Answer(body=message))
        self.anthropic.beta.messages.create(**self.message())

    def failures(self) -> None:
        cases: tuple[tuple[tuple[Answer, ...], type[Exception]], ...] = (
            ((p.failed(401, self.text, code="invalid_api_key"),), openai.AuthenticationError),
            ((p.failed(400, self.text, code="context_length_exceeded"),), openai.BadRequestError),
            ((p.failed(500, self.text),) * 3, openai.InternalServerError),
            ((p.failed(429, self.text, code="insufficient_quota"),) * 3, openai.RateLimitError),
        )
        for answers, kind in cases:
            with pytest.raises(kind):
                self.ask(*answers)
        self.server.line_up(Answer(hold=True))
        with pytest.raises(openai.APITimeoutError):
            self.openai.with_options(timeout=0.05, max_retries=0).chat.completions.create(**self.question())
        nobody = self.openai.with_options(base_url="http://127.0.0.1:9/v1", max_retries=1)
        with pytest.raises(openai.APIConnectionError):
            nobody.chat.completions.create(**self.question())
        self.server.line_up(p.chat(f'{{"verdict": "{self.text}"}}'))
        with pytest.raises(pydantic.ValidationError):
            self.openai.chat.completions.parse(
                model="gpt-4o", messages=[{"role": "user", "content": self.text}], response_format=Verdict
            )
        self.server.line_up(p.chat(self.text, reason="length"))
        with pytest.raises(openai.LengthFinishReasonError):
            self.openai.chat.completions.parse(
                model="gpt-4o", messages=[{"role": "user", "content": self.text}], response_format=Verdict
            )
        with pytest.raises(RuntimeError), agentotel.turn(input=self.text), agentotel.agent("broken"):
            raise RuntimeError(self.text)

    async def asynchronous(self) -> None:
        text = self.text

        @agentotel.tool
        async def shout(word: str) -> str:
            return word

        @agentotel.tool
        async def each(word: str) -> AsyncIterator[str]:
            yield word

        async with agentotel.turn(input=text), self.async_openai() as client, self.async_anthropic() as other:
            await shout(text)
            assert [word async for word in each(text)] == [text]
            await self.ask(p.chat(text), client=client)
            stream = await self.ask(p.chat_stream(text, "two"), client=client, stream=True)
            assert [chunk async for chunk in stream]
            self.server.line_up(p.message(text))
            await other.messages.create(**self.message())
            self.server.line_up(Answer(hold=True))
            pending = asyncio.ensure_future(client.chat.completions.create(**self.question()))
            await asyncio.to_thread(self.server.wait_until_asked)
            pending.cancel(text)
            with contextlib.suppress(asyncio.CancelledError):
                await pending

    def endings(self) -> None:
        """Units that end in every way that they can."""
        with agentotel.agent("short", max_steps=1):
            self.ask(p.chat(None, calls=[("lookup_order", {})]))
        with agentotel.agent("filtered"):
            self.ask(p.chat(self.text, reason="content_filter"))
        with agentotel.turn() as turn:
            turn.stop("guardrail", "the words were rude")
            turn.result = "partial"
        with pytest.raises(openai.BadRequestError), agentotel.turn(), agentotel.agent("unlucky"):
            self.ask(p.failed(400, self.text))
        with contextlib.suppress(KeyboardInterrupt), agentotel.turn():
            raise KeyboardInterrupt(self.text)
        for _ in range(2):
            with agentotel.session("s-1", feature="chat"), agentotel.turn():
                pass
        with agentotel.session("s-1") as last:
            last.end("human_stop")

    def outside(self) -> None:
        """What belongs to no session."""
        self.ask(p.chat(self.text))
        self.server.line_up(Answer(body=p.response(self.text)))
        self.openai.responses.create(model="gpt-4o", input=self.text, conversation="conv_2")
        with agentotel.turn(input=self.text), agentotel.agent("alone"), agentotel.step("thinking"):
            agentotel.event("note")
