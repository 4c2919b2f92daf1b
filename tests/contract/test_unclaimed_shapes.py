"""Which requests of SDKs without an adapter are taken for model calls, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from agentotel.capture import unclaimed
from agentotel.capture.spec import Asked
from agentotel.testing import capture
from agentotel.wire.format import Format
from tests.fakes.made import answering
from tests.fakes.replay import Replay


@pytest.mark.parametrize("shape", unclaimed.SHAPES, ids=lambda shape: f"{shape.path}-{shape.format}")
def test_every_shape_has_a_format(shape: unclaimed.Shape) -> None:
    found = shape.call("m", dict.fromkeys(shape.fields, ()))
    assert isinstance(found.format, Format)
    assert found.operation


def _refusing(asked: object) -> object:
    raise AssertionError(asked)


@pytest.mark.parametrize(
    "path", ["/chains/invoke", "/v1/traces", "/chat", "/api/v9/generate", "/v1/search", "/stores/vs_1/search"]
)
def test_a_body_is_read_only_where_the_path_fits(path: str) -> None:
    asked = Asked(method="POST", path=path, place=lambda: (None, None), body=lambda: _refusing(path))
    assert unclaimed.claim(asked) is None


CLAUDE = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "messages": []}
MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("path", "body", "provider", "name"),
    [
        ("/openai/deployments/mine/chat/completions", {"messages": MESSAGES}, "azure.ai.openai", "chat mine"),
        ("/openai/deployments/mine/completions", {"prompt": "a"}, "azure.ai.openai", "text_completion mine"),
        ("/openai/deployments/mine/embeddings", {"input": "a"}, "azure.ai.openai", "embeddings mine"),
        ("/openai/deployments/mine/images/generations", {"prompt": "a"}, "azure.ai.openai", "generate_content mine"),
        ("/v1/images/generations", {"prompt": "a", "model": "m"}, "openai", "generate_content m"),
        ("/v1/audio/speech", {"input": "a", "voice": "b", "model": "m"}, "openai", "generate_content m"),
        ("/v1/moderations", {"input": "a", "model": "m"}, "openai", "moderation m"),
        ("/v1/conversations", {"inputs": "a", "model": "m"}, "mistral_ai", "chat m"),
        ("/v1/generate", {"prompt": "a", "model": "m"}, "cohere", "text_completion m"),
        ("/v1/projects/p/publishers/google/models/g:generateContent", {"contents": []}, "gcp.vertex_ai", None),
        ("/v1beta/models/g:generateContent", {"contents": []}, "gcp.gemini", None),
        ("/v1/projects/p/publishers/anthropic/models/c@1:rawPredict", CLAUDE, "gcp.vertex_ai", "chat c@1"),
        ("/v1/projects/p/publishers/anthropic/models/c@1:streamRawPredict", CLAUDE, "gcp.vertex_ai", "chat c@1"),
        ("/v1/projects/p/publishers/mistralai/models/c:rawPredict", {"messages": []}, "gcp.vertex_ai", "chat c"),
        ("/publishers/mistralai/models/c:rawPredict", {"prompt": "a"}, "gcp.vertex_ai", "text_completion c"),
        (
            "/model/amazon.titan-text-lite-v1/invoke",
            {"inputText": "a"},
            "aws.bedrock",
            "chat amazon.titan-text-lite-v1",
        ),
        ("/model/amazon.titan-embed-text-v2%3A0/invoke", {"inputText": "a"}, "aws.bedrock", None),
        ("/model/cohere.rerank-v3-5%3A0/invoke", {"query": "a", "documents": []}, "aws.bedrock", None),
    ],
)
def test_shapes(path: str, body: dict[str, object], provider: str, name: str | None) -> None:
    asked = Asked(method="POST", path=path, place=lambda: (None, None), body=lambda: body)
    sent = unclaimed.claim(asked)
    assert sent is not None
    assert sent.target.provider == provider
    request = sent.call.format.request(sent.body)
    assert name in {None, f"{sent.call.operation} {request.model}"}


def test_a_stream_that_is_one_array() -> None:
    path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14}
    said = [{"role": "model", "parts": [{"text": piece}]} for piece in ("Good", " day.")]
    chunks = [
        {"candidates": [{"content": said[0]}], "responseId": "r1"},
        {"candidates": [{"content": said[1], "finishReason": "STOP"}], "responseId": "r1", "usageMetadata": usage},
    ]
    with Replay(answering(chunks)) as server, capture(content=True) as captured:
        httpx.post(server.url + path, json={"contents": []}, trust_env=False)
    (call,) = captured.model_calls
    assert (call.provider, call.outcome) == ("gcp.gemini", "completed")
    assert call.attributes["gen_ai.request.stream"] is True
    assert call.attributes["gen_ai.usage.input_tokens"] == 9
    assert call.attributes["gen_ai.response.id"] == "r1"
    assert "Good day." in call.attributes["gen_ai.output.messages"]


@pytest.mark.parametrize("post", [httpx.post, requests.post], ids=["httpx", "requests"])
def test_a_search_of_a_vector_store(post: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = {"file_id": "file-1", "score": 0.75, "content": [{"type": "text", "text": "It takes three days."}]}
    with Replay(answering({"data": [found]})) as server, capture(content=True) as captured:
        asked = {"query": "How long?", "max_num_results": 3}
        assert post(f"{server.url}/v1/vector_stores/vs_1/search", json=asked).json() == {"data": [found]}
    (call,) = captured.model_calls
    assert captured.spans == [call]
    assert (call.name, call.provider, call.outcome) == ("retrieval vs_1", "openai", "completed")
    assert call.attributes["gen_ai.retrieval.top_k"] == 3
    assert call.attributes["gen_ai.retrieval.query.text"] == "How long?"
    assert "It takes three days." in call.attributes["gen_ai.retrieval.documents"]
