"""Every scenario with every adapter, sync and async: its span, and a caller who notices nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

import pytest
from opentelemetry import trace

from agentotel.testing import ModelCall, capture
from tests.contract import results
from tests.contract.drivers._spec import Driver, Endpoint, calling
from tests.contract.matrix import DRIVERS
from tests.contract.scenarios import SCENARIOS, Scenario
from tests.contract.seen import shown_error
from tests.fakes.replay import Replay, refused

PLAYED = [(driver, endpoint) for driver in DRIVERS.values() for endpoint in driver.endpoints if endpoint.written]
CASES = [
    pytest.param(scenario, driver, endpoint, flavour, id=f"{scenario.name}-{endpoint.name}-{flavour}")
    for scenario in SCENARIOS
    for driver, endpoint in PLAYED
    for flavour in scenario.flavours
    if flavour in driver.flavours and not scenario.why_not(driver, endpoint)
]
REFUSED = [
    pytest.param(driver, endpoint, flavour, id=f"{endpoint.name}-{flavour}")
    for driver, endpoint in PLAYED
    for flavour in driver.flavours
    if "connection_refused" not in endpoint.without
]
ANSWER = ("gen_ai.response.", "gen_ai.usage.", "openai.response.")
VOLATILE = {"gen_ai.response.time_to_first_chunk", "gen_ai.response.status"}
EARLY = {"openai.response.service_tier", "openai.response.system_fingerprint", "gen_ai.response.finish_reasons"}
"""Known or not when a stream ends early, as each format has it."""


async def _run(scenario: Scenario, endpoint: Endpoint, flavour: str) -> tuple[list[Any], list[Any], int]:
    """Play a scenario; give what the caller saw, the requests, and the port of the server."""
    exchange = endpoint.exchange(scenario.exchange)
    with Replay(exchange.sent, **scenario.faults) as server:
        async with calling(endpoint, flavour, exchange, server.url, **scenario.settings) as caller:
            try:
                await scenario.play(caller, server)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - what the caller sees is the result
                caller.log.append(shown_error(error))
            finally:
                server.release()
        return caller.log, [request["body"] for request in server.requests], server.port


@pytest.mark.parametrize(("scenario", "driver", "endpoint", "flavour"), CASES)
async def test_scenario(scenario: Scenario, driver: Driver, endpoint: Endpoint, flavour: str) -> None:
    bare_log, bare_requests, _port = await _run(scenario, endpoint, flavour)
    with capture() as captured:
        log, requests, port = await _run(scenario, endpoint, flavour)
    assert log == bare_log
    assert requests == bare_requests
    assert not trace.get_current_span().get_span_context().is_valid
    (call,) = captured.model_calls
    assert (call.provider, call.attributes["server.port"]) == (endpoint.provider, port)
    _check_ending(scenario, driver, endpoint, call)
    _check_facts(scenario, endpoint, call)
    _check_attempts(scenario, driver, call)
    assert len([event for event in captured.events if event.kind == "validation"]) == scenario.validations
    results.note(driver, endpoint.name, flavour, call.attributes)


def _check_ending(scenario: Scenario, driver: Driver, endpoint: Endpoint, call: ModelCall) -> None:
    said, ending = call.attributes, endpoint.endings.get(scenario.name, scenario.ending)
    assert (call.outcome, call.status) == (ending.outcome, ending.status)
    assert call.error_type == driver.error(ending.error_type)
    assert said.get("agentotel.error.category") == ending.category
    assert said.get("agentotel.error.retry") == ending.retry
    sent = any(name.startswith("gen_ai.usage.") for name in said)
    assert said.get("agentotel.usage.source") == (ending.usage_source if sent else None)


def _check_facts(scenario: Scenario, endpoint: Endpoint, call: ModelCall) -> None:
    sent = endpoint.exchange(scenario.exchange).sent
    expected = {"nothing": {}, "begun": sent.get("arrived")}.get(scenario.facts, sent.get(scenario.facts))
    assert expected is not None
    expected = {name: value for name, value in expected.items() if not name.startswith(endpoint.absent)}
    found = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in call.attributes.items()
        if name.startswith(ANSWER) and name not in VOLATILE and (name in expected or name not in EARLY)
    }
    assert found == expected
    assert (call.cost_usd is not None) == ("gen_ai.usage.input_tokens" in expected and bool(endpoint.catalogue))
    assert (call.first_chunk_s is not None) == scenario.first_chunk
    assert bool(call.stream) == bool(sent.get("stream"))


def _check_attempts(scenario: Scenario, driver: Driver, call: ModelCall) -> None:
    attempts = [event.attributes for event in call.events if event.name == "agentotel.attempt"]
    assert tuple(one.get("http.response.status_code") for one in attempts) == scenario.statuses
    assert call.retries == (len(attempts) - 1 or None)
    assert [one.get("agentotel.attempt.reason") for one in attempts[1:]] == [
        {429: "rate_limit", 500: "server"}[status] for status in scenario.statuses[:-1]
    ]
    assert all(0.009 < one["agentotel.attempt.wait_s"] < 5 for one in attempts[1:])
    limit = driver.retries if driver.retries is None else scenario.settings.get("retries", driver.retries)
    assert call.attributes.get("agentotel.retry.limit") == limit


@pytest.mark.parametrize(("driver", "endpoint", "flavour"), REFUSED)
async def test_connection_refused(driver: Driver, endpoint: Endpoint, flavour: str) -> None:
    exchange = endpoint.exchange("plain")
    seen = []
    for recording in (contextlib.nullcontext(), capture()):
        with refused() as url, recording as captured:
            async with calling(endpoint, flavour, exchange, url, retries=1) as caller:
                with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the SDK raises
                    await caller.call()
        seen.append(shown_error(raised.value))
    assert _without_port(seen[0]) == _without_port(seen[1])
    (call,) = captured.model_calls
    assert (call.error_type, call.outcome) == (driver.error("connection"), "error")
    assert call.attributes["agentotel.error.category"] == "network"
    attempts = [event.attributes for event in call.events]
    expected = [driver.error("refused")] * (1 if driver.retries is None else 2)
    assert [one["error.type"] for one in attempts] == expected
    assert [one["agentotel.attempt.reason"] for one in attempts[1:]] == ["network"] * (len(expected) - 1)


def _without_port(error: Any) -> str:
    """Two servers of a test have two ports, which some SDKs name in what they raise."""
    return re.sub(r"(127\.0\.0\.1\D{1,9})\d+", r"\1", repr(error))
