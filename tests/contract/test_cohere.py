"""cohere beyond the calls that all SDKs have: one answer of several requests."""

from __future__ import annotations

from typing import Any

import pytest

import agentotel
from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, done
from tests.fakes.made import answering
from tests.fakes.replay import Replay

cohere = pytest.importorskip("cohere")

CLIENTS = {"sync": cohere.Client, "async": cohere.AsyncClient}
TEXTS = [f"text {number}" for number in range(100)]
BATCH: dict[str, Any] = {
    "id": "e1",
    "response_type": "embeddings_floats",
    "embeddings": [[0.5]],
    "texts": ["a"],
    "meta": {"billed_units": {"input_tokens": 7}},
}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_each_batch_of_an_embedding_is_a_call_and_they_add_up(flavour: str) -> None:
    with Replay(answering(BATCH)) as server, capture() as captured, agentotel.session():
        client = CLIENTS[flavour](api_key="key", base_url=server.url)
        answer = await done(client.embed(texts=TEXTS, model="embed-v4.0", input_type="search_query"))
    assert sorted(len(request["body"]["texts"]) for request in server.requests) == [4, 96]
    calls = captured.model_calls
    assert [(call.name, call.input_tokens, call.retries) for call in calls] == [("embeddings embed-v4.0", 7, None)] * 2
    (session,) = captured.sessions
    assert {call.parent_id for call in calls} == {session.span_id}
    assert answer.meta.billed_units.input_tokens == session.attributes["agentotel.total.input_tokens"] == 14
