"""What only google-genai does: rounds of functions that it runs itself, Imagen, its own transports."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from genai_prices import calc_price, extract_usage

import agentotel
from agentotel.adapters.providers.google_genai import PATHS
from agentotel.testing import Captured, capture
from tests.contract.matrix import endpoint
from tests.contract.recordings import written
from tests.fakes.replay import Replay, refused

endpoint("gemini-generate")

from google import genai  # noqa: E402 - after the check that it is there
from google.genai import types  # noqa: E402

from tests.contract.drivers._google_client import OLD, Token, http  # noqa: E402

USAGE = {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}
IMAGE = types.Image(image_bytes=b"png", mime_type="image/png")


def exchange(*interactions: tuple[str, str, Any]) -> dict[str, Any]:
    """Make an exchange of answers: method, path, body."""
    headers = {"content-type": "application/json"}
    made = [
        {
            "request": {"method": method, "path": path},
            "response": {"status": 200, "headers": headers, "body": json.dumps(body)},
        }
        for method, path, body in interactions
    ]
    return {"provider": "google", "mode": "json", "interactions": made}


def said(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make an answer of parts."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-2.5-flash", **more}


def client(url: str, **more: Any) -> genai.Client:
    options = types.HttpOptions(base_url=url, api_version="v1beta")
    return genai.Client(**({"api_key": "test-key"} | more), http_options=options)


def vertex(url: str) -> genai.Client:
    return client(url, api_key=None, vertexai=True, project="p", location="us-central1", credentials=Token())


@pytest.fixture
def captured() -> Iterator[Captured]:
    with capture() as found, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield found


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


HELLO = {"role": "user", "parts": [{"text": "Weather?"}]}
CALL = {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}}
ROUNDS = (said(CALL, responseId="r1"), said({"text": "Sunny."}, responseId="r2"))


@pytest.mark.parametrize("flavour", ["sync", "async"])
async def test_each_round_of_automatic_function_calling_is_a_call(flavour: str, captured: Captured) -> None:
    sent = exchange(*(("POST", ":generateContent", one) for one in ROUNDS))
    with Replay(sent) as server:
        sdk = client(server.url)
        asked = {"model": "gemini-2.5-flash", "contents": "Weather?", "config": {"tools": [get_weather]}}
        if flavour == "sync":
            answer = sdk.models.generate_content(**asked)
        else:
            answer = await sdk.aio.models.generate_content(**asked)
            await sdk.aio.aclose()
    assert answer.text == "Sunny."
    first, second = captured.model_calls
    assert (first.attributes["gen_ai.response.id"], second.attributes["gen_ai.response.id"]) == ("r1", "r2")
    assert all(call.retries is None for call in (first, second))
    assert first.parent_id == second.parent_id


def test_counting_tokens_is_no_call(captured: Captured) -> None:
    with Replay(exchange(("POST", ":countTokens", {"totalTokens": 3}))) as server, client(server.url) as sdk:
        assert sdk.models.count_tokens(model="gemini-2.5-flash", contents="hi").total_tokens == 3
    assert captured.spans == []


MADE = {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": "cG5n"}]}
RAW = types.RawReferenceImage(reference_id=1, reference_image=IMAGE)
IMAGES = {
    "generate_images": {"prompt": "a cat", "config": {"number_of_images": 2}},
    "edit_image": {"prompt": "a dog", "reference_images": [RAW]},
    "upscale_image": {"image": IMAGE, "upscale_factor": "x2"},
}


@pytest.mark.parametrize("method", IMAGES)
def test_images(method: str, captured: Captured) -> None:
    with Replay(exchange(("POST", ":predict", MADE))) as server, vertex(server.url) as sdk:
        made = getattr(sdk.models, method)(model="imagen-4.0", **IMAGES[method])
    assert made.generated_images[0].image.image_bytes == b"png"
    (call,) = captured.model_calls
    assert (call.name, call.provider) == ("generate_content imagen-4.0", "gcp.vertex_ai")
    assert call.attributes["gen_ai.output.type"] == "image"
    assert call.attributes.get("gen_ai.request.choice.count") == (2 if method == "generate_images" else None)


def test_older_embeddings_of_vertex(captured: Captured) -> None:
    counted = {"predictions": [{"embeddings": {"values": [0.1], "statistics": {"token_count": 2, "truncated": False}}}]}
    with Replay(exchange(("POST", ":predict", counted))) as server, vertex(server.url) as sdk:
        sdk.models.embed_content(model="text-embedding-005", contents="hi", config={"output_dimensionality": 1})
    (call,) = captured.model_calls
    assert (call.name, call.provider) == ("embeddings text-embedding-005", "gcp.vertex_ai")
    assert call.attributes["gen_ai.usage.input_tokens"] == 2
    assert call.attributes["gen_ai.embeddings.dimension.count"] == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_transports_of_its_own_in_two_event_loops(stream: bool, captured: Captured) -> None:
    sent = written("google-generate-stream" if stream else "google-generate-plain").sent
    with Replay(sent) as server:
        sdk = client(server.url)

        async def call() -> None:
            models = sdk.aio.models
            method = models.generate_content_stream if stream else models.generate_content
            answer = await method(model="gemini-2.5-flash", contents="hi")
            assert [chunk async for chunk in answer] if stream else answer.text

        async def both() -> None:
            await asyncio.gather(call(), call())
            await sdk.aio.aclose()

        asyncio.run(both())
    assert [call.attributes["gen_ai.usage.input_tokens"] for call in captured.model_calls] == [11, 11]
    assert [len(call.events) for call in captured.model_calls] == [1, 1]
    assert [call.outcome for call in captured.model_calls] == ["completed", "completed"]


def test_a_prompt_that_is_blocked_is_no_error(captured: Captured) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
    sent = exchange(("POST", ":generateContent", blocked))
    with Replay(sent) as server, client(server.url) as sdk, agentotel.session():
        answer = sdk.models.generate_content(model="gemini-2.5-flash", contents="hi")
    assert captured.sessions[0].stop_reason == "content_filter"
    assert answer.candidates is None
    (call,) = captured.model_calls
    assert (call.status, call.error_type, call.outcome) == ("UNSET", None, "completed")
    assert call.attributes["gen_ai.response.finish_reasons"] == ("content_filter",)
    assert call.attributes["gen_ai.usage.input_tokens"] == 4


STATUSES = {400: "schema", 403: "auth", 429: "rate_limit", 500: "server", 503: "server"}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("api", ["models", "interactions"])
def test_an_error_is_named_by_its_status(api: str, status: int, captured: Captured) -> None:
    made = exchange(("POST", ":generateContent", {}), ("POST", "/interactions", {}))
    for one in made["interactions"]:
        body = {"error": {"code": status, "message": "no", "status": "SOME"}}
        one["response"] |= {"status": status, "body": json.dumps(body)}
    options = types.HttpOptions(api_version="v1beta", retry_options=types.HttpRetryOptions(attempts=1))
    with Replay(made) as server:
        options.base_url = server.url
        with genai.Client(api_key="k", http_options=options) as sdk:
            calls = {
                "models": partial(sdk.models.generate_content, contents="hi"),
                "interactions": partial(sdk.interactions.create, input="hi"),
            }
            with pytest.raises(Exception, match="no"), agentotel.session():
                calls[api](model="gemini-2.5-flash")
    (call,) = captured.model_calls
    assert call.error_type == str(status)
    assert call.attributes["agentotel.error.category"] == STATUSES[status]
    assert captured.sessions[0].stop_reason == ("rate_limited" if status == 429 else "model_error")


def test_counts_of_each_modality(captured: Captured) -> None:
    kinds = {"TEXT": 3, "IMAGE": 4, "AUDIO": 5, "VIDEO": 6}
    details = [{"modality": kind, "tokenCount": count} for kind, count in kinds.items()]
    usage = {
        "promptTokenCount": 18,
        "promptTokensDetails": details,
        "cachedContentTokenCount": 18,
        "cacheTokensDetails": details,
        "candidatesTokenCount": 7,
        "candidatesTokensDetails": details[:2],
    }
    body = said({"text": "hi"}, usageMetadata=usage)
    with Replay(exchange(("POST", ":generateContent", body))) as server, client(server.url) as sdk:
        sdk.models.generate_content(model="gemini-2.5-flash", contents="hi")
    (call,) = captured.model_calls
    found = {name.removeprefix("gen_ai.usage."): count for name, count in call.attributes.items() if ".usage." in name}
    found.pop("agentotel.usage.source")
    assert found == {
        "input_tokens": 18,
        "output_tokens": 7,
        "cache_read.input_tokens": 18,
        **{f"{kind.lower()}.input_tokens": kinds[kind] for kind in ("TEXT", "IMAGE", "AUDIO")},
        **{f"{kind.lower()}.cache_read.input_tokens": kinds[kind] for kind in ("TEXT", "IMAGE", "AUDIO")},
        **{f"{kind.lower()}.output_tokens": kinds[kind] for kind in ("TEXT", "IMAGE")},
    }


def test_each_candidate_has_its_reason(captured: Captured) -> None:
    reasons = ("STOP", "SAFETY", "MAX_TOKENS", None)
    parts = {"content": {"role": "model", "parts": [{"text": "hi"}]}}
    candidates = [{**parts, "index": place, "finishReason": reason} for place, reason in enumerate(reasons)]
    sent = exchange(("POST", ":generateContent", said(candidates=candidates)))
    with Replay(sent) as server, client(server.url) as sdk:
        sdk.models.generate_content(model="gemini-2.5-flash", contents="hi", config={"candidate_count": 4})
    (call,) = captured.model_calls
    assert (call.status, call.finish_reasons) == ("UNSET", ("stop", "safety", "max_tokens", "error"))
    assert call.attributes["gen_ai.request.choice.count"] == 4


def test_extra_body_and_options_of_one_request(captured: Captured) -> None:
    options = types.HttpOptions(
        timeout=4000,
        retry_options=types.HttpRetryOptions(attempts=4),
        extra_body={"generationConfig": {"seed": 7}},
    )
    with Replay(exchange(("POST", ":generateContent", said({"text": "hi"})))) as server, client(server.url) as sdk:
        sdk.models.generate_content(
            model="models/gemini-2.5-flash",
            contents="hi",
            config=types.GenerateContentConfig(http_options=options, top_k=40, response_modalities=["TEXT", "IMAGE"]),
        )
        (request,) = server.requests
    assert request["body"]["generationConfig"]["seed"] == 7
    (call,) = captured.model_calls
    assert call.name == "generate_content gemini-2.5-flash"
    assert (call.attributes["gen_ai.request.seed"], call.attributes["gen_ai.request.top_k"]) == (7, 40)
    assert call.attributes["gen_ai.output.type"] == "image"
    assert (call.attributes["agentotel.retry.limit"], call.attributes["agentotel.timeout_s"]) == (3, 4.0)


def test_fetching_an_interaction(captured: Captured) -> None:
    with Replay(written("google-interactions-get").sent) as server, client(server.url) as sdk:
        found = sdk.interactions.get("v1_1")
    assert found.status == "completed"
    (call,) = captured.model_calls
    assert call.name == "fetch_response"
    assert call.attributes["gen_ai.response.id"] == "v1_1"
    assert call.attributes["gen_ai.response.status"] == "completed"
    assert "gen_ai.usage.input_tokens" not in call.attributes


def test_an_agent_is_invoked(captured: Captured) -> None:
    body = {**json.loads(json.dumps(written("google-interactions-plain").answer)), "agent": "deep-research"}
    with Replay(exchange(("POST", "/interactions", body))) as server, client(server.url) as sdk:
        sdk.interactions.create(agent="deep-research", input="hi")
    (span,) = captured.spans
    assert span.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert span.attributes["gen_ai.agent.name"] == "deep-research"
    assert (span.name, span.kind) == ("invoke_agent deep-research", "CLIENT")
    assert not span.attributes.keys() & {"gen_ai.response.id", "gen_ai.request.stream"}


@pytest.mark.skipif(OLD, reason="came with google-genai 3")
def test_a_decision(captured: Captured) -> None:
    body = {"answers": {}, "usage": {"total_input_tokens": 5, "total_output_tokens": 1}}
    asked = {"fits": {"type": "noul", "instructions": "Does it fit?"}}
    with Replay(exchange(("POST", "/decisions", body))) as server, client(server.url) as sdk:
        sdk.decisions.create(model="models/gemini-2.5-flash", input="hi", questions=asked)
    (call,) = captured.model_calls
    assert call.name == "generate_content gemini-2.5-flash"
    assert call.attributes["gen_ai.usage.output_tokens"] == 1


def test_an_interaction_whose_server_is_not_there(captured: Captured) -> None:
    with refused() as url, client(url) as sdk, pytest.raises(Exception, match=r".+"):
        sdk.interactions.create(model="gemini-2.5-flash", input="hi")
    (call,) = captured.model_calls
    assert call.error_type.endswith("APIConnectionError")
    assert call.attributes["agentotel.error.category"] == "network"


@pytest.mark.parametrize("kind", ["plain", "stream"])
def test_gemini_without_the_sdk(kind: str, captured: Captured) -> None:
    recording = written(f"google-generate-{kind}")
    with Replay(recording.sent) as server, http.Client(trust_env=False) as sender:
        assert sender.post(f"{server.url}/v1beta{recording.path}", json=recording.body).is_success
    (call,) = captured.model_calls
    assert (call.name, call.provider) == ("generate_content gemini-2.5-flash", "gcp.gemini")
    assert bool(call.stream) == (kind == "stream")
    assert call.attributes["gen_ai.usage.input_tokens"] == recording.sent["expected"]["gen_ai.usage.input_tokens"]
    assert call.attributes["gen_ai.response.finish_reasons"] == ("stop",)


def test_interactions_without_the_sdk(captured: Captured) -> None:
    recording = written("google-interactions-plain")
    with Replay(recording.sent) as server, http.Client(trust_env=False) as sender:
        assert sender.post(f"{server.url}/v1beta/interactions", json=recording.body).is_success
    (call,) = captured.model_calls
    assert call.attributes["gen_ai.response.id"] == "v1_1"


@pytest.mark.parametrize("sent_back", [True, False])
def test_a_call_without_an_id_is_answered_by_its_name(sent_back: bool, captured: Captured) -> None:
    answer = {"role": "user", "parts": [{"functionResponse": {"name": "get_weather", "response": {"r": 1}}}]}
    last = [answer] if sent_back else []
    sent = exchange(*(("POST", ":generateContent", one) for one in ROUNDS))
    with Replay(sent) as server, client(server.url) as sdk, agentotel.session():
        for contents in ([HELLO], [HELLO, {"role": "model", "parts": [CALL]}, *last]):
            sdk.models.generate_content(model="gemini-2.5-flash", contents=contents)
    assert len([one for one in captured.events if one.kind == "tool_not_run"]) == (0 if sent_back else 1)


NO_OPERATIONS = frozenset(
    {
        "batchGenerateContent",
        "asyncBatchEmbedContent",
        "cancel",
        "computeTokens",
        "countTokens",
        "download",
        "fetchPredictOperation",
        "importFile",
        "predictLongRunning",
        "uploadToFileSearchStore",
    }
)
"""Methods that run no model while they are awaited: they count, cancel, move files, or start a job."""


def test_every_method_of_a_model_is_decided_on() -> None:
    source = "".join(path.read_text() for path in Path(genai.__file__).parent.glob("*.py"))
    methods = set(re.findall(r"'[^'\s]*\}:(\w+)(?:\?[^']*)?'", source))
    operations = {path.partition(":")[2] for _method, path in PATHS if ":" in path}
    assert {"generateContent", "countTokens"} <= methods
    assert methods - operations - NO_OPERATIONS == set()
    assert not operations & NO_OPERATIONS
    assert operations <= methods


SOUND = {
    "promptTokenCount": 1000,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 30,
    "cachedContentTokenCount": 400,
    "toolUsePromptTokenCount": 50,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 700}, {"modality": "AUDIO", "tokenCount": 300}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 100}],
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
}
PICTURE = {
    "promptTokenCount": 30,
    "candidatesTokenCount": 1300,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}, {"modality": "TEXT", "tokenCount": 10}],
}


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("gemini-2.5-flash", SOUND),
        ("gemini-2.5-pro", {**SOUND, "promptTokenCount": 250_000}),
        ("gemini-2.5-flash-image", PICTURE),
    ],
)
def test_price_of_each_kind_of_token(model: str, usage: dict[str, Any], captured: Captured) -> None:
    body = said({"text": "hi"}, modelVersion=model, usageMetadata=usage)
    with Replay(exchange(("POST", ":generateContent", body))) as server, client(server.url) as sdk:
        sdk.models.generate_content(model=model, contents="hi")
    (call,) = captured.model_calls
    priced = calc_price(extract_usage(body, provider_id="google").usage, model, provider_id="google")
    assert call.cost_usd == pytest.approx(float(priced.total_price), rel=1e-9)
