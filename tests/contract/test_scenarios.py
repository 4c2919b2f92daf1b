"""Every scenario with every adapter, sync and async: its span, and a caller who notices nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace

from agentotel.testing import ModelCall, capture
from tests.contract.drivers import ADAPTERS, Adapter, driver
from tests.contract.scenarios import SCENARIOS, Name, Scenario
from tests.contract.seen import shown_error
from tests.fakes.replay import Replay, refused

CASES = [
    pytest.param(scenario, adapter, flavour, id=f"{scenario.name}-{adapter.name}-{flavour}")
    for scenario in SCENARIOS
    for adapter in ADAPTERS
    for flavour in scenario.flavours
]
ANSWER = ("gen_ai.response.", "gen_ai.usage.", "openai.response.")
VOLATILE = {"gen_ai.response.time_to_first_chunk", "gen_ai.response.status"}
EARLY = {"openai.response.service_tier", "openai.response.system_fingerprint", "gen_ai.response.finish_reasons"}
"""Known or not when a stream ends early, as each format has it."""


async def _run(scenario: Scenario, adapter: Adapter, flavour: str) -> tuple[list[Any], list[Any], int]:
    """Play a scenario; give what the caller saw, the requests, and the port of the server."""
    exchange = adapter.exchange(scenario.exchange)
    with Replay(exchange, **scenario.faults) as server:
        async with driver(adapter, flavour, exchange, server.url, **scenario.options) as one:
            try:
                await scenario.act(one, server)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - what the caller sees is the result
                one.log.append(shown_error(error))
            finally:
                server.release()
        return one.log, [request["body"] for request in server.requests], server.port


@pytest.mark.parametrize(("scenario", "adapter", "flavour"), CASES)
async def test_scenario(scenario: Scenario, adapter: Adapter, flavour: str) -> None:
    bare_log, bare_requests, _port = await _run(scenario, adapter, flavour)
    with capture() as captured:
        log, requests, port = await _run(scenario, adapter, flavour)
    assert _without_ports(log) == _without_ports(bare_log)
    assert requests == bare_requests
    assert not trace.get_current_span().get_span_context().is_valid
    (call,) = captured.model_calls
    assert (call.provider, call.attributes["server.port"]) == (adapter.provider, port)
    _check_ending(scenario, adapter, call)
    _check_facts(scenario, adapter, call)
    _check_attempts(scenario, call)
    assert len([event for event in captured.events if event.kind == "validation"]) == scenario.validations


def _without_ports(log: list[Any]) -> list[Any]:
    """Two servers of a test have two ports, which nothing that a caller sees may hold but a URL."""
    return [item for item in log if not str(item).startswith("http://")]


def _named(name: Name | None, adapter: Adapter) -> str | None:
    if isinstance(name, Mapping):
        name = name.get(adapter.name) or name[adapter.package]
    if name is None or "." in name or name[0].islower():
        return name
    return f"{adapter.package}.{name}"


def _check_ending(scenario: Scenario, adapter: Adapter, call: ModelCall) -> None:
    said, ending = call.attributes, scenario.ending
    assert (call.outcome, call.status) == (ending.outcome, ending.status)
    assert call.error_type == _named(ending.error_type, adapter)
    assert said.get("agentotel.error.category") == _named(ending.category, adapter)
    assert said.get("agentotel.error.retry") == ending.retry
    sent = any(name.startswith("gen_ai.usage.") for name in said)
    assert said.get("agentotel.usage.source") == (ending.usage_source if sent else None)


def _check_facts(scenario: Scenario, adapter: Adapter, call: ModelCall) -> None:
    exchange = adapter.exchange(scenario.exchange)
    expected = {"nothing": {}, "begun": exchange.get("arrived")}.get(scenario.facts, exchange.get(scenario.facts))
    assert expected is not None
    if adapter.provider != "openai":
        expected = {name: value for name, value in expected.items() if not name.startswith("openai.")}
    found = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in call.attributes.items()
        if name.startswith(ANSWER) and name not in VOLATILE and (name in expected or name not in EARLY)
    }
    assert found == expected
    assert (call.cost_usd is not None) == ("gen_ai.usage.input_tokens" in expected)
    assert (call.first_chunk_s is not None) == scenario.first_chunk
    assert bool(call.stream) == bool(exchange.get("stream"))


def _check_attempts(scenario: Scenario, call: ModelCall) -> None:
    attempts = [event.attributes for event in call.events if event.name == "agentotel.attempt"]
    assert tuple(one.get("http.response.status_code") for one in attempts) == scenario.statuses
    assert call.retries == (len(attempts) - 1 or None)
    assert [one.get("agentotel.attempt.reason") for one in attempts[1:]] == [
        {429: "rate_limit", 500: "server"}[status] for status in scenario.statuses[:-1]
    ]
    assert all(0.009 < one["agentotel.attempt.wait_s"] < 5 for one in attempts[1:])
    assert call.attributes["agentotel.retry.limit"] == scenario.options.get("max_retries", 2)


@pytest.mark.parametrize("flavour", ["sync", "async"])
@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
async def test_connection_refused(adapter: Adapter, flavour: str) -> None:
    exchange = adapter.exchange("plain")
    seen = []
    for recording in (contextlib.nullcontext(), capture()):
        with refused() as url, recording as captured:
            async with driver(adapter, flavour, exchange, url, max_retries=1) as one:
                with pytest.raises(Exception, match="Connection error") as raised:
                    await one.call()
        seen.append(shown_error(raised.value))
    assert seen[0] == seen[1]
    (call,) = captured.model_calls
    assert (call.error_type, call.outcome) == (f"{adapter.package}.APIConnectionError", "error")
    assert call.attributes["agentotel.error.category"] == "network"
    attempts = [event.attributes for event in call.events]
    assert [one["error.type"] for one in attempts] == ["httpx2.ConnectError"] * 2
    assert attempts[1]["agentotel.attempt.reason"] == "network"
