"""Context managers around an answer: whose error it is that ends them, sync and async."""

from __future__ import annotations

from typing import Any

import pytest

from agentotel.testing import Captured, capture
from tests.contract.flavour import FLAVOURS, opened
from tests.contract.recordings import WRITTEN
from tests.fakes.replay import Replay, load

cohere = pytest.importorskip("cohere")

CLIENTS = {"sync": cohere.ClientV2, "async": cohere.AsyncClientV2}
STREAM = load(WRITTEN / "cohere-chat-stream.json")
REFUSED = load(WRITTEN / "cohere-chat-error-401.json")
ASKED: dict[str, Any] = {"model": "command-r7b-12-2024", "messages": [{"role": "user", "content": "Hi"}]}


class MineError(Exception):
    """An error of the application."""


async def _failing(flavour: str, exchange: dict[str, Any], *, raised: type[Exception]) -> Captured:
    with Replay(exchange) as server, capture() as captured:
        client = CLIENTS[flavour](api_key="key", base_url=server.url)
        with pytest.raises(raised):
            async with opened(client.with_raw_response.chat_stream(**ASKED)):
                raise MineError
    return captured


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_an_error_of_the_application_is_none_of_the_call(flavour: str) -> None:
    captured = await _failing(flavour, STREAM, raised=MineError)
    (call,) = captured.model_calls
    assert (call.outcome, call.status, call.error_type) == ("abandoned", "UNSET", None)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_an_error_of_the_call_is(flavour: str) -> None:
    captured = await _failing(flavour, REFUSED, raised=cohere.UnauthorizedError)
    (call,) = captured.model_calls
    assert (call.outcome, call.status) == ("error", "ERROR")
    assert call.error_type is not None
    assert call.error_type.endswith("UnauthorizedError")
