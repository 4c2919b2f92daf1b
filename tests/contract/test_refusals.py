"""Refusals: a run that one ends says which call was to blame, where the SDK makes an error of it only above its
request; a body that is not what its header says is nobody's internal error."""

from __future__ import annotations

import pytest

import agentotel
from agentotel.testing import capture
from tests.contract.drivers._spec import Driver, Endpoint, calling
from tests.contract.flavour import FLAVOURS
from tests.contract.matrix import DRIVERS
from tests.fakes.made import answering
from tests.fakes.replay import Replay

LATE = [
    pytest.param(driver, endpoint, id=endpoint.name)
    for driver in DRIVERS.values()
    for endpoint in driver.endpoints
    if endpoint.written and driver.package in {"cohere", "mistralai.client"}
]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("driver", "endpoint"), LATE)
async def test_a_run_ends_as_rate_limited(driver: Driver, endpoint: Endpoint, flavour: str) -> None:
    recording = endpoint.exchange("plain")
    with Replay(recording.sent, fail_first="99:429") as server, capture() as captured:
        async with calling(endpoint, flavour, recording, server.url, retries=0) as caller:
            with pytest.raises(Exception) as raised, agentotel.agent("clerk"):  # noqa: PT011 - whatever the SDK raises
                await caller.call()
    assert type(raised.value).__module__.startswith(driver.distribution)
    (run,) = [span for span in captured.spans if span.name == "invoke_agent clerk"]
    assert run.attributes["agentotel.stop_reason"] == "rate_limited"
    assert run.attributes["agentotel.stop_detail"] == f"{recording.body['model']}: {driver.error(429)}"


ASKED = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("body", ["", "<html>", "{", "[]"])
def test_a_refusal_that_is_no_json(body: str) -> None:
    httpx = pytest.importorskip("httpx")
    with Replay(answering(body, status=502)) as server, capture() as captured:
        httpx.post(f"{server.url}/v1/chat/completions", json=ASKED)
    (call,) = captured.model_calls
    assert (call.outcome, call.error_type) == ("error", "502")
    assert call.attributes["agentotel.error.category"] == "server"


@pytest.mark.parametrize("body", ["", "<html>", "{"])
def test_an_answer_that_is_no_json(body: str) -> None:
    sdk = pytest.importorskip("openai")
    with (
        Replay(answering(body)) as server,
        capture() as captured,
        sdk.OpenAI(base_url=server.url, api_key="k") as client,
        pytest.raises(ValueError, match="line 1"),
    ):
        client.chat.completions.create(**ASKED)
    (call,) = captured.model_calls
    assert (call.outcome, call.error_type) == ("error", "json.decoder.JSONDecodeError")
    assert call.response_model is None
