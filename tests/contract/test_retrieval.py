"""Searches of vector stores: one span named after the store, and no model call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import agentotel
from agentotel.testing import Captured, capture
from tests.contract.drivers._spec import calling
from tests.contract.flavour import FLAVOURS, done
from tests.contract.matrix import DRIVERS
from tests.fakes.replay import Replay

if "openai" not in DRIVERS:
    pytest.skip("openai is not installed", allow_module_level=True)

ENDPOINT = DRIVERS["openai"].endpoints[0]
WAYS = [(flavour, raw) for flavour in FLAVOURS for raw in (False, True)]
CONTENT = ("gen_ai.retrieval.query.text", "gen_ai.retrieval.documents")


@asynccontextmanager
async def _stores(flavour: str, **response: Any) -> Any:
    """Give the vector stores of a client, whose server answers searches."""
    exchange = DRIVERS["openai"].requests["a search"].exchange(ENDPOINT.provider)
    for interaction in exchange.sent["interactions"]:
        interaction["response"] |= response
    with Replay(exchange.sent) as server:
        async with calling(ENDPOINT, flavour, exchange, server.url, retries=0) as caller:
            yield caller.client.vector_stores


async def _search(flavour: str, *, raw: bool, **settings: Any) -> tuple[Any, Captured]:
    """Search inside a session; give what the caller got, and what was captured."""
    with capture(**settings) as captured:
        async with _stores(flavour) as stores:
            with agentotel.session():
                search = (stores.with_raw_response if raw else stores).search
                value = await done(search("vs_1", query=["How long?", "days"], max_num_results=4))
        return value.parse() if raw else value, captured


@pytest.mark.parametrize(("flavour", "raw"), WAYS)
async def test_a_search(flavour: str, raw: bool) -> None:
    page, captured = await _search(flavour, raw=raw)
    assert [(one.file_id, one.score) for one in page.data] == [("file-1", 0.75)]
    (span,) = captured.model_calls
    assert (span.name, span.kind, span.outcome, span.model) == ("retrieval vs_1", "CLIENT", "completed", None)
    assert span.attributes["gen_ai.data_source.id"] == "vs_1"
    assert span.attributes["gen_ai.retrieval.top_k"] == 4
    assert not span.attributes.keys() & set(CONTENT)
    (session,) = captured.sessions
    assert session.attributes["agentotel.total.llm_calls"] == 0


@pytest.mark.parametrize(("flavour", "raw"), WAYS)
async def test_content(flavour: str, raw: bool) -> None:
    _page, captured = await _search(flavour, raw=raw, content=True)
    (span,) = captured.model_calls
    query, documents = (span.attributes[name] for name in CONTENT)
    assert query == "How long?\ndays"
    assert json.loads(str(documents)) == [{"id": "file-1", "score": 0.75, "content": "It takes three days."}]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_search_that_fails(flavour: str) -> None:
    refused = {"error": {"code": "vector_store_timeout", "message": "late", "type": "server_error"}}
    with capture() as captured:
        async with _stores(flavour, status=500, body=refused) as stores:
            with agentotel.session(), pytest.raises(Exception, match="late") as raised:
                await done(stores.search("vs_1", query="a"))
    (span,) = captured.model_calls
    assert (span.name, span.status, span.error_type) == ("retrieval vs_1", "ERROR", "openai.InternalServerError")
    assert type(raised.value).__name__ == "InternalServerError"
    assert span.attributes["agentotel.error.category"] == "timeout"
    (session,) = captured.sessions
    assert (session.attributes["agentotel.total.llm_calls"], session.attributes["agentotel.total.errors"]) == (0, 1)


def _answers() -> Iterator[dict[str, Any]]:
    """Answer a question with a call of a tool, and the tool's search."""
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    yield {"id": "a", "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}], "usage": usage}
    yield {"object": "list", "data": []}


def test_a_search_inside_a_tool_does_not_hide_why_the_run_ended() -> None:
    paths = ("/chat/completions", "/vector_stores/vs_1/search")
    head = {"status": 200, "headers": {"content-type": "application/json"}}
    exchange = {
        "provider": "openai",
        "mode": "json",
        "interactions": [
            {"request": {"method": "POST", "path": path}, "response": {**head, "body": body}}
            for path, body in zip(paths, _answers(), strict=True)
        ],
    }
    import openai

    with Replay(exchange) as server, capture() as captured:
        client = openai.OpenAI(base_url=server.url, api_key="k", max_retries=0)

        @agentotel.tool
        def look_up() -> None:
            client.vector_stores.search("vs_1", query="a")

        with agentotel.session(), agentotel.agent("a", max_steps=1):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
            look_up()
        client.close()
    (run,) = captured.runs
    assert (run.stop_reason, run.attributes["agentotel.total.llm_calls"]) == ("max_steps", 1)
