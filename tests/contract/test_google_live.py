"""Sessions of google-genai's Live API against a WebSocket server on loopback: a span for each turn of the model."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agentotel.testing import capture
from tests.contract.matrix import endpoint

endpoint("gemini-generate")

from google import genai  # noqa: E402 - after the check that it is there
from google.genai import types  # noqa: E402
from websockets.asyncio.server import serve  # noqa: E402 - what the SDK itself is made of

USAGE = {
    "promptTokenCount": 9,
    "candidatesTokenCount": 4,
    "thoughtsTokenCount": 3,
    "totalTokenCount": 16,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
}
SOUND = {"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}}
TURNS = [
    [
        {"serverContent": {"modelTurn": {"parts": [{"text": "Hm.", "thought": True}]}}},
        {"serverContent": {"modelTurn": {"parts": [SOUND]}, "outputTranscription": {"text": "Good "}}},
        {"serverContent": {"outputTranscription": {"text": "day."}}},
        {"serverContent": {"turnComplete": True}, "usageMetadata": USAGE},
    ],
    [
        {"toolCall": {"functionCalls": [{"id": "c1", "name": "get_weather", "args": {"city": "Paris"}}]}},
        {"serverContent": {"modelTurn": {"parts": [{"text": "Sunny."}]}, "interrupted": True}},
        {"serverContent": {"turnComplete": True}, "usageMetadata": {**USAGE, "candidatesTokenCount": 6}},
    ],
]
CONFIG = {"response_modalities": ["AUDIO"], "temperature": 0.2, "output_audio_transcription": {}}


async def _answer(connection: Any) -> None:
    """Answer the setup, and then each message with the next turn; at the end of them with an error."""
    await connection.recv()
    await connection.send(json.dumps({"setupComplete": {"sessionId": "s1"}}))
    for turn in TURNS:
        await connection.recv()
        for message in turn:
            await connection.send(json.dumps(message))
    await connection.recv()
    await connection.close(1011, "out of turns")


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[tuple[Any, int]]:
    async with serve(_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sdk = genai.Client(vertexai=True, http_options=types.HttpOptions(base_url=f"ws://127.0.0.1:{port}"))
        sdk._api_client._websocket_ssl_ctx = {}  # the SDK always asks for TLS, which loopback does without
        async with sdk.aio.live.connect(model="gemini-live-2.5-flash", config=CONFIG) as connected:
            yield connected, port
        await sdk.aio.aclose()


async def say(connected: Any) -> None:
    turn = types.Content(role="user", parts=[types.Part(text="Hello")])
    await connected.send_client_content(turns=turn, turn_complete=True)


async def _talk() -> tuple[list[Any], int]:
    """Take two turns and fail in the third; log what the caller sees."""
    log: list[Any] = []
    async with session() as (connected, port):
        for _turn in range(2):
            await say(connected)
            messages = connected.receive()
            log.append(type(messages))
            log += [message.model_dump() async for message in messages]
        await say(connected)
        with pytest.raises(genai.errors.APIError) as raised:
            await anext(connected.receive())
        log.append((type(raised.value), str(raised.value)))
    return log, port


async def test_each_turn_is_a_call() -> None:
    bare, _ = await _talk()
    with capture() as captured:
        log, port = await _talk()
    assert log == bare
    first, second, failed = captured.model_calls
    assert captured.spans == [first, second, failed]
    said = dict(first.attributes)
    assert {name: said[name] for name in said if name.startswith("gen_ai.") and "first_chunk" not in name} == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.vertex_ai",
        "gen_ai.conversation.id": "s1",
        "gen_ai.request.model": "gemini-live-2.5-flash",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.stream": True,
        "gen_ai.output.type": "speech",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "gen_ai.usage.text.input_tokens": 9,
        "gen_ai.usage.audio.output_tokens": 4,
    }
    assert (said["server.address"], said["server.port"]) == ("127.0.0.1", port)
    assert first.first_chunk_s is not None
    assert second.attributes["gen_ai.response.finish_reasons"] == ("interrupted",)
    assert second.attributes["gen_ai.usage.output_tokens"] == 9
    assert (failed.outcome, failed.status) == ("error", "ERROR")
    assert failed.error_type.startswith("google.genai.errors.")


async def test_content_of_a_turn() -> None:
    with capture(content=True) as captured:
        await _talk()
    first, second, _failed = captured.model_calls
    assert json.loads(first.attributes["gen_ai.output.messages"])[0]["parts"] == [
        {"type": "reasoning", "content": "Hm."},
        {"type": "text", "content": "Good day."},
    ]
    assert json.loads(second.attributes["gen_ai.output.messages"])[0]["parts"] == [
        {"type": "text", "content": "Sunny."},
        {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}},
    ]


async def test_a_turn_that_is_left() -> None:
    with capture() as captured:
        async with session() as (connected, _port):
            await say(connected)
            messages = connected.receive()
            await anext(messages)
            await messages.aclose()
    (call,) = captured.model_calls
    assert call.outcome == "abandoned"
    assert "gen_ai.usage.input_tokens" not in call.attributes


async def test_two_sessions_know_their_models() -> None:
    with capture() as captured:
        async with session() as (one, _), session() as (other, _):
            for connected in (other, one):
                await say(connected)
                assert [message async for message in connected.receive()]
    assert [call.name for call in captured.model_calls] == ["generate_content gemini-live-2.5-flash"] * 2
