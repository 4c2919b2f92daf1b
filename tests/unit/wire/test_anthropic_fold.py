from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Failure, Response, ToolRequest, Usage
from agentotel.wire.anthropic_messages import FORMAT
from tests.unit.wire.conformance import sdk

Make = Callable[[dict[str, object]], object]


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def start(**usage: object) -> dict[str, object]:
    message = {"id": "msg_1", "model": "m-1", "role": "assistant", "content": [], "stop_reason": None, "usage": usage}
    return {"type": "message_start", "message": message}


def opened(index: int, **block: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def piece(index: int, kind: str, **delta: object) -> dict[str, object]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def stopped(reason: object, **usage: object) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


def fold(make: Make, *events: dict[str, object]) -> tuple[object, bool]:
    folded = FORMAT.fold()
    for sent in events:
        folded.add(make(sent))
    return folded.result(), folded.complete


def test_message(make: Make) -> None:
    body, complete = fold(
        make,
        start(input_tokens=10, output_tokens=1, cache_read_input_tokens=5),
        {"type": "ping"},
        opened(0, type="thinking", thinking="", signature=""),
        piece(0, "thinking_delta", thinking="h"),
        piece(0, "thinking_delta", thinking="m"),
        piece(0, "signature_delta", signature="s"),
        {"type": "content_block_stop", "index": 0},
        opened(1, type="text", text=""),
        piece(1, "text_delta", text="Hel"),
        piece(1, "citations_delta", citation={}),
        piece(1, "text_delta", text="lo"),
        opened(2, type="tool_use", id="t1", name="f", input={}),
        piece(2, "input_json_delta", partial_json=""),
        piece(2, "input_json_delta", partial_json='{"x"'),
        piece(2, "input_json_delta", partial_json=": 1}"),
        opened(3, type="tool_use", id="t2", name="g", input={}),
        opened(4, type="compaction", content=None),
        piece(4, "compaction_delta", content=None),
        piece(4, "compaction_delta", content="summary"),
        stopped("tool_use", output_tokens=20, input_tokens=None),
        {"type": "message_stop"},
    )
    assert complete
    found = FORMAT.response(body)
    assert (found.id, found.model, found.finish_reasons) == ("msg_1", "m-1", ("tool_call",))
    assert found.usage == Usage(input_tokens=15, output_tokens=20, cache_read_tokens=5)
    assert found.tool_requests[0] == ToolRequest(id="t1", name="f", arguments={"x": 1})
    assert FORMAT.output(body)[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "Hello"},
        {"type": "tool_call", "id": "t1", "name": "f", "arguments": {"x": 1}},
        {"type": "tool_call", "id": "t2", "name": "g", "arguments": {}},
        {"type": "compaction", "content": "summary"},
    ]


def test_usage_is_cumulative(make: Make) -> None:
    body, complete = fold(
        make,
        start(input_tokens=10, output_tokens=1, cache_read_input_tokens=0, cache_creation_input_tokens=7),
        stopped(None, output_tokens=5),
        stopped("end_turn", output_tokens=9, input_tokens=30, cache_read_input_tokens=4, output_tokens_details=None),
    )
    assert complete
    assert FORMAT.response(body).usage == Usage(
        input_tokens=41, output_tokens=9, cache_read_tokens=4, cache_write_tokens=7
    )


def test_a_cut_stream(make: Make) -> None:
    body, complete = fold(
        make,
        start(input_tokens=10),
        opened(0, type="text", text="Hel"),
        piece(0, "text_delta", text="lo"),
        opened(1, type="tool_use", id="t1", name="f", input={}),
        piece(1, "input_json_delta", partial_json='{"x"'),
    )
    assert not complete
    assert FORMAT.response(body) == Response(
        id="msg_1",
        model="m-1",
        finish_reasons=("error",),
        usage=Usage(input_tokens=10),
        tool_requests=(ToolRequest(id="t1", name="f", arguments='{"x"'),),
    )
    assert FORMAT.output(body)[0]["parts"][0] == {"type": "text", "content": "Hello"}


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (piece(3, "text_delta", text="x"), {"type": "text", "content": "x"}),
        (piece(3, "thinking_delta", thinking="x"), {"type": "reasoning", "content": "x"}),
        (piece(3, "input_json_delta", partial_json="{}"), {"type": "tool_call", "name": "", "arguments": {}}),
    ],
)
def test_a_block_whose_start_was_not_seen(make: Make, sent: dict[str, object], part: dict[str, object]) -> None:
    body, _ = fold(make, sent)
    assert FORMAT.output(body)[0]["parts"] == [part]


def test_error_inside_the_stream(make: Make) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
    body, complete = fold(make, error)
    assert not complete
    assert FORMAT.response(body) == Response(failure=Failure(type="overloaded_error", message="m"))
    body, _ = fold(make, start(input_tokens=1), error)
    assert FORMAT.response(body).failure == Failure(type="overloaded_error", message="m")
    assert FORMAT.response(body).finish_reasons == ("error",)


def test_a_delta_without_a_start_is_still_read(make: Make) -> None:
    body, complete = fold(make, stopped("end_turn", output_tokens=3))
    assert complete
    assert FORMAT.response(body).usage == Usage(output_tokens=3)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        "text",
        {},
        {"type": "novel"},
        {"type": "content_block_delta"},
        {"type": "content_block_delta", "delta": None},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}, "index": []},
    ],
)
def test_odd_events_do_not_raise(odd: object) -> None:
    folded = FORMAT.fold()
    folded.add(odd)
    assert not folded.complete
    folded.result()
