from __future__ import annotations

import pytest

from agentotel.facts.call import ToolRequest, Usage
from agentotel.wire.google_live import FORMAT
from tests.unit.wire import whole
from tests.unit.wire.conformance import assert_conforms, sdk

MESSAGES = [
    {"server_content": {"model_turn": {"parts": [{"text": "hm", "thought": True}, {"text": "Go"}]}}},
    {
        "server_content": {
            "model_turn": {"parts": [{"inline_data": {"data": b"\0"}}, {"executable_code": {"code": "1"}}]}
        }
    },
    {"server_content": {"model_turn": None, "output_transcription": {"text": "spoken"}, "turn_complete": None}},
    {"tool_call": {"function_calls": [{"id": "c1", "name": "f", "args": {"x": 1}}]}, "server_content": None},
    {
        "server_content": {
            "model_turn": {"parts": [{"text": "od"}]},
            "grounding_metadata": {"web_search_queries": ["q"]},
        }
    },
    {"server_content": {"turn_complete": True}, "usage_metadata": {"prompt_token_count": 3, "response_token_count": 2}},
]


def fold(*messages: object) -> tuple[dict[str, object] | None, bool]:
    folded = FORMAT.fold()
    for message in messages:
        folded.add(message)
    return folded.result(), folded.complete


@pytest.mark.parametrize("make", [lambda sent: sent, sdk], ids=["dict", "sdk"])
def test_turn(make: object) -> None:
    body, complete = fold(*(make(message) for message in MESSAGES))
    assert complete
    found = FORMAT.response(body)
    assert found.finish_reasons == ("stop",)
    assert found.usage == Usage(input_tokens=3, output_tokens=2)
    assert [use.kind for use in found.server_tools] == ["code_execution", "google_search"]
    (call,) = found.tool_requests
    assert (call.id, call.name) == ("c1", "f")
    said = FORMAT.output(body)
    assert_conforms("output-messages", said)
    assert [part["type"] for part in said[0]["parts"]] == ["reasoning", "text", "server_tool_call", "tool_call"]
    assert said[0]["parts"][1]["content"] == "Good"


def test_what_was_spoken_stands_where_nothing_was_written() -> None:
    body, _ = fold({"serverContent": {"outputTranscription": {"text": "a"}}}, *MESSAGES[2:3])
    assert FORMAT.output(body)[0]["parts"] == [{"type": "text", "content": "aspoken"}]


def test_turn_that_was_cut() -> None:
    body, complete = fold(*MESSAGES[:1])
    assert not complete
    assert FORMAT.response(body).finish_reasons == ("error",)
    assert FORMAT.response(body).usage is None
    assert fold({"setup_complete": {}}) == (None, False)


def test_turn_that_was_interrupted() -> None:
    body, _ = fold({"serverContent": {"interrupted": True}}, MESSAGES[3], {"serverContent": {"turnComplete": True}})
    assert FORMAT.response(body).finish_reasons == ("interrupted",)
    assert FORMAT.response(body).tool_requests == (ToolRequest(id="c1", name="f", arguments={"x": 1}),)


def test_a_turn_shows_no_context() -> None:
    assert FORMAT.context({"tools": []}) is None


@pytest.mark.parametrize(
    ("session", "attributes"), [("s1", {"gen_ai.conversation.id": "s1"}), (None, {})], ids=["named", "nameless"]
)
def test_the_session_is_the_conversation(session: str | None, attributes: dict[str, object]) -> None:
    asked = whole.asked(FORMAT, {"model": "models/m", "stream": True, "session_id": session})
    assert (asked.model, asked.stream, asked.attributes) == ("m", True, attributes)
