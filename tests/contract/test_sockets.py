"""Connections of openai that carry several calls: a span for each, sync and async, over a real WebSocket."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentotel._core import late
from agentotel.capture import sockets
from agentotel.capture.spec import Target
from agentotel.capture.streams import StreamEnd
from agentotel.facts.call import Request
from agentotel.record.identity import NOBODY
from agentotel.record.operation import MODEL, ModelFacts, Operation
from agentotel.record.pipeline import IDLE, active
from agentotel.testing import Captured, ModelCall, capture
from agentotel.wire import openai_chat
from tests.contract.flavour import FLAVOURS, done, opened
from tests.contract.matrix import endpoint
from tests.fakes.sockets import Script, serving

pytest.importorskip("websockets")
openai = pytest.importorskip("openai")
endpoint("openai-chat")

FACTS = ModelFacts(openai_chat.FORMAT, "chat", "openai", Request(), {})
ENDED = StreamEnd(Operation(IDLE, MODEL, FACTS, NOBODY), openai_chat.FORMAT.fold())
CLIENTS = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}
SESSION = {"type": "session.created", "session": {"model": "gpt-realtime-2025-08-28", "temperature": 0.8}}


def _client(flavour: str, url: str) -> Any:
    return CLIENTS[flavour](api_key="key", websocket_base_url=url, base_url=url.replace("ws", "http", 1))


async def _read(connection: Any, *, until: str, count: int = 1) -> list[Any]:
    events: list[Any] = []
    while [event.type for event in events].count(until) < count:
        events.append(await done(connection.recv()))
    return events


# -- realtime


def _spoken(number: int, **more: Any) -> list[dict[str, Any] | None]:
    usage = {
        "input_tokens": 20,
        "output_tokens": 30,
        "total_tokens": 50,
        "input_token_details": {"cached_tokens": 4, "text_tokens": 5, "audio_tokens": 15},
        "output_token_details": {"text_tokens": 10, "audio_tokens": 20},
    }
    begun = {"id": f"resp_{number}", "object": "realtime.response", "status": "in_progress", "output": []}
    return [
        {"type": "response.created", "event_id": "e1", "response": begun},
        {"type": "response.output_audio.delta", "event_id": "e2", "response_id": f"resp_{number}", "delta": "AAAA"},
        {
            "type": "response.done",
            "event_id": "e3",
            "response": {**begun, "status": "completed", "usage": usage, **more},
        },
    ]


async def _realtime(flavour: str, script: Script, act: Callable[[Any], Any]) -> tuple[Captured, str]:
    with serving(script, SESSION) as url, capture() as captured:
        client = _client(flavour, url)
        if not hasattr(client, "realtime"):
            pytest.skip("this version has no realtime")
        async with opened(client.realtime.connect(model="gpt-realtime")) as connection:
            await _read(connection, until="session.created")
            await act(connection)
        await done(client.close())
    return captured, url


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_each_spoken_response_is_a_call(flavour: str) -> None:
    numbers = iter((1, 2))

    async def act(connection: Any) -> None:
        await done(connection.session.update(session={"type": "realtime", "instructions": "Be brief."}))
        for _ in range(2):
            await done(connection.response.create(response={"max_output_tokens": 100}))
            await _read(connection, until="response.done")

    captured, url = await _realtime(
        flavour, lambda event: _spoken(next(numbers)) if event["type"] == "response.create" else [], act
    )
    first, second = captured.model_calls
    assert captured.spans == [first, second]
    assert (first.response_id, second.response_id) == ("resp_1", "resp_2")
    said = dict(first.attributes)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-realtime",
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.8,
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.audio.input_tokens": 15,
        "gen_ai.usage.audio.output_tokens": 20,
        "server.address": "127.0.0.1",
        "server.port": int(url.split(":")[2].partition("/")[0]),
        "agentotel.outcome": "completed",
        "agentotel.usage.source": "provider",
    }
    assert {name: said.get(name) for name in expected} == expected
    assert 0 < first.first_chunk_s <= first.duration_s


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_response_that_the_server_begins_by_itself(flavour: str) -> None:
    async def act(connection: Any) -> None:
        await done(connection.input_audio_buffer.append(audio="AAAA"))
        await _read(connection, until="response.done")

    captured, _url = await _realtime(flavour, lambda _event: _spoken(7), act)
    (call,) = captured.model_calls
    assert (call.response_id, call.output_tokens, call.outcome) == ("resp_7", 30, "completed")
    assert call.attributes["gen_ai.request.model"] == "gpt-realtime"


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_spoken_response_that_fails(flavour: str) -> None:
    details = {"type": "failed", "error": {"type": "server_error", "code": "server_error", "message": "broke"}}
    failed = _spoken(1, status="failed", status_details=details)

    async def act(connection: Any) -> None:
        await done(connection.response.create())
        await _read(connection, until="response.done")

    captured, _url = await _realtime(flavour, lambda _event: failed, act)
    (call,) = captured.model_calls
    assert (call.outcome, call.status, call.error_type) == ("error", "ERROR", "server_error")
    assert call.attributes["agentotel.error.category"] == "server"


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_request_that_is_refused(flavour: str) -> None:
    refused = {"type": "invalid_request_error", "code": "invalid_value", "message": "no"}

    async def act(connection: Any) -> None:
        await done(connection.response.create())
        await _read(connection, until="error")

    captured, _url = await _realtime(flavour, lambda _e: [{"type": "error", "event_id": "e", "error": refused}], act)
    (call,) = captured.model_calls
    assert (call.outcome, call.error_type) == ("error", "invalid_value")


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_connection_that_is_closed_in_a_response(flavour: str) -> None:
    async def act(connection: Any) -> None:
        await done(connection.response.create())
        await _read(connection, until="response.created")

    captured, _url = await _realtime(flavour, lambda _event: _spoken(1)[:1], act)
    (call,) = captured.model_calls
    assert (call.outcome, call.status, call.response_id) == ("abandoned", "UNSET", "resp_1")


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_connection_that_is_lost_in_a_response(flavour: str) -> None:
    async def act(connection: Any) -> None:
        await done(connection.response.create())
        with pytest.raises(Exception, match="1011"):
            await _read(connection, until="response.done")

    captured, _url = await _realtime(flavour, lambda _event: [*_spoken(1)[:1], None], act)
    (call,) = captured.model_calls
    assert (call.outcome, call.status, call.response_id) == ("error", "ERROR", "resp_1")
    assert call.attributes["agentotel.error.category"] == "network"


def test_a_connection_that_the_collector_frees_takes_no_lock_there() -> None:
    with capture():
        facts = ModelFacts(openai_chat.FORMAT, "chat", "openai", Request(), {})
        operation = Operation(active(), MODEL, facts, NOBODY)
        operation.start()
        connection = sockets._Connection(Target(provider="openai", server=None, port=None))
        connection.take(sockets._Call(None, StreamEnd(operation, openai_chat.FORMAT.fold())))
        lock, connection.ring = connection._lock, connection  # type: ignore[attr-defined]
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with lock:
                held.set()
                done.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(10)
        del connection
        gc.collect()
        assert operation.open
        done.set()
        holder.join()
        late.settle()
        assert not operation.open
        assert operation.outcome == "abandoned"


def test_one_thread_asks_while_another_reads() -> None:
    """What a thread takes up is not lost where another one forgets a call at the same time."""
    connection = sockets._Connection(Target(provider="openai", server=None, port=None))
    lasting = [sockets._Call(None, ENDED) for _ in range(200)]

    def churn() -> None:
        for _ in range(3000):
            call = sockets._Call(None, ENDED)
            connection.take(call)
            connection.remove(call)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=churn) for _ in range(2)]
        for thread in threads:
            thread.start()
        for call in lasting:
            connection.take(call)
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert set(map(id, connection.calls)) == set(map(id, lasting))


# -- responses


def _written(number: int, lane: str | None = None) -> list[dict[str, Any] | None]:
    begun = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": "gpt-5-mini-2025-08-07",
        "output": [],
    }
    more = {"stream_id": lane} if lane else {}
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
    }
    usage = {"input_tokens": 10 + number, "output_tokens": 4, "total_tokens": 14 + number}
    ended = {**begun, "status": "completed", "output": [message], "usage": usage}
    return [
        {"type": "response.created", "sequence_number": 0, "response": {**begun, "status": "in_progress"}, **more},
        {
            "type": "response.output_text.delta",
            "sequence_number": 1,
            "output_index": 0,
            "content_index": 0,
            "item_id": "m",
            "delta": "Hi",
            **more,
        },
        {"type": "response.completed", "sequence_number": 2, "response": ended, **more},
    ]


async def _responses(flavour: str, script: Script, act: Callable[[Any], Any]) -> Captured:
    with serving(script) as url, capture() as captured:
        client = _client(flavour, url)
        if not hasattr(client.responses, "connect"):
            pytest.skip("this version has no responses.connect")
        async with opened(client.responses.connect()) as connection:
            await act(connection)
        await done(client.close())
    return captured


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_each_response_is_a_call(flavour: str) -> None:
    numbers = iter((1, 2))

    async def act(connection: Any) -> None:
        for _ in range(2):
            await done(connection.response.create(model="gpt-5-mini", input="Hello", max_output_tokens=50))
            await _read(connection, until="response.completed")

    captured = await _responses(flavour, lambda _event: _written(next(numbers)), act)
    assert [(call.response_id, call.input_tokens) for call in captured.model_calls] == [("resp_1", 11), ("resp_2", 12)]
    said = captured.model_calls[0].attributes
    assert said["gen_ai.request.model"] == "gpt-5-mini"
    assert said["gen_ai.request.max_tokens"] == 50
    assert said["gen_ai.response.finish_reasons"] == ("stop",)
    assert captured.model_calls[0].cost_usd is not None


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_responses_beside_each_other(flavour: str) -> None:
    """Two responses at once, whose events come mixed: each goes to its own call."""
    asked: list[dict[str, Any]] = []

    def script(event: dict[str, Any]) -> list[dict[str, Any] | None]:
        asked.append(event)
        if len(asked) < 2:
            return []
        one, other = (_written(number, event["stream_id"]) for number, event in enumerate(asked, 1))
        return [event for pair in zip(other, one, strict=True) for event in pair]

    async def act(connection: Any) -> None:
        for lane in ("a", "b"):
            asks = {"type": "response.create", "model": "gpt-5-mini", "input": "Hello", "stream_id": lane}
            await done(connection.send(asks))
        await _read(connection, until="response.completed", count=2)

    captured = await _responses(flavour, script, act)
    found = {call.response_id: (call.input_tokens, call.outcome) for call in captured.model_calls}
    assert found == {"resp_1": (11, "completed"), "resp_2": (12, "completed")}


# -- several connections to one session


def _greeting(number: int = 1) -> dict[str, Any]:
    return {**SESSION, "session": {**SESSION["session"], "id": f"sess_{number}"}}


async def _joined(
    flavour: str, act: Callable[[Any, Any], Any], *, sessions: tuple[int, int] = (1, 1)
) -> list[ModelCall]:
    """Open the connection of a call and one beside it; each is sent the same response after each event it sends."""
    with serving(lambda _event: _spoken(1), greetings=map(_greeting, sessions)) as url, capture() as captured:
        client = _client(flavour, url)
        if "call_id" not in inspect.signature(client.realtime.connect).parameters:
            pytest.skip("this version joins no call")
        async with opened(client.realtime.connect(model="gpt-realtime")) as first:
            await _read(first, until="session.created")
            async with opened(client.realtime.connect(call_id="rtc_1")) as beside:
                await _read(beside, until="session.created")
                await act(first, beside)
        await done(client.close())
    return captured.model_calls


async def _listened(*connections: Any) -> None:
    """Send what nobody has to answer, and read a whole response."""
    for connection in connections:
        await done(connection.input_audio_buffer.append(audio="AAAA"))
        await _read(connection, until="response.done")


COUNTED = ("resp_1", 30, "completed")


def _told(calls: list[ModelCall]) -> list[Any]:
    return [(call.response_id, call.output_tokens, call.outcome) for call in calls]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_response_that_two_connections_tell_of_is_one_call(flavour: str) -> None:
    async def act(first: Any, beside: Any) -> None:
        await _listened(first, beside)

    assert _told(await _joined(flavour, act)) == [COUNTED]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_two_connections_whose_events_come_mixed(flavour: str) -> None:
    async def act(first: Any, beside: Any) -> None:
        for connection in (first, beside):
            await done(connection.input_audio_buffer.append(audio="AAAA"))
        for _event in range(3):
            for connection in (beside, first):
                await done(connection.recv())

    assert _told(await _joined(flavour, act)) == [COUNTED]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_response_counts_where_it_was_asked_for(flavour: str) -> None:
    async def act(first: Any, beside: Any) -> None:
        await done(beside.response.create(response={"max_output_tokens": 77}))
        await _listened(first)
        await _read(beside, until="response.done")

    (call,) = await _joined(flavour, act)
    assert _told([call]) == [COUNTED]
    assert call.attributes["gen_ai.request.max_tokens"] == 77


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_response_that_was_not_asked_for_ends_no_call_that_was(flavour: str) -> None:
    """The first connection has counted a response already when the other one, which has not read of it, asks."""

    async def act(first: Any, beside: Any) -> None:
        await _listened(first)
        await done(beside.response.create())
        await _read(beside, until="response.done")

    assert _told(await _joined(flavour, act)) == [COUNTED, (None, None, "abandoned")]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_responses_of_two_sessions_are_two_calls(flavour: str) -> None:
    async def act(first: Any, beside: Any) -> None:
        await _listened(first, beside)

    assert _told(await _joined(flavour, act, sessions=(1, 2))) == [COUNTED] * 2


# -- live sessions, which hand tasks over to a model of the Responses API

DELEGATION = {"type": "responses", "responses": {"model": "gpt-5-mini", "max_output_tokens": 50}}
LIVE = {"type": "live", "id": "sess_1", "model": "gpt-live", "delegation": DELEGATION}


def _delegated(number: int) -> list[dict[str, Any] | None]:
    """Wrap the events of a response that asks for a tool; its last event does not repeat what the others said."""
    call = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "order", "arguments": "{}"}
    begun, _said, ended = (event or {} for event in _written(number))
    item = {"type": "response.output_item.done", "sequence_number": 1, "output_index": 0, "item": call}
    ended = {**ended, "response": {**ended["response"], "output": []}}
    return [
        {"type": "response.event", "event_id": f"e{place}", "delegation_id": f"d{number}", "event": event}
        for place, event in enumerate((begun, item, ended))
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_each_response_that_a_live_session_asks_for_is_a_call(flavour: str) -> None:
    def script(_event: dict[str, Any]) -> list[dict[str, Any] | None]:
        one, other = _delegated(1), _delegated(2)
        usage = {"type": "session.usage.updated", "event_id": "u", "usage": {"seconds": 2.5}}
        return [usage, *(event for pair in zip(other, one, strict=True) for event in pair)]

    started = {"type": "session.started", "event_id": "s", "session": LIVE}
    with serving(script, started) as url, capture() as captured:
        client = _client(flavour, url)
        if not hasattr(client, "live"):
            pytest.skip("this version has no live sessions")
        async with opened(client.live.connect()) as connection:
            await _read(connection, until="session.started")
            await done(connection.response.create())
            events = await _read(connection, until="response.event", count=6)
        await done(client.close())
    assert [event.type for event in events] == ["session.usage.updated", *["response.event"] * 6]
    found = {call.response_id: (call.input_tokens, call.finish_reasons, call.outcome) for call in captured.model_calls}
    assert found == {"resp_1": (11, ("tool_calls",), "completed"), "resp_2": (12, ("tool_calls",), "completed")}
    assert captured.spans == captured.model_calls
    said = captured.model_calls[0].attributes
    assert said["gen_ai.request.model"] == "gpt-5-mini"
    assert said["gen_ai.response.model"] == "gpt-5-mini-2025-08-07"
    assert said["gen_ai.request.max_tokens"] == 50


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_what_listens_to_a_live_session_counts_nothing_again(flavour: str) -> None:
    started = {"type": "session.started", "event_id": "s", "session": LIVE}
    with serving(lambda _event: _delegated(1), greetings=(started, None)) as url, capture() as captured:
        client = _client(flavour, url)
        if not hasattr(client, "live"):
            pytest.skip("this version has no live sessions")
        async with opened(client.live.connect()) as connection:
            await _read(connection, until="session.started")
            async with opened(client.live.sideband.connect(session_id="sess_1")) as beside:
                for one in (connection, beside):
                    await done(one.response.create())
                    await _read(one, until="response.event", count=3)
        await done(client.close())
    assert [(call.response_id, call.input_tokens, call.outcome) for call in captured.model_calls] == [
        ("resp_1", 11, "completed")
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_nothing_of_ours_is_left_without_patching(flavour: str) -> None:
    """A connection that was opened before the library is removed goes on."""

    async def act(connection: Any) -> None:
        await done(connection.response.create(model="gpt-5-mini", input="Hello"))
        events = await _read(connection, until="response.completed")
        assert [event.type for event in events] == [event["type"] for event in _written(1) if event]

    with serving(lambda _event: _written(1)) as url:
        client = _client(flavour, url)
        if not hasattr(client.responses, "connect"):
            pytest.skip("this version has no responses.connect")
        async with opened(client.responses.connect()) as connection:
            with capture() as captured:
                await act(connection)
            await act(connection)
        await done(client.close())
    assert len(captured.model_calls) == 1
