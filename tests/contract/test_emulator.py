"""The emulator as the real SDKs see it, without instrumentation."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from agentotel.demo.emulator import Emulator
from agentotel.demo.script import RETRY_AFTER_S

STATUS_QUESTION = {"role": "user", "content": "Where is my order A-1?"}
REFUND_QUESTION = {"role": "user", "content": "Refund order A-1: arrived damaged."}
ORDER_TOOLS = ("lookup_order", "get_shipping_status")
REFUND_TOOLS = ("refund_to_card", "refund_by_voucher")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(latency_s=0, chunk_delay_s=0) as running:
        yield running


def openai_client(emulator: Emulator, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=emulator.openai_url, api_key="none", **options)


def anthropic_client(emulator: Emulator, **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=emulator.anthropic_url, api_key="none", **options)


def openai_request(*messages: Any, **options: Any) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in ORDER_TOOLS]
    return {"model": "gpt-5-mini", "messages": list(messages), "tools": tools} | options


def anthropic_request(*messages: Any, **options: Any) -> dict[str, Any]:
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in REFUND_TOOLS]
    request = {"model": "claude-haiku-4-5", "max_tokens": 500, "messages": list(messages)}
    return request | {"tools": tools} | options


def order_results() -> list[Any]:
    calls = [
        {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for name in ORDER_TOOLS
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "{}"} for call in calls]
    return [{"role": "assistant", "tool_calls": calls}, *results]


def refund_results(*names: str) -> list[Any]:
    messages: list[Any] = []
    for name in names:
        use = {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": {}}
        result = {"type": "tool_result", "tool_use_id": use["id"], "content": "no answer"}
        messages += [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
    return messages


class TestOpenAI:
    def test_retries_the_429_by_itself_and_gets_parallel_tool_calls(self, emulator: Emulator) -> None:
        started_at = time.monotonic()
        completion = openai_client(emulator).chat.completions.create(**openai_request(STATUS_QUESTION))

        assert time.monotonic() - started_at >= RETRY_AFTER_S
        assert [request.status for request in emulator.requests] == [429, 200]
        assert [r.headers["x-stainless-retry-count"] for r in emulator.requests] == ["0", "1"]
        choice = completion.choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.content is None
        calls = choice.message.tool_calls or []
        assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == [
            ("lookup_order", {"order_id": "A-1"}),
            ("get_shipping_status", {"order_id": "A-1"}),
        ]
        assert len({c.id for c in calls}) == 2

    def test_a_client_without_retries_sees_the_429(self, emulator: Emulator) -> None:
        client = openai_client(emulator, max_retries=0)

        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(**openai_request(STATUS_QUESTION))

        assert caught.value.code == "rate_limit_exceeded"
        assert caught.value.response.headers["retry-after"] == str(RETRY_AFTER_S)
        assert caught.value.response.headers["x-ratelimit-remaining-tokens"] == "0"
        assert caught.value.request_id == caught.value.response.headers["x-request-id"]

    def test_usage_ids_and_headers(self, emulator: Emulator) -> None:
        raw = openai_client(emulator).chat.completions.with_raw_response.create(
            **openai_request(STATUS_QUESTION, *order_results())
        )

        completion = raw.parse()
        assert completion.id.startswith("chatcmpl-")
        assert completion.model == "gpt-5-mini-2025-08-07"
        assert completion.choices[0].finish_reason == "stop"
        usage = completion.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (
            1498,
            102,
            1600,
        )
        assert usage.prompt_tokens_details is not None
        assert usage.prompt_tokens_details.cached_tokens == 1280
        assert usage.completion_tokens_details is not None
        assert usage.completion_tokens_details.reasoning_tokens == 64
        assert raw.headers["x-request-id"].startswith("req_")
        assert raw.headers["x-ratelimit-limit-requests"] == "500"
        assert raw.headers["x-ratelimit-remaining-requests"] == "499"

    def test_stream_with_usage(self, emulator: Emulator) -> None:
        request = openai_request(STATUS_QUESTION, *order_results(), stream=True)
        request["stream_options"] = {"include_usage": True}

        chunks = list(openai_client(emulator).chat.completions.create(**request))

        *parts, last = chunks
        text = "".join(part.choices[0].delta.content or "" for part in parts)
        assert text.endswith("It arrives on Monday before noon.")
        assert parts[0].choices[0].delta.role == "assistant"
        assert [p.choices[0].finish_reason for p in parts][-2:] == [None, "stop"]
        assert len(parts) > 20
        assert all(part.usage is None for part in parts)
        assert last.choices == []
        assert last.usage is not None
        assert last.usage.prompt_tokens == 1498
        assert len({chunk.id for chunk in chunks}) == 1

    def test_stream_without_usage_sends_none(self, emulator: Emulator) -> None:
        request = openai_request(STATUS_QUESTION, *order_results(), stream=True)

        chunks = list(openai_client(emulator).chat.completions.create(**request))

        assert all(chunk.choices for chunk in chunks)
        assert all(chunk.usage is None for chunk in chunks)
        assert "usage" not in chunks[0].model_fields_set

    def test_stream_helper_puts_tool_calls_together(self, emulator: Emulator) -> None:
        client = openai_client(emulator)

        with client.chat.completions.stream(**openai_request(STATUS_QUESTION)) as stream:
            completion = stream.get_final_completion()

        calls = completion.choices[0].message.tool_calls or []
        assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == [
            ("lookup_order", {"order_id": "A-1"}),
            ("get_shipping_status", {"order_id": "A-1"}),
        ]

    def test_async_plain_and_streamed(self, emulator: Emulator) -> None:
        async def ask() -> tuple[str | None, str]:
            async with openai.AsyncOpenAI(base_url=emulator.openai_url, api_key="none") as client:
                request = openai_request(STATUS_QUESTION, *order_results())
                plain = await client.chat.completions.create(**request)
                stream = await client.chat.completions.create(**request, stream=True)
                pieces = [c.choices[0].delta.content or "" async for c in stream]
                return plain.choices[0].message.content, "".join(pieces)

        plain, streamed = asyncio.run(ask())

        assert plain == streamed

    def test_a_request_that_no_line_fits_is_a_404(self, emulator: Emulator) -> None:
        client = openai_client(emulator)

        with pytest.raises(openai.NotFoundError) as caught:
            client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Hello"}])
        with pytest.raises(openai.NotFoundError):
            client.models.list()

        assert caught.value.type == "invalid_request_error"
        assert [(r.method, r.path, r.status) for r in emulator.requests] == [
            ("POST", "/v1/chat/completions", 404),
            ("GET", "/v1/models", 404),
        ]


class TestAnthropic:
    def test_tool_use_and_cache_write(self, emulator: Emulator) -> None:
        message = anthropic_client(emulator).messages.create(**anthropic_request(REFUND_QUESTION))

        assert message.id.startswith("msg_01")
        assert message.model == "claude-haiku-4-5-20251001"
        assert message.stop_reason == "tool_use"
        text, use = message.content
        assert text.type == "text"
        assert use.type == "tool_use"
        assert (use.name, use.input) == ("refund_to_card", {"order_id": "A-1", "amount": 129.0})
        assert message.usage.input_tokens == 2214 - 2048
        assert message.usage.cache_creation_input_tokens == 2048
        assert message.usage.cache_read_input_tokens == 0
        assert message.usage.cache_creation is not None
        assert message.usage.cache_creation.ephemeral_5m_input_tokens == 2048
        assert message.usage.output_tokens == 87

    def test_results_lead_to_the_next_line_and_read_the_cache(self, emulator: Emulator) -> None:
        client = anthropic_client(emulator)

        second = client.messages.create(**anthropic_request(REFUND_QUESTION, *refund_results("refund_to_card")))
        raw = client.messages.with_raw_response.create(
            **anthropic_request(REFUND_QUESTION, *refund_results(*REFUND_TOOLS))
        )

        assert [b.name for b in second.content if b.type == "tool_use"] == ["refund_by_voucher"]
        assert second.usage.cache_read_input_tokens == 2048
        assert raw.parse().stop_reason == "end_turn"
        assert raw.headers["request-id"].startswith("req_")
        assert raw.headers["anthropic-ratelimit-requests-remaining"] == "498"
        assert raw.headers["anthropic-ratelimit-requests-reset"].endswith("Z")

    def test_stream_events(self, emulator: Emulator) -> None:
        request = anthropic_request(REFUND_QUESTION, stream=True)

        events = list(anthropic_client(emulator).messages.create(**request))

        kinds = [event.type for event in events if event.type != "content_block_delta"]
        assert kinds == [
            "message_start",
            *["content_block_start", "content_block_stop"] * 2,
            "message_delta",
            "message_stop",
        ]
        assert events[0].message.usage.cache_creation_input_tokens == 2048
        assert events[-2].usage.output_tokens == 87
        assert events[-2].delta.stop_reason == "tool_use"

    def test_stream_helper_equals_the_plain_answer(self, emulator: Emulator) -> None:
        client = anthropic_client(emulator)
        plain = client.messages.create(**anthropic_request(REFUND_QUESTION))

        with client.messages.stream(**anthropic_request(REFUND_QUESTION)) as stream:
            streamed = stream.get_final_message()

        assert [_without_id(b) for b in streamed.content] == [_without_id(b) for b in plain.content]
        assert streamed.usage.output_tokens == plain.usage.output_tokens
        assert streamed.usage.input_tokens == plain.usage.input_tokens

    def test_async_plain_and_streamed(self, emulator: Emulator) -> None:
        request = anthropic_request(REFUND_QUESTION, *refund_results(*REFUND_TOOLS))

        async def ask() -> tuple[str, str]:
            url = emulator.anthropic_url
            async with anthropic.AsyncAnthropic(base_url=url, api_key="none") as client:
                plain = await client.messages.create(**request)
                async with client.messages.stream(**request) as stream:
                    return plain.content[0].text, await stream.get_final_text()

        plain, streamed = asyncio.run(ask())

        assert plain == streamed

    def test_the_429_is_in_its_dialect_too(self, emulator: Emulator) -> None:
        with pytest.raises(anthropic.RateLimitError) as caught:
            anthropic_client(emulator, max_retries=0).messages.create(**anthropic_request(STATUS_QUESTION))
        retried = anthropic_client(emulator).messages.create(**anthropic_request(STATUS_QUESTION))

        assert caught.value.type == "rate_limit_error"
        assert caught.value.response.headers["anthropic-ratelimit-tokens-remaining"] == "0"
        assert retried.stop_reason == "tool_use"

    def test_a_request_that_no_line_fits_is_a_404(self, emulator: Emulator) -> None:
        client = anthropic_client(emulator)

        with pytest.raises(anthropic.NotFoundError) as caught:
            client.messages.count_tokens(model="claude-haiku-4-5", messages=[REFUND_QUESTION])

        assert caught.value.type == "not_found_error"
        assert caught.value.request_id.startswith("req_")


def test_a_stream_arrives_event_by_event() -> None:
    with Emulator(latency_s=0, chunk_delay_s=0.01) as emulator:
        request = openai_request(STATUS_QUESTION, *order_results(), stream=True)
        arrivals = [time.monotonic() for _ in openai_client(emulator).chat.completions.create(**request)]

    assert arrivals[-1] - arrivals[0] >= 0.01 * (len(arrivals) - 2)


def test_a_client_that_leaves_in_the_middle_does_no_harm(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    emulator.chunk_delay_s = 0.005
    request = openai_request(STATUS_QUESTION, *order_results(), stream=True)
    with openai_client(emulator) as leaving:
        stream = leaving.chat.completions.create(**request)
        next(stream)
        stream.close()

    completion = openai_client(emulator).chat.completions.create(**openai_request(STATUS_QUESTION, *order_results()))

    assert completion.choices[0].finish_reason == "stop"
    assert capfd.readouterr().err == ""


def test_a_connection_that_is_reset_leaves_no_traceback(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    port = int(emulator.anthropic_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nhost: loopback\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 404")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    openai_client(emulator).chat.completions.create(**openai_request(STATUS_QUESTION, *order_results()))

    assert capfd.readouterr().err == ""


def test_the_body_is_recorded_as_sent(emulator: Emulator) -> None:
    anthropic_client(emulator).messages.create(**anthropic_request(REFUND_QUESTION))

    (request,) = emulator.requests
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["authorization"] == "Bearer none"
    assert request.body == anthropic_request(REFUND_QUESTION)


def _without_id(block: Any) -> dict[str, Any]:
    return {key: value for key, value in block.model_dump().items() if key != "id"}
