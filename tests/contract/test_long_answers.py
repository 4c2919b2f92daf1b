"""Answers that are too long to be kept while the caller reads them."""

from __future__ import annotations

import json

import pytest

from agentotel.capture import streams
from agentotel.testing import capture
from tests.fakes.replay import Replay

openai = pytest.importorskip("openai")

ANSWER = {
    "id": "chatcmpl-long",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * 1000}}],
}
EXCHANGE = {
    "provider": "openai",
    "mode": "json",
    "interactions": [
        {
            "request": {"method": "POST", "path": "/v1/chat/completions", "headers": {}, "body": {}},
            "response": {"status": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(ANSWER)},
        }
    ],
}


@pytest.mark.parametrize(("limit", "model"), [(100, None), (1_000_000, "gpt-4o")])
def test_an_answer_beyond_the_limit_is_not_called_cut(
    monkeypatch: pytest.MonkeyPatch, limit: int, model: str | None
) -> None:
    monkeypatch.setattr(streams, "_MOST_BYTES", limit)
    with Replay(EXCHANGE) as server, capture() as captured:
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="test")
        create = client.chat.completions.with_streaming_response.create
        with create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}]) as response:
            read = response.read()
    (call,) = captured.model_calls
    assert json.loads(read) == ANSWER
    assert call.attributes["agentotel.outcome"] == "completed"
    assert call.attributes.get("gen_ai.response.model") == model
