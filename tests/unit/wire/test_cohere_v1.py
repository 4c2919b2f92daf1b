from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.cohere_v1 import CHAT, GENERATE, SUMMARIZE
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk
from tests.unit.wire.whole import asked

Make = Callable[[dict[str, object]], object]
META = {"billed_units": {"input_tokens": 6, "output_tokens": 3}, "tokens": {"input_tokens": 60, "output_tokens": 3}}
CALL = {"name": "add", "parameters": {"a": 2}}
COUNTED = BILLED = Usage(input_tokens=6, output_tokens=3)
WHOLE = {"response_id": "r1", "generation_id": "g1", "text": "hi", "finish_reason": "COMPLETE", "meta": META}


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def fold(make: Make, *events: dict[str, object]) -> tuple[object, bool]:
    folded = CHAT.fold()
    for event in events:
        folded.add(make(event))
    return folded.result(), folded.complete


def test_request() -> None:
    sent = {"model": "m", "message": "hi", "p": 0.7, "conversation_id": "k", "stream": True}
    assert asked(CHAT, sent) == Request(
        model="m", stream=True, attributes={"gen_ai.request.top_p": 0.7, "gen_ai.conversation.id": "k"}
    )
    sent = {"prompt": "hi", "num_generations": 2, "max_tokens": 5, "end_sequences": ["."]}
    assert asked(GENERATE, sent) == Request(
        attributes={
            "gen_ai.request.max_tokens": 5,
            "gen_ai.request.choice.count": 2,
            "gen_ai.request.stop_sequences": ["."],
        }
    )


def test_chat() -> None:
    assert CHAT.response({**WHOLE, "tool_calls": [CALL, {}]}) == Response(
        id="r1",
        finish_reasons=("COMPLETE",),
        usage=COUNTED,
        billed=BILLED,
        tool_requests=(ToolRequest(id=None, name="add", arguments={"a": 2}),),
    )
    made = CHAT.output({**WHOLE, "tool_calls": [CALL]})
    assert made == [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "hi"},
                {"type": "tool_call", "name": "add", "arguments": {"a": 2}},
            ],
            "finish_reason": "stop",
        }
    ]
    assert_conforms("output-messages", made)
    assert CHAT.output({}) is None
    assert CHAT.response({}) == Response()


def test_chat_stream(make: Make) -> None:
    body, complete = fold(
        make,
        {"event_type": "stream-start", "generation_id": "g1", "is_finished": False},
        {"event_type": "text-generation", "text": "h"},
        {"event_type": "text-generation", "text": "i"},
        {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": {**WHOLE, "finish_reason": None}},
    )
    assert complete
    assert CHAT.response(body) == Response(id="r1", finish_reasons=("COMPLETE",), usage=COUNTED, billed=BILLED)


def test_chat_stream_that_is_cut(make: Make) -> None:
    assert fold(make) == (None, False)
    body, complete = fold(
        make,
        {"event_type": "stream-start", "generation_id": "g1"},
        {"event_type": "text-generation", "text": "h"},
        {"event_type": "text-generation", "text": "i"},
        {"event_type": "tool-calls-generation", "tool_calls": [CALL]},
        {"event_type": "search-results"},
    )
    assert not complete
    response = CHAT.response(body)
    assert (response.id, response.finish_reasons, response.usage) == ("g1", ("error",), None)
    assert [asked.name for asked in response.tool_requests] == ["add"]
    assert CHAT.output(body)[0]["parts"][0] == {"type": "text", "content": "hi"}


@pytest.mark.parametrize(("sent", "said"), [({"err": "no memory"}, "no memory"), ({}, "stream-error")])
def test_stream_that_fails(make: Make, sent: dict[str, object], said: str) -> None:
    body, complete = fold(make, {"event_type": "stream-error", "finish_reason": "ERROR", **sent})
    assert not complete
    assert GENERATE.response(body).failure == Failure(type="_OTHER", message=said)


def test_generation(make: Make) -> None:
    body = {
        "id": "g1",
        "prompt": "p",
        "generations": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}],
        "meta": META,
    }
    assert GENERATE.response(body) == Response(id="g1", usage=COUNTED, billed=BILLED)
    assert GENERATE.output(body) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "x"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "y"}]},
    ]
    generation = {"id": "a", "text": "xy", "finish_reason": "MAX_TOKENS"}
    streamed, complete = fold(
        make,
        {"event_type": "text-generation", "text": "x", "is_finished": False},
        {
            "event_type": "stream-end",
            "finish_reason": "MAX_TOKENS",
            "response": {"id": "g", "generations": [generation]},
        },
    )
    assert complete
    assert GENERATE.response(streamed) == Response(id="g", finish_reasons=("MAX_TOKENS",))
    assert GENERATE.output(streamed)[0]["finish_reason"] == "length"
    assert GENERATE.output({}) is None


def test_generations_that_are_cut(make: Make) -> None:
    body, _ = fold(
        make,
        {"event_type": "text-generation", "text": "b", "index": 1},
        {"event_type": "text-generation", "text": "a", "index": 0},
    )
    texts = [message["parts"][0]["content"] for message in GENERATE.output(body)]
    assert texts == ["a", "b"]


def test_generate_and_summarize_content() -> None:
    assert GENERATE.context({"prompt": "p"}) == Context(messages=["p"])
    assert SUMMARIZE.context({}) == Context()
    found = SUMMARIZE.content({"text": "long"})
    assert found.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "long"}]}]
    assert_content_conforms(found)
    assert SUMMARIZE.output({"summary": "short"}) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "short"}]}
    ]
    assert SUMMARIZE.output({}) is None


def test_chat_context_and_content() -> None:
    history = [
        {"role": "System", "message": "be kind"},
        {"role": "USER", "message": "hi"},
        {"role": "CHATBOT", "message": "hello", "tool_calls": [CALL]},
        {"role": "TOOL", "tool_results": [{"call": CALL, "outputs": [{"sum": 5}]}]},
        {"message": "and"},
    ]
    tool = {"name": "add", "description": "Add.", "parameter_definitions": {"a": {"type": "int"}}}
    results = [{"call": CALL, "outputs": [{"sum": 5}]}]
    sent = {
        "message": "now?",
        "preamble": "You add.",
        "chat_history": history,
        "tools": [tool],
        "tool_results": results,
        "documents": ["d"],
    }
    assert CHAT.context(sent) == Context(
        system={"preamble": "You add.", "documents": ["d"]}, tools=[tool], messages=[*history, "now?", results]
    )
    assert CHAT.context({"message": "now?"}) == Context(messages=["now?"])
    found = CHAT.content(sent)
    assert found.system_instructions == [
        {"type": "text", "content": "You add."},
        {"type": "document", "document": {"text": "d"}},
    ]
    roles = [message["role"] for message in found.input_messages]
    assert roles == ["system", "user", "assistant", "tool", "user", "user", "tool"]
    assert found.input_messages[-1]["parts"] == [{"type": "tool_call_response", "response": [{"sum": 5}]}]
    assert found.tool_definitions == [
        {"type": "function", "name": "add", "description": "Add.", "parameters": {"a": {"type": "int"}}}
    ]
    assert_content_conforms(found)
    assert CHAT.content({}).input_messages is None
