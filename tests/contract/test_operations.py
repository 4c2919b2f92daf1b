"""Which requests of the SDKs are operations, and what the smaller ones say."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done
from tests.fakes.replay import Replay

CLIENTS = {
    "openai": {"sync": openai.OpenAI, "async": openai.AsyncOpenAI},
    "anthropic": {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic},
}
USAGE = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
COUNTED = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5}
PICTURE = {"created": 1760000000, "data": [{"b64_json": "AAAA"}], "usage": USAGE}
VECTOR = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}
FLAGGED = {"id": "modr-1", "model": "omni-moderation-latest", "results": []}
SPOKEN = {"text": "Hello", "usage": {"type": "tokens", **USAGE}}
DECIDED = {"answers": [], "model": "gpt-6-luna", "usage": USAGE}
COMPACTED = {"id": "resp_c", "object": "response.compaction", "created_at": 1, "output": [], "usage": USAGE}


def answering(body: Any, *, content_type: str = "application/json", provider: str = "openai") -> dict[str, Any]:
    """Make an exchange that answers every request with one body."""
    response = {"status": 200, "headers": {"content-type": content_type}, "body": body}
    interactions = [{"request": {"method": method, "path": ""}, "response": response} for method in ("POST", "GET")]
    return {"provider": provider, "mode": "json", "interactions": interactions}


OPERATIONS: dict[str, tuple[Any, str, Callable[[Any], Any], dict[str, Any]]] = {
    "embeddings": (
        VECTOR,
        "embeddings text-embedding-3-small",
        lambda client: client.embeddings.create(model="text-embedding-3-small", input="Hello", encoding_format="float"),
        {"gen_ai.usage.input_tokens": 7, "gen_ai.request.encoding_formats": ("float",)},
    ),
    "images": (
        PICTURE,
        "generate_content gpt-image-1",
        lambda client: client.images.generate(model="gpt-image-1", prompt="A cat", n=2),
        {**COUNTED, "gen_ai.output.type": "image", "gen_ai.request.choice.count": 2},
    ),
    "image edits": (
        PICTURE,
        "generate_content gpt-image-1",
        lambda client: client.images.edit(model="gpt-image-1", prompt="A dog", image=("a.png", io.BytesIO(b"png"))),
        {**COUNTED, "gen_ai.output.type": "image"},
    ),
    "transcriptions": (
        SPOKEN,
        "generate_content gpt-4o-transcribe",
        lambda client: client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", b"riff")),
        {**COUNTED, "gen_ai.output.type": "text"},
    ),
    "moderations": (
        FLAGGED,
        "moderation omni-moderation-latest",
        lambda client: client.moderations.create(model="omni-moderation-latest", input="Hello"),
        {"gen_ai.response.id": "modr-1", "gen_ai.response.model": "omni-moderation-latest"},
    ),
    "decisions": (
        DECIDED,
        "generate_content gpt-6-luna",
        lambda client: client.decisions.create(model="gpt-6-luna", input="Hello", questions=[]),
        {**COUNTED, "gen_ai.response.model": "gpt-6-luna"},
    ),
    "compaction": (
        COMPACTED,
        "chat gpt-5-mini",
        lambda client: client.responses.compact(model="gpt-5-mini", input="Hello"),
        {**COUNTED, "gen_ai.response.id": "resp_c", "gen_ai.response.finish_reasons": None},
    ),
    "a raw post": (
        {"id": "chatcmpl-9", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
        "chat m",
        lambda client: client.post("/chat/completions", body={"model": "m", "messages": []}, cast_to=object),
        {**COUNTED, "gen_ai.response.id": "chatcmpl-9", "gen_ai.response.model": "m-1"},
    ),
    "a raw post without a slash, for the HTTP response": (
        {"id": "chatcmpl-9", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
        "chat m",
        lambda client: client.post("chat/completions", body={"model": "m"}, cast_to=httpx2.Response),
        {**COUNTED, "gen_ai.response.id": "chatcmpl-9"},
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_operation(name: str, flavour: str) -> None:
    answer, span_name, call, expected = OPERATIONS[name]
    with Replay(answering(answer)) as server, capture() as captured:
        client = CLIENTS["openai"][flavour](base_url=server.url, api_key="key")
        value = await done(call(client))
        await close(client)
    (span,) = captured.model_calls
    assert (span.name, span.outcome, span.status) == (span_name, "completed", "UNSET")
    assert {key: span.attributes.get(key) for key in expected} == expected
    assert span.attributes.get("agentotel.usage.source") == ("provider" if "usage" in answer else None)
    assert span.first_chunk_s is None
    assert value is not None


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_speech_is_read_as_bytes(flavour: str) -> None:
    with Replay(answering("sound", content_type="audio/mpeg")) as server, capture() as captured:
        client = CLIENTS["openai"][flavour](base_url=server.url, api_key="key")
        spoken = await done(client.audio.speech.create(model="tts-1", voice="alloy", input="Hello"))
        await close(client)
    assert spoken.content == b"sound"
    (span,) = captured.model_calls
    assert (span.name, span.outcome) == ("generate_content tts-1", "completed")
    assert span.attributes["gen_ai.output.type"] == "speech"


NOT_OPERATIONS: dict[str, tuple[str, Any, Callable[[Any], Any]]] = {
    "models": ("openai", {"object": "list", "data": []}, lambda client: client.models.list()),
    "files": ("openai", {"object": "list", "data": []}, lambda client: client.files.list()),
    "batches": ("openai", {"id": "batch_1"}, lambda client: client.batches.retrieve("batch_1")),
    "stored completions": ("openai", {"id": "c"}, lambda client: client.chat.completions.retrieve("c")),
    "counting": (
        "openai",
        {"object": "response.input_tokens", "input_tokens": 3},
        lambda client: client.responses.input_tokens.count(model="gpt-5-mini", input="Hello"),
    ),
    "message batches": (
        "anthropic",
        {"id": "msgbatch_1", "type": "message_batch"},
        lambda client: client.messages.batches.retrieve("msgbatch_1"),
    ),
    "anthropic models": ("anthropic", {"data": [], "has_more": False}, lambda client: client.models.list()),
    "counting messages": (
        "anthropic",
        {"input_tokens": 3},
        lambda client: client.messages.count_tokens(model="claude-sonnet-4-5", messages=[]),
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", NOT_OPERATIONS)
async def test_no_operation(name: str, flavour: str) -> None:
    provider, answer, call = NOT_OPERATIONS[name]
    with Replay(answering(answer, provider=provider)) as server, capture() as captured:
        client = CLIENTS[provider][flavour](base_url=server.url, api_key="key")
        assert await done(call(client))
        await close(client)
        assert len(server.requests) == 1
    assert captured.spans == []
