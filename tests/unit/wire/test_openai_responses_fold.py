from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Failure, Response, ToolRequest, Usage
from agentotel.wire.openai_responses import FORMAT
from tests.unit.wire.conformance import sdk

Make = Callable[[dict[str, object]], object]
CREATED = {"type": "response.created", "response": {"id": "r1", "model": "m-1", "status": "in_progress", "usage": None}}
TEXT_ITEM = {"type": "message", "role": "assistant", "content": []}


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def delta(kind: str, text: object, index: int = 0) -> dict[str, object]:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": text}


def added(item: dict[str, object], index: int = 0) -> dict[str, object]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item: dict[str, object], index: int = 0) -> dict[str, object]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def fold(make: Make, *events: dict[str, object]) -> tuple[object, bool]:
    folded = FORMAT.fold()
    for sent in events:
        folded.add(make(sent))
    return folded.result(), folded.complete


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
def test_the_last_event_is_the_response(make: Make, status: str) -> None:
    whole = {"id": "r1", "status": status, "output": [], "usage": {"input_tokens": 3}}
    body, complete = fold(make, CREATED, delta("output_text", "x"), {"type": f"response.{status}", "response": whole})
    assert complete
    assert body["status"] == status
    assert FORMAT.response(body).usage == Usage(input_tokens=3)


def test_a_cut_stream_is_built_from_pieces(make: Make) -> None:
    body, complete = fold(
        make,
        CREATED,
        {"type": "response.in_progress", "response": CREATED["response"]},
        added({"type": "reasoning", "id": "rs", "summary": []}),
        delta("reasoning_summary_text", "h"),
        delta("reasoning_summary_text", "m"),
        delta("reasoning_text", "deep"),
        added(TEXT_ITEM, 1),
        {"type": "response.content_part.added", "output_index": 1, "part": {}},
        delta("output_text", "Hel", 1),
        delta("output_text", "lo", 1),
        delta("refusal", "no", 1),
        added({"type": "function_call", "call_id": "c1", "name": "f", "arguments": ""}, 3),
        delta("function_call_arguments", '{"x"', 3),
        added({"type": "custom_tool_call", "call_id": "c0", "name": "g", "input": ""}, 2),
        delta("custom_tool_call_input", "free", 2),
    )
    assert not complete
    assert FORMAT.response(body) == Response(
        id="r1",
        model="m-1",
        finish_reasons=("error",),
        tool_requests=(
            ToolRequest(id="c0", name="g", arguments="free"),
            ToolRequest(id="c1", name="f", arguments='{"x"'),
        ),
    )
    assert FORMAT.output(body)[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "reasoning", "content": "deep"},
        {"type": "text", "content": "Hello"},
        {"type": "refusal", "content": "no"},
        {"type": "tool_call", "id": "c0", "name": "g", "arguments": "free"},
        {"type": "tool_call", "id": "c1", "name": "f", "arguments": '{"x"'},
    ]


def test_a_finished_item_replaces_its_pieces(make: Make) -> None:
    finished = {**TEXT_ITEM, "content": [{"type": "output_text", "text": "Hello."}]}
    body, _ = fold(
        make, CREATED, added(TEXT_ITEM), delta("output_text", "Hello"), delta("output_text", "?", 1), done(finished)
    )
    assert [part["content"] for part in FORMAT.output(body)[0]["parts"]] == ["Hello.", "?"]


def test_some_servers_leave_the_output_out_of_the_last_event(make: Make) -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    ended = {"type": "response.completed", "response": {"id": "r1", "status": "completed", "output": []}}
    body, _ = fold(make, CREATED, added(call), done(call), ended)
    assert FORMAT.response(body).finish_reasons == ("tool_calls",)
    assert FORMAT.response(body).tool_requests == (ToolRequest(id="c1", name="f", arguments="{}"),)


def test_a_resumed_stream_has_text_without_a_start(make: Make) -> None:
    body, _ = fold(make, delta("output_text", "lo"))
    assert FORMAT.output(body)[0]["parts"] == [{"type": "text", "content": "lo"}]
    body, _ = fold(make, {"type": "response.output_item.done", "item": TEXT_ITEM})
    assert body["output"]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "server_error", "message": "m", "param": None},
        {"type": "error", "error": {"code": "server_error", "message": "m"}},
        {"error": {"code": "server_error", "message": "m"}},
    ],
)
def test_error_inside_the_stream(make: Make, event: dict[str, object]) -> None:
    body, complete = fold(make, CREATED, event)
    assert not complete
    assert FORMAT.response(body).failure == Failure(type="server_error", message="m")
    body, _ = fold(make, event)
    assert FORMAT.response(body) == Response(failure=Failure(type="server_error", message="m"))


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        {},
        {"type": "keepalive"},
        {"type": "response.audio.delta", "delta": "AA=="},
        {"type": "response.novel.delta", "delta": "x", "output_index": 0},
        {"type": "response.output_text.delta", "delta": None, "output_index": 0},
        {"type": "response.output_text.delta", "delta": "x", "output_index": []},
    ],
)
def test_odd_events_do_not_raise(odd: object) -> None:
    folded = FORMAT.fold()
    folded.add(odd)
    assert folded.result() is None
    assert not folded.complete
