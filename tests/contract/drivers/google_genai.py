"""google-genai, old and new: content, embeddings and interactions of the Gemini API, content of Vertex AI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from google.genai import types

from tests.contract.drivers._google_client import RETRIES, client, counted, http, modalities, vertex
from tests.contract.drivers._google_interactions import INTERACTIONS, NO_HELPER
from tests.contract.drivers._spec import Caller, Driver, Endpoint
from tests.contract.flavour import done
from tests.contract.recordings import Recording
from tests.contract.seen import shown
from tests.contract.ways import by_next, read


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def config(body: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a body into the configuration of a call."""
    found = {snake(name): value for name, value in (body.get("generationConfig") or {}).items()}
    for name in ("systemInstruction", "tools"):
        if name in body:
            found[snake(name)] = body[name]
    return found


def model(recording: Recording) -> str:
    return recording.path.rpartition("/")[2].partition(":")[0]


def generate(caller: Caller, **more: Any) -> Any:
    models = caller.client.used.models
    method = models.generate_content_stream if caller.recording.streams else models.generate_content
    body = caller.recording.body
    return method(model=model(caller.recording), contents=body["contents"], config={**config(body), **more})


async def chat(caller: Caller) -> None:
    """Send the last message of a conversation."""
    body = caller.recording.body
    *history, last = [types.Content.model_validate(one) for one in body["contents"]]
    talk = caller.client.used.chats.create(model=model(caller.recording), config=config(body), history=history)
    send = talk.send_message_stream if caller.recording.streams else talk.send_message
    await read(await done(send(last.parts)), caller.log)
    caller.log.append(shown([entry.model_dump(mode="json") for entry in talk.get_history()]))


async def raw(caller: Caller) -> None:
    """Ask for the HTTP response in place of what is in it."""
    response = await done(generate(caller, should_return_http_response=True))
    caller.log.append(shown(response))


PARAMETERS = {
    "temperature": "gen_ai.request.temperature",
    "topP": "gen_ai.request.top_p",
    "topK": "gen_ai.request.top_k",
    "maxOutputTokens": "gen_ai.request.max_tokens",
    "stopSequences": "gen_ai.request.stop_sequences",
    "seed": "gen_ai.request.seed",
}


def asked(recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
    sent = body.get("generationConfig") or {}
    found = {name: sent[key] for key, name in PARAMETERS.items() if key in sent}
    thinking = sent.get("thinkingConfig") or {}
    level = thinking.get("thinking_level") or thinking.get("thinkingLevel")
    if level:
        found["gen_ai.request.reasoning.level"] = level
    if sent.get("responseMimeType") == "application/json":
        found["gen_ai.output.type"] = "json"
    if recording.streams:
        found["gen_ai.request.stream"] = True
    return {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": model(recording), **found}


def answered(recording: Recording) -> dict[str, Any]:
    """Read an answer by hand: of a stream, what each chunk says last."""
    chunks = [recording.answer] if recording.answer is not None else recording.events
    usage: dict[str, Any] = {}
    reasons: list[str] = []
    for chunk in chunks:
        usage |= chunk.get("usageMetadata", {})
        reasons += [one["finishReason"] for one in chunk["candidates"] if "finishReason" in one]
    return {
        "gen_ai.response.id": chunks[-1]["responseId"],
        "gen_ai.response.model": chunks[-1]["modelVersion"],
        "gen_ai.response.finish_reasons": tuple(one.lower() for one in reasons),
        **counted(
            {
                "input_tokens": usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
                "output_tokens": usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0),
                "reasoning.output_tokens": usage.get("thoughtsTokenCount"),
                "cache_read.input_tokens": usage.get("cachedContentTokenCount"),
                **modalities("input", usage.get("promptTokensDetails", ()), "tokenCount"),
                **modalities("cache_read.input", usage.get("cacheTokensDetails", ()), "tokenCount"),
                **modalities("output", usage.get("candidatesTokensDetails", ()), "tokenCount"),
            }
        ),
    }


# -- embeddings


def embed(caller: Caller) -> Any:
    contents = [one["content"] for one in caller.recording.body["requests"]]
    return caller.client.used.models.embed_content(model=model(caller.recording), contents=contents)


def embedded(recording: Recording) -> dict[str, Any]:
    return {"gen_ai.usage.input_tokens": recording.answer["usageMetadata"]["promptTokenCount"]}


NO_RAW = "the SDK shows no responses that stream"
GENERATES = {
    "catalogue": "google",
    "create": generate,
    "written": "google-generate",
    "whole_ways": {"chat": chat, "raw": raw},
    "stream_ways": {"chat": chat, "by_next": by_next},
    "asked": asked,
    "answered": answered,
    "without": {
        **dict.fromkeys(("streaming_parse", "streaming_lines", "streaming_unread"), NO_RAW),
        **dict.fromkeys(("helper", "helper_left"), NO_HELPER),
        "parse_into": "the SDK keeps quiet about an answer that does not fit",
        "left_with": "a generator is no context manager",
        "dropped_unread": "the SDK sends nothing before the first chunk is asked for",
    },
}

DRIVER = Driver(
    package="google.genai",
    distribution="google-genai",
    retries=RETRIES,
    request_ids=(),
    errors={
        "timeout": f"{http.__name__}.ReadTimeout",
        "stream_timeout": f"{http.__name__}.ReadTimeout",
        "connection": f"{http.__name__}.ConnectError",
        "refused": f"{http.__name__}.ConnectError",
        "reset": f"{http.__name__}.ReadError",
        "error_event": "503",
    },
    endpoints=(
        Endpoint(
            name="gemini-generate",
            provider="gcp.gemini",
            client=client,
            recorded=lambda one: one.api == "google.generate_content" and not one.sent.get("vertex"),
            **GENERATES,
        ),
        Endpoint(
            name="vertex-generate",
            provider="gcp.vertex_ai",
            client=vertex,
            recorded=lambda one: one.api == "google.generate_content" and bool(one.sent.get("vertex")),
            **GENERATES,
        ),
        Endpoint(
            name="gemini-embed",
            provider="gcp.gemini",
            client=client,
            create=embed,
            recorded=lambda one: one.api == "google.embed_content",
            asked=lambda one, _body: {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": model(one)},
            answered=embedded,
            catalogue="google",
        ),
        INTERACTIONS,
    ),
)
