"""Every recorded exchange, by every way of making the call: one span that says what the provider sent, and a caller
who sees what they would see without agentotel."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace

from agentotel.testing import Captured, ModelCall, capture
from tests.contract import expected, recordings, ways
from tests.contract.flavour import FLAVOURS, close
from tests.contract.recordings import Recording
from tests.contract.seen import shown_error

RECORDINGS = recordings.load()
CASES = [
    pytest.param(recording, way, flavour, id=f"{name}-{way}-{flavour}")
    for name, recording in RECORDINGS.items()
    for way in ways.ways(recording)
    for flavour in FLAVOURS
]
CUT = {"openai-chat-completions-012"}
"""Streams that the server resets."""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with recordings.replay_server().ReplayServer() as running:
        yield running


@functools.cache
def _warm() -> None:
    """Load the price catalogue, which the first capture of a process starts to load beside the tests."""
    from agentotel.pricing import Prices

    Prices().load()


async def _run(recording: Recording, way: str, flavour: str, server: Any) -> list[Any]:
    """Make a call and log what its caller sees, the exception included."""
    server.load(recording.sent)
    log: list[Any] = []
    client = recording.client(server.url, flavour)
    try:
        await ways.ways(recording)[way](recording, client, log)
    except (Exception, StopAsyncIteration) as error:  # noqa: BLE001 - what the caller sees is the result
        log.append(shown_error(error))
    finally:
        await close(client)
    return log


@pytest.mark.parametrize(("recording", "way", "flavour"), CASES)
async def test_call(recording: Recording, way: str, flavour: str, server: Any) -> None:
    bare = await _run(recording, way, flavour, server)
    bare_requests = [(one["path"], one["body"]) for one in server.requests]
    _warm()
    with capture() as captured:
        log = await _run(recording, way, flavour, server)
    assert log == bare
    assert [(one["path"], one["body"]) for one in server.requests] == bare_requests
    assert not trace.get_current_span().get_span_context().is_valid
    if not server.requests:
        assert captured.spans == []
        assert not recording.fails
        return
    _check(recording, way, server, captured)


def _check(recording: Recording, way: str, server: Any, captured: Captured) -> None:
    (call,) = captured.model_calls
    assert captured.spans == [call]
    assert call.kind == "CLIENT"
    body = json.loads(server.requests[-1]["body"])
    said = dict(call.attributes)
    asked = expected.asked(recording, body)
    assert {name: said.get(name) for name in asked} == asked
    assert {name for name in said if name.startswith("gen_ai.request.")} <= set(asked)
    assert said["server.address"] == "127.0.0.1"
    assert said["server.port"] == server.port
    _check_attempts(recording, server, call)
    _check_answer(recording, way, call)


def _check_answer(recording: Recording, way: str, call: ModelCall) -> None:
    said = dict(call.attributes)
    answer = expected.answered(recording)
    if recording.name in CUT:
        assert said["agentotel.outcome"] == "truncated"
        assert said["gen_ai.response.id"] == answer["gen_ai.response.id"]
        assert "gen_ai.usage.input_tokens" not in said
        return
    answer_names = ("gen_ai.response.", "gen_ai.usage.", "openai.response.")
    volatile = {"gen_ai.response.time_to_first_chunk", "gen_ai.response.status"}
    found = {name: value for name, value in said.items() if name.startswith(answer_names) and name not in volatile}
    assert found == answer
    _check_outcome(recording, way, call)
    assert said.get("agentotel.usage.source") == ("provider" if "gen_ai.usage.input_tokens" in answer else None)
    price = expected.cost(recording, answer)
    assert said.get("agentotel.cost.usd") == (None if price is None else pytest.approx(price, rel=1e-9))
    first = said.get("gen_ai.response.time_to_first_chunk")
    assert (first is not None) == (bool(said.get("gen_ai.request.stream")) and not recording.fails)
    assert first is None or 0 < first <= call.duration_s


def _check_outcome(recording: Recording, way: str, call: ModelCall) -> None:
    said = dict(call.attributes)
    if way == "parse_into" and not recording.fails and said["agentotel.outcome"] == "error":
        assert said["error.type"].endswith("ValidationError")
        assert said["agentotel.error.category"] == "schema"
        (event,) = [event for event in call.events if event.kind == "validation"]
        assert event.attributes["agentotel.validation.verdict"] == "fail"
        return
    if not recording.fails:
        assert (said["agentotel.outcome"], call.status) == ("completed", "UNSET")
        assert "error.type" not in said
        return
    injected = recording.faults.get("fail_first", f"1:{recording.response['status']}")
    status = int(injected.partition(":")[2])
    assert (said["agentotel.outcome"], call.status) == ("error", "ERROR")
    package = "anthropic" if recording.provider == "anthropic" else "openai"
    assert said["error.type"] == f"{package}.{expected.ERRORS.get(status, 'InternalServerError')}"
    assert said["agentotel.error.category"] == expected.CATEGORIES[status]
    assert said["agentotel.error.origin"] == "model"
    assert said.get("agentotel.error.retry") == ("exhausted" if recording.faults else None)


def _check_attempts(recording: Recording, server: Any, call: ModelCall) -> None:
    said = dict(call.attributes)
    attempts = [event.attributes for event in call.events if event.name == "agentotel.attempt"]
    assert [one["http.response.status_code"] for one in attempts] == server.statuses
    assert [one["agentotel.attempt.number"] for one in attempts] == list(range(1, len(server.statuses) + 1))
    again = len(attempts) - 1
    assert said.get("http.request.resend_count") == (again or None)
    assert said["agentotel.retry.limit"] == 2
    waits = [one.get("agentotel.attempt.wait_s") for one in attempts]
    assert waits[0] is None
    assert all(0.005 < wait < 5 for wait in waits[1:])
    assert said.get("agentotel.retry.wait_s") == (pytest.approx(sum(waits[1:]), abs=1e-5) if again else None)
    headers = list(recording.response["headers"].items()) if server.statuses[-1] == recording.response["status"] else []
    ids = [value for name, value in headers if name.lower() in {"x-request-id", "request-id"}]
    azure = [value for name, value in headers if name.lower() == "apim-request-id"]
    if not recording.faults:
        assert attempts[-1].get("agentotel.attempt.request_id") == next(iter(ids or azure), None)
        limits = {name: value for name, value in said.items() if name.startswith("agentotel.rate_limit.")}
        headroom = expected.headroom(headers)
        assert set(limits) == set(headroom)
        assert all(limits[name] == pytest.approx(value) for name, value in headroom.items() if value is not None)
