"""SDKs that make an error of a refusal only above their request: a run that it ends says which call was to blame."""

from __future__ import annotations

import pytest

import agentotel
from agentotel.testing import capture
from tests.contract.drivers._spec import Driver, Endpoint, calling
from tests.contract.flavour import FLAVOURS
from tests.contract.matrix import DRIVERS
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
