"""google-genai, old and new: content and embeddings of the Gemini API and of Vertex AI."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google import genai
from google.auth.credentials import Credentials
from google.genai import types

from tests.contract.drivers._spec import Caller, Driver, Endpoint, Settings
from tests.contract.flavour import close, done
from tests.contract.recordings import Recording
from tests.contract.seen import shown
from tests.contract.ways import by_next, read

try:
    import httpx2 as http
except ImportError:
    import httpx as http  # type: ignore[no-redef]

OLD = int(genai.__version__.partition(".")[0]) < 3
if OLD:
    import httpx as http  # type: ignore[no-redef]

RETRIES = 2
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""An empty context: the servers are plain HTTP, and loading certificates takes longer than a call."""


class Token(Credentials):
    """A token that is always good."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "test-token"

    def refresh(self, _request: Any) -> None:
        raise AssertionError


@dataclass
class Client:
    """A client of the SDK that is closed in one way, sync or async."""

    used: Any
    sends: Any

    async def close(self) -> None:
        await close(self.used)
        await close(self.sends)


DELAYS = {"initial_delay": 0.02, "jitter": 0.01, "exp_base": 1}


def client(settings: Settings, delays: Mapping[str, float] = DELAYS, **more: Any) -> Client:
    """Make a client that sends with httpx, sync or async."""
    asynchronous = settings.flavour == "async"
    timeout_s = settings.timeout_s
    sends = (http.AsyncClient if asynchronous else http.Client)(verify=NO_TLS, timeout=timeout_s)
    retries = RETRIES if settings.retries is None else settings.retries
    whole = genai.Client(
        http_options=types.HttpOptions(
            base_url=settings.url,
            api_version="v1beta",
            timeout=None if timeout_s is None else int(timeout_s * 1000),
            retry_options=types.HttpRetryOptions(attempts=retries + 1, **delays),
            **{"httpx_async_client" if asynchronous else "httpx_client": sends},
        ),
        **({"api_key": "test-key"} | more),
    )
    return Client(whole.aio if asynchronous else whole, sends)


def vertex(settings: Settings) -> Client:
    return client(settings, vertexai=True, project="p", location="us-central1", credentials=Token(), api_key=None)


# -- content


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
        "gen_ai.response.finish_reasons": tuple({"STOP": "stop", "MAX_TOKENS": "length"}[one] for one in reasons),
        **counted(
            {
                "input_tokens": usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
                "output_tokens": usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0),
                "reasoning.output_tokens": usage.get("thoughtsTokenCount"),
                "cache_read.input_tokens": usage.get("cachedContentTokenCount"),
                **modalities("input", usage.get("promptTokensDetails", ()), "tokenCount"),
                **modalities("output", usage.get("candidatesTokensDetails", ()), "tokenCount"),
            }
        ),
    }


def counted(usage: Mapping[str, Any]) -> dict[str, int]:
    return {f"gen_ai.usage.{name}": count for name, count in usage.items() if count is not None}


def modalities(side: str, details: Any, key: str) -> dict[str, int]:
    return {f"{one['modality'].lower()}.{side}_tokens": one[key] for one in details}


# -- embeddings


def embed(caller: Caller) -> Any:
    contents = [one["content"] for one in caller.recording.body["requests"]]
    return caller.client.used.models.embed_content(model=model(caller.recording), contents=contents)


def embedded(recording: Recording) -> dict[str, Any]:
    return {"gen_ai.usage.input_tokens": recording.answer["usageMetadata"]["promptTokenCount"]}


NO_RAW = "the SDK shows no responses that stream"
NO_HELPER = "the SDK has no stream helper"
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
        400: "google.genai.errors.ClientError",
        401: "google.genai.errors.ClientError",
        404: "google.genai.errors.ClientError",
        429: "google.genai.errors.ClientError",
        "server": "google.genai.errors.ServerError",
        "timeout": f"{http.__name__}.ReadTimeout",
        "stream_timeout": f"{http.__name__}.ReadTimeout",
        "connection": f"{http.__name__}.ConnectError",
        "refused": f"{http.__name__}.ConnectError",
        "reset": f"{http.__name__}.ReadError",
        "error_event": "google.genai.errors.ServerError",
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
    ),
)
