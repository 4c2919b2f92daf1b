"""Which requests of the SDKs are operations, and what the smaller ones say."""

from __future__ import annotations

from operator import attrgetter

import pytest

from agentotel.testing import capture
from tests.contract import results
from tests.contract.drivers._spec import Driver, Request, calling
from tests.contract.flavour import done
from tests.contract.matrix import DRIVERS
from tests.fakes.replay import Replay


def _cases(*, operations: bool) -> list[object]:
    return [
        pytest.param(driver, name, request, flavour, id=f"{driver.package}-{name}-{flavour}")
        for driver in DRIVERS.values()
        for name, request in driver.requests.items()
        for flavour in driver.flavours
        if bool(request.span) == operations
    ]


async def _make(driver: Driver, request: Request, flavour: str, server: Replay) -> object:
    """Make a request and give what its caller sees."""
    recording = request.exchange(driver.endpoints[0].provider)
    async with calling(driver.endpoints[0], flavour, recording, server.url) as caller:
        if request.needs:
            try:
                attrgetter(request.needs)(caller.client)
            except AttributeError:
                pytest.skip(f"this version has no {request.needs}")
        value = await done(request.call(caller.client))
        return value.content if isinstance(request.answer, str) and hasattr(value, "content") else value


@pytest.mark.parametrize(("driver", "name", "request_", "flavour"), _cases(operations=True))
async def test_operation(driver: Driver, name: str, request_: Request, flavour: str) -> None:
    exchange = request_.exchange(driver.endpoints[0].provider)
    with Replay(exchange.sent) as server, capture() as captured:
        value = await _make(driver, request_, flavour, server)
    (span,) = captured.model_calls
    assert (span.name, span.outcome, span.status) == (request_.span, "completed", "UNSET")
    assert span.provider == driver.endpoints[0].provider
    assert {key: span.attributes.get(key) for key in request_.facts} == dict(request_.facts)
    answered = any(name.startswith("gen_ai.usage.") for name in span.attributes)
    assert span.attributes.get("agentotel.usage.source") == ("provider" if answered else None)
    assert (span.first_chunk_s is not None) == ("gen_ai.request.stream" in span.attributes)
    assert value is not None
    results.note(driver, name, flavour, span.attributes)


@pytest.mark.parametrize(("driver", "name", "request_", "flavour"), _cases(operations=False))
async def test_no_operation(driver: Driver, name: str, request_: Request, flavour: str) -> None:
    exchange = request_.exchange(driver.endpoints[0].provider)
    with Replay(exchange.sent) as server, capture() as captured:
        assert await _make(driver, request_, flavour, server)
        assert len(server.requests) == 1
    assert captured.spans == [], name
