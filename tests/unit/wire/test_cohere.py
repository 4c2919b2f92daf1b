from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.cohere_chat import FORMAT
from agentotel.wire.cohere_tasks import EMBED, RERANK, TRANSCRIPTION
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk
from tests.unit.wire.whole import asked

Make = Callable[[dict[str, object]], object]
USAGE = {
    "billed_units": {"input_tokens": 62, "output_tokens": 38},
    "tokens": {"input_tokens": 1531, "output_tokens": 89},
    "cached_tokens": 16,
}
FUNCTION = {"name": "add", "arguments": '{"a": 2}'}
CALL = {"id": "c1", "type": "function", "function": FUNCTION}
COUNTED = Usage(input_tokens=62, output_tokens=38, cache_read_tokens=16)
BILLED = Usage(input_tokens=62, output_tokens=38)


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def fold(make: Make, *events: dict[str, object]) -> tuple[object, bool]:
    folded = FORMAT.fold()
    for event in events:
        folded.add(make(event))
    return folded.result(), folded.complete


def event(kind: str, index: int | None = None, **message: object) -> dict[str, object]:
    return {"type": kind, "index": index, "delta": {"message": message}}


START = {"id": "r1", "type": "message-start", "delta": {"message": {"role": "assistant", "content": []}}}
END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}


def test_request() -> None:
    sent = {
        "model": "m",
        "max_tokens": 5,
        "temperature": 0,
        "p": 0.7,
        "k": 3,
        "seed": 1,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop_sequences": ["x"],
        "response_format": {"type": "json_object"},
        "stream": True,
    }
    assert asked(FORMAT, sent) == Request(
        model="m",
        stream=True,
        attributes={
            "gen_ai.request.max_tokens": 5,
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.top_p": 0.7,
            "gen_ai.request.top_k": 3,
            "gen_ai.request.seed": 1,
            "gen_ai.request.frequency_penalty": 0.1,
            "gen_ai.request.presence_penalty": 0.2,
            "gen_ai.request.stop_sequences": ["x"],
            "gen_ai.output.type": "json",
        },
    )


def test_response() -> None:
    body = {"id": "r1", "message": {"tool_calls": [CALL]}, "finish_reason": "TOOL_CALL", "usage": USAGE}
    assert FORMAT.response(body) == Response(
        id="r1",
        finish_reasons=("TOOL_CALL",),
        usage=COUNTED,
        billed=BILLED,
        tool_requests=(ToolRequest(id="c1", name="add", arguments='{"a": 2}'),),
    )


def test_counts_that_are_written_as_floats() -> None:
    """Cohere's clients for other platforms send them so."""
    body = {"message": {}, "usage": {"tokens": {"input_tokens": 3.0, "output_tokens": 1.5}}}
    assert FORMAT.response(body).usage == Usage(input_tokens=3)


def test_what_is_billed_wins() -> None:
    """The conventions want the billed count where the provider gives two; without it the tokens are told."""
    tokens = {"input_tokens": 1531, "output_tokens": 89}
    both = {"usage": {"billed_units": {"input_tokens": 6, "output_tokens": 3}, "tokens": tokens}}
    assert FORMAT.response(both).usage == Usage(input_tokens=6, output_tokens=3)
    assert FORMAT.response({"usage": {"tokens": tokens}}).usage == Usage(input_tokens=1531, output_tokens=89)


def test_cached_tokens_that_are_not_part_of_what_is_billed() -> None:
    sent = {"billed_units": {"input_tokens": 6}, "tokens": {"input_tokens": 70}, "cached_tokens": 64}
    assert FORMAT.response({"usage": sent}).usage == Usage(input_tokens=6)


def test_only_cached_tokens() -> None:
    assert FORMAT.response({"usage": {"cached_tokens": 4}}).usage == Usage(cache_read_tokens=4)


def test_output() -> None:
    said = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}]
    message = {"role": "assistant", "tool_plan": "I will add.", "content": said, "tool_calls": [CALL]}
    made = FORMAT.output({"message": message, "finish_reason": "MAX_TOKENS"})
    assert made == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "I will add."},
                {"type": "reasoning", "content": "hm"},
                {"type": "text", "content": "hi"},
                {"type": "tool_call", "id": "c1", "name": "add", "arguments": {"a": 2}},
            ],
            "finish_reason": "length",
        }
    ]
    assert_conforms("output-messages", made)
    assert FORMAT.output({}) is None
    assert FORMAT.output({"message": {}, "finish_reason": "TIMEOUT"})[0]["finish_reason"] == "timeout"


def test_stream(make: Make) -> None:
    body, complete = fold(
        make,
        START,
        event("content-start", 0, content={"type": "thinking", "thinking": ""}),
        event("content-delta", 0, content={"thinking": "hm"}),
        {"type": "content-end", "index": 0},
        event("content-start", 1, content={"type": "text", "text": "He"}),
        event("content-delta", 1, content={"text": "llo"}),
        event("citation-start", 0, citations={"start": 0}),
        END,
    )
    assert complete
    assert FORMAT.response(body) == Response(id="r1", finish_reasons=("COMPLETE",), usage=COUNTED, billed=BILLED)
    assert FORMAT.output(body) == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "Hello"}],
            "finish_reason": "stop",
        }
    ]


def test_stream_of_tool_calls(make: Make) -> None:
    def piece(index: int, arguments: str) -> dict[str, object]:
        return event("tool-call-delta", index, tool_calls={"function": {"arguments": arguments}})

    def start(index: int, name: str) -> dict[str, object]:
        function = {"name": name, "arguments": ""}
        return event("tool-call-start", index, tool_calls={"id": f"c{index}", "type": "function", "function": function})

    body, _ = fold(
        make,
        START,
        event("tool-plan-delta", tool_plan="I "),
        event("tool-plan-delta", tool_plan="add."),
        start(0, "add"),
        piece(0, '{"a"'),
        piece(0, ": 2}"),
        start(1, "sub"),
        piece(1, "{}"),
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    )
    assert FORMAT.response(body) == Response(
        id="r1",
        finish_reasons=("TOOL_CALL",),
        tool_requests=(
            ToolRequest(id="c0", name="add", arguments='{"a": 2}'),
            ToolRequest(id="c1", name="sub", arguments="{}"),
        ),
    )
    assert FORMAT.output(body)[0]["parts"][0] == {"type": "reasoning", "content": "I add."}


def test_stream_that_is_cut(make: Make) -> None:
    assert fold(make) == (None, False)
    body, complete = fold(make, START, event("content-delta", 0, content={"text": "Hel"}))
    assert not complete
    assert FORMAT.response(body) == Response(id="r1", finish_reasons=("error",))


def test_stream_that_ends_in_an_error(make: Make) -> None:
    ended = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "out of memory"}}
    body, complete = fold(make, START, ended)
    assert complete
    assert FORMAT.response(body).failure == Failure(type="_OTHER", message="out of memory")


def test_context_and_content() -> None:
    tool = {"type": "function", "function": {"name": "add", "description": "Add.", "parameters": {"type": "object"}}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "what?"}, picture, {"type": "image_url"}]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": "5"}}]},
        {"role": "user", "content": [{"type": "document", "document": {"data": "6"}}]},
    ]
    documents = ["d", {"id": "d2", "data": {"title": "T"}}]
    sent = {"model": "m", "messages": messages, "tools": [tool], "documents": documents}
    assert FORMAT.context(sent) == Context(system=documents, tools=[tool], messages=messages)
    assert [FORMAT.answers(message) for message in messages] == [(), (), (), ("c1",), ()]
    found = FORMAT.content(sent)
    assert [message["role"] for message in found.input_messages] == ["system", "user", "assistant", "tool", "user"]
    assert found.input_messages[1]["parts"] == [
        {"type": "text", "content": "what?"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
    ]
    assert found.input_messages[4]["parts"] == [{"type": "document", "document": {"data": "6"}}]
    assert found.system_instructions == [
        {"type": "document", "document": {"text": "d"}},
        {"type": "document", "document": {"id": "d2", "data": {"title": "T"}}},
    ]
    assert_content_conforms(found)
    assert FORMAT.content({}).input_messages is None


def test_log_probabilities(make: Make) -> None:
    sent = {"text": "h", "token_ids": [5, 6], "logprobs": [-0.5, -0.25]}
    told = [[{"token": "h", "logprob": -0.5}, {"token": "", "logprob": -0.25}]]
    assert FORMAT.logprobs({"logprobs": [sent, {"token_ids": [7]}]}) == told
    assert FORMAT.logprobs({}) is None
    body, _ = fold(make, START, {**event("content-delta", 0, content={"text": "h"}), "logprobs": sent}, END)
    assert FORMAT.logprobs(body) == told


def test_embeddings() -> None:
    sent = {"model": "embed-v4.0", "texts": ["a"], "embedding_types": ["float"], "output_dimension": 256}
    assert asked(EMBED, sent) == Request(
        model="embed-v4.0",
        attributes={"gen_ai.embeddings.dimension.count": 256, "gen_ai.request.encoding_formats": ["float"]},
    )
    body = {"id": "e1", "embeddings": {}, "meta": {"billed_units": {"input_tokens": 8}}}
    assert EMBED.response(body) == Response(id="e1", usage=Usage(input_tokens=8), billed=Usage(input_tokens=8))


def test_rerank_counts_searches_and_no_tokens() -> None:
    body = {"id": "k1", "results": [], "meta": {"billed_units": {"search_units": 1}}}
    assert RERANK.response(body) == Response(id="k1", billed=Usage(search_units=1))


def test_a_failure_in_the_body() -> None:
    assert TRANSCRIPTION.response({"error": {"message": "no"}}).failure == Failure(type="_OTHER", message="no")
