"""What calls cost that are not billed by the standard price of their tokens."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from agentotel.testing import ModelCall, capture
from tests.contract.drivers._spec import Request, calling
from tests.contract.flavour import done
from tests.contract.matrix import DRIVERS
from tests.fakes.replay import Replay

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
MESSAGES = [{"role": "user", "content": "Hello"}]


async def _made(package: str, request: Request, **settings: Any) -> ModelCall:
    if package not in DRIVERS:
        pytest.skip(f"{package} is not installed")
    endpoint = DRIVERS[package].endpoints[0]
    exchange = request.exchange(endpoint.provider)
    with Replay(exchange.sent) as server, capture(**settings) as captured:
        async with calling(endpoint, "sync", exchange, server.url) as caller:
            await done(request.call(caller.client))
    (call,) = captured.model_calls
    return call


def _chat(model: str, tier: str) -> Request:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    return Request(
        call=lambda client: client.chat.completions.create(model=model, messages=MESSAGES),
        answer={"id": "c", "model": model, "choices": [choice], "usage": USAGE, "service_tier": tier},
    )


@pytest.mark.parametrize("name", ["rerank", "rerank v1"])
async def test_a_reranking_is_billed_by_the_search(name: str, caplog: pytest.LogCaptureFixture) -> None:
    if "cohere" not in DRIVERS:
        pytest.skip("cohere is not installed")
    request = DRIVERS["cohere"].requests[name]
    with caplog.at_level(logging.WARNING, logger="agentotel"):
        assert (await _made("cohere", request)).cost_usd is None
    assert "no price is known for rerank-v3.5 of cohere" in caplog.text
    priced = await _made("cohere", request, prices={"cohere/rerank-*": {"search_units": 2000}})
    assert priced.cost_usd == pytest.approx(0.002)
    assert priced.input_tokens is None
    assert "agentotel.usage.source" not in priced.attributes


async def test_flex_of_groq_costs_the_standard_price() -> None:
    model = "openai/gpt-oss-20b"
    flex, standard, other = [
        (await _made("groq", _chat(model, tier))).cost_usd for tier in ("flex", "on_demand", "performance")
    ]
    assert standard is not None
    assert (flex, other) == (standard, None)


async def test_a_tier_without_a_price_is_named_by_the_key_that_prices_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="agentotel"):
        assert (await _made("openai", _chat("gpt-4o", "scale"))).cost_usd is None
        assert (await _made("openai", _chat("my-model", "default"))).cost_usd is None
    assert [record.getMessage().partition("prices=")[2] for record in caplog.records] == [
        "{'gpt-4o#scale': ...})",
        "{'my-model': ...})",
    ]
    for model, tier, key in (("gpt-4o", "scale", "gpt-4o#scale"), ("my-model", "default", "my-model")):
        call = await _made("openai", _chat(model, tier), prices={key: {"input": 1, "output": 2}})
        assert call.cost_usd == pytest.approx(0.0012)
