"""Structured outputs that cannot be parsed, wherever the SDK parses them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pydantic
import pytest

import agentotel
from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done, each, opened
from tests.contract.test_answers import ASKED, client_of
from tests.fakes.made import answering, streaming
from tests.fakes.replay import Replay


class Verdict(pydantic.BaseModel):
    """A structured output."""

    verdict: int


WRONG = '{"verdict": "guilty"}'
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "text", "text": WRONG}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 5},
}
HEAD = {"id": "c_1", "created": 1, "model": "gpt-4o-mini"}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": WRONG}, "finish_reason": "stop"}
SAID = {"type": "output_text", "text": WRONG, "annotations": []}
ITEM = {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": [SAID]}
RESPONSE = {"id": "r_1", "object": "response", "model": "gpt-4o-mini", "status": "completed", "output": [ITEM]}


def chunked(text: str, reason: str = "stop") -> dict[str, Any]:
    """Stream a chat completion."""
    head = {**HEAD, "object": "chat.completion.chunk"}
    ended = {"index": 0, "delta": {}, "finish_reason": reason}
    said = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return streaming({**head, "choices": [said]}, {**head, "choices": [ended]})


def response_events() -> dict[str, Any]:
    """Stream a response of the Responses API."""
    place = {"output_index": 0, "content_index": 0, "item_id": "m_1"}
    return streaming(
        {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**ITEM, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**SAID, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": WRONG},
        {"type": "response.output_text.done", **place, "text": WRONG},
        {"type": "response.completed", "response": RESPONSE},
    )


def message_events() -> dict[str, Any]:
    """Stream a message."""
    return streaming(
        {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WRONG}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
        done=False,
    )


async def chat_stream(client: Any) -> None:
    async with opened(
        client.chat.completions.stream(model="gpt-4o-mini", messages=ASKED, response_format=Verdict)
    ) as stream:
        await done(stream.get_final_completion())


async def chat_iteration(client: Any) -> None:
    async with opened(
        client.chat.completions.stream(model="gpt-4o-mini", messages=ASKED, response_format=Verdict)
    ) as stream:
        assert [event async for event in each(stream)]


async def chat_raw(client: Any) -> None:
    raw = await done(
        client.chat.completions.with_raw_response.parse(model="gpt-4o-mini", messages=ASKED, response_format=Verdict)
    )
    raw.parse()


async def chat_whole(client: Any) -> None:
    await done(client.chat.completions.parse(model="gpt-4o-mini", messages=ASKED, response_format=Verdict))


async def response_stream(client: Any) -> None:
    async with opened(client.responses.stream(model="gpt-4o-mini", input="Hello", text_format=Verdict)) as stream:
        await done(stream.get_final_response())


async def response_raw(client: Any) -> None:
    raw = await done(client.responses.with_raw_response.parse(model="gpt-4o-mini", input="Hello", text_format=Verdict))
    raw.parse()


async def message_stream(client: Any) -> None:
    asked = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": ASKED}
    async with opened(client.messages.stream(**asked, output_format=Verdict)) as stream:
        await done(stream.get_final_message())


async def beta_message_stream(client: Any) -> None:
    asked = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": ASKED}
    async with opened(client.beta.messages.stream(**asked, output_format=Verdict)) as stream:
        await done(stream.get_final_message())


Case = tuple[str, dict[str, Any], Callable[[Any], Awaitable[None]]]
CHAT = answering({**HEAD, "object": "chat.completion", "choices": [CHOICE]})
CASES: dict[str, Case] = {
    "a chat stream": ("openai", chunked(WRONG), chat_stream),
    "a chat stream that is iterated": ("openai", chunked(WRONG), chat_iteration),
    "a chat that was cut off": ("openai", chunked('{"ver', "length"), chat_stream),
    "a raw chat": ("openai", CHAT, chat_raw),
    "a chat": ("openai", CHAT, chat_whole),
    "a response stream": ("openai", response_events(), response_stream),
    "a raw response": ("openai", answering(RESPONSE), response_raw),
    "a message stream": ("anthropic", message_events(), message_stream),
    "a beta message stream": ("anthropic", message_events(), beta_message_stream),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", CASES)
async def test_a_failure_is_recorded_by_itself(name: str, flavour: str) -> None:
    package, exchange, call = CASES[name]
    with Replay(exchange) as server, capture() as captured:
        client = client_of(package, flavour, server)
        with pytest.raises(Exception) as caught, agentotel.turn():  # noqa: PT011 - each SDK has its own
            await call(client)
        await close(client)
    (turn,) = captured.turns
    (event,) = [event for event in turn.events if event.name == "agentotel.validation"]
    expected = getattr(caught.value, "title", type(caught.value).__name__)
    assert event.attributes == {
        "agentotel.validation.validator": "response_format",
        "agentotel.validation.verdict": "fail",
        "agentotel.validation.expected": expected,
    }
    assert turn.attributes["agentotel.stop_reason"] == "model_error"
    (span,) = captured.model_calls
    assert span.outcome in {"completed", "abandoned", "error"}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_what_the_stream_itself_fails_of_is_no_failed_validation(flavour: str) -> None:
    failing = streaming({"error": {"message": "no", "code": "server_error"}})
    with Replay(failing) as server, capture() as captured:
        client = client_of("openai", flavour, server)
        with pytest.raises(Exception, match="no"), agentotel.turn():
            await chat_stream(client)
        await close(client)
    assert not [event for event in captured.events if event.name == "agentotel.validation"]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_what_can_be_parsed_is_parsed(flavour: str) -> None:
    right = json.dumps({"verdict": 1})
    with Replay(chunked(right)) as server, capture() as captured:
        client = client_of("openai", flavour, server)
        async with opened(
            client.chat.completions.stream(model="gpt-4o-mini", messages=ASKED, response_format=Verdict)
        ) as stream:
            completion = await done(stream.get_final_completion())
        await close(client)
    assert completion.choices[0].message.parsed == Verdict(verdict=1)
    assert not [event for event in captured.events if event.name == "agentotel.validation"]
