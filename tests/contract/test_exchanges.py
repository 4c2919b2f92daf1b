"""Every recorded exchange, by every way of making the call: one span that says what the provider sent, and a caller
who sees what they would see without agentotel."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace

from agentotel.testing import Captured, ModelCall, capture
from tests.contract import expected, recordings, results, ways
from tests.contract.drivers._spec import Caller, Driver, Endpoint, calling
from tests.contract.matrix import DRIVERS
from tests.contract.recordings import Recording
from tests.contract.seen import shown_error


@dataclass(frozen=True)
class Case:
    """One recorded exchange and the endpoint that it is of."""

    driver: Driver
    endpoint: Endpoint
    recording: Recording


FOUND = [
    Case(driver, endpoint, recording)
    for recording in recordings.recorded().values()
    for driver in DRIVERS.values()
    for endpoint in driver.endpoints
    if endpoint.recorded(recording)
]
CASES = [
    pytest.param(case, way, flavour, id=f"{case.recording.name}-{way}-{flavour}")
    for case in FOUND
    for way in ways.ways(case.endpoint, case.recording)
    for flavour in case.driver.flavours
]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with recordings.replay_server().ReplayServer() as running:
        yield running


@functools.cache
def _warm() -> None:
    """Load the price catalogue, which the first capture of a process starts to load beside the tests."""
    from agentotel.pricing import Prices

    Prices().load()


async def _run(case: Case, way: str, flavour: str, server: Any) -> list[Any]:
    """Make a call and log what its caller sees, the exception included."""
    server.load(case.recording.sent)
    async with calling(case.endpoint, flavour, case.recording, server.url) as caller:
        await _call(case, way, caller)
    return caller.log


async def _call(case: Case, way: str, caller: Caller) -> None:
    try:
        await ways.ways(case.endpoint, case.recording)[way](caller)
    except (Exception, StopAsyncIteration) as error:  # noqa: BLE001 - what the caller sees is the result
        caller.log.append(shown_error(error))


@pytest.mark.parametrize(("case", "way", "flavour"), CASES)
async def test_call(case: Case, way: str, flavour: str, server: Any) -> None:
    bare = await _run(case, way, flavour, server)
    bare_requests = [(one["path"], one["body"]) for one in server.requests]
    _warm()
    with capture() as captured:
        log = await _run(case, way, flavour, server)
    assert log == bare
    assert [(one["path"], one["body"]) for one in server.requests] == bare_requests
    assert not trace.get_current_span().get_span_context().is_valid
    if not server.requests:
        assert captured.spans == []
        assert not fails(case)
        return
    _check(case, way, server, captured)
    results.note(case.driver, case.endpoint.name, flavour, captured.model_calls[0].attributes)


def fails(case: Case) -> bool:
    """Whether the call ends in an error, after all retries."""
    return case.recording.injected[0] > (case.driver.retries or 0) or case.recording.response["status"] >= 400


def _check(case: Case, way: str, server: Any, captured: Captured) -> None:
    (call,) = captured.model_calls
    assert captured.spans == [call]
    assert call.kind == "CLIENT"
    body = json.loads(server.requests[-1]["body"])
    said = dict(call.attributes)
    asked = {"gen_ai.provider.name": case.endpoint.provider, **case.endpoint.asked(case.recording, body)}
    assert {name: said.get(name) for name in asked} == asked
    assert {name for name in said if name.startswith("gen_ai.request.")} <= set(asked)
    assert said["server.address"] == "127.0.0.1"
    assert said["server.port"] == server.port
    _check_attempts(case, server, call)
    _check_answer(case, way, call)


def _check_answer(case: Case, way: str, call: ModelCall) -> None:
    said = dict(call.attributes)
    answer = {} if fails(case) else case.endpoint.answered(case.recording)
    if case.recording.name in case.endpoint.cut:
        assert said["agentotel.outcome"] == "truncated"
        assert said["gen_ai.response.id"] == answer["gen_ai.response.id"]
        assert "gen_ai.usage.input_tokens" not in said
        return
    answer_names = ("gen_ai.response.", "gen_ai.usage.", "openai.response.")
    volatile = {"gen_ai.response.time_to_first_chunk", "gen_ai.response.status"}
    found = {name: value for name, value in said.items() if name.startswith(answer_names) and name not in volatile}
    assert found == answer
    _check_outcome(case, way, call)
    assert said.get("agentotel.usage.source") == ("provider" if "gen_ai.usage.input_tokens" in answer else None)
    models = (answer.get("gen_ai.response.model"), said.get("gen_ai.request.model"))
    billed = case.endpoint.billed(case.recording) or answer
    price = expected.cost(case.endpoint.catalogue, models, billed, expected.searches(case.recording))
    assert said.get("agentotel.cost.usd") == (None if price is None else pytest.approx(price, rel=1e-9))
    first = said.get("gen_ai.response.time_to_first_chunk")
    assert (first is not None) == (bool(said.get("gen_ai.request.stream")) and not fails(case))
    assert first is None or 0 < first <= call.duration_s


def _check_outcome(case: Case, way: str, call: ModelCall) -> None:
    said = dict(call.attributes)
    if way == "parse_into" and not fails(case) and said["agentotel.outcome"] == "error":
        assert said["error.type"].endswith("ValidationError")
        assert said["agentotel.error.category"] == "schema"
        (event,) = [event for event in call.events if event.kind == "validation"]
        assert event.attributes["agentotel.validation.verdict"] == "fail"
        return
    if not fails(case):
        assert (said["agentotel.outcome"], call.status) == ("completed", "UNSET")
        assert "error.type" not in said
        return
    status = case.recording.injected[1] or case.recording.response["status"]
    assert (said["agentotel.outcome"], call.status) == ("error", "ERROR")
    assert said["error.type"] == case.driver.error(status)
    assert said["agentotel.error.category"] == expected.CATEGORIES[status]
    assert said["agentotel.error.origin"] == "model"
    assert said.get("agentotel.error.retry") == ("exhausted" if case.recording.faults and case.driver.retries else None)


def _check_attempts(case: Case, server: Any, call: ModelCall) -> None:
    said, recording = dict(call.attributes), case.recording
    attempts = [event.attributes for event in call.events if event.name == "agentotel.attempt"]
    assert [one["http.response.status_code"] for one in attempts] == server.statuses
    assert [one["agentotel.attempt.number"] for one in attempts] == list(range(1, len(server.statuses) + 1))
    again = len(attempts) - 1
    assert said.get("http.request.resend_count") == (again or None)
    assert said.get("agentotel.retry.limit") == case.driver.retries
    waits = [one.get("agentotel.attempt.wait_s") for one in attempts]
    assert waits[0] is None
    assert all(0.005 < wait < 5 for wait in waits[1:])
    assert said.get("agentotel.retry.wait_s") == (pytest.approx(sum(waits[1:]), abs=1e-5) if again else None)
    headers = list(recording.response["headers"].items()) if server.statuses[-1] == recording.response["status"] else []
    named = {name.lower(): value for name, value in headers}
    ids = [named[name] for name in case.driver.request_ids if name in named]
    if not recording.faults:
        assert attempts[-1].get("agentotel.attempt.request_id") == next(iter(ids), None)
        limits = {name: value for name, value in said.items() if name.startswith("agentotel.rate_limit.")}
        headroom = expected.headroom(headers)
        assert set(limits) == set(headroom)
        assert all(limits[name] == pytest.approx(value) for name, value in headroom.items() if value is not None)
