from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, Usage
from agentotel.wire.format import fields
from agentotel.wire.ollama import EMBED, FORMAT, SYSTEM_ONE
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk
from tests.unit.wire.whole import asked

Make = Callable[[dict[str, object]], object]
COUNTS = {"prompt_eval_count": 17, "eval_count": 50, "total_duration": 5, "load_duration": 1}
CALL = {"id": "call_1", "function": {"index": 0, "name": "add", "arguments": {"a": 2}}}


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def fold(make: Make, *lines: dict[str, object]) -> tuple[object, bool]:
    folded = FORMAT.fold()
    for line in lines:
        folded.add(make(line))
    return folded.result(), folded.complete


def chat(content: str, **more: object) -> dict[str, object]:
    return {"model": "m", "message": {"role": "assistant", "content": content, **more}, "done": False}


def test_request() -> None:
    options = {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 42, "num_predict": 9, "stop": ["x"], "num_ctx": 8}
    sent = {"model": "m", "stream": True, "options": options, "format": "json", "think": "high"}
    assert asked(FORMAT, sent) == Request(
        model="m",
        stream=True,
        attributes={
            "gen_ai.request.max_tokens": 9,
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.top_p": 0.5,
            "gen_ai.request.top_k": 3,
            "gen_ai.request.seed": 42,
            "gen_ai.request.stop_sequences": ["x"],
            "gen_ai.output.type": "json",
            "gen_ai.request.reasoning.level": "high",
        },
    )


@pytest.mark.parametrize(("given", "read"), [({"type": "object"}, "json"), ("", None), (None, None)])
def test_format(given: object, read: str | None) -> None:
    found = asked(FORMAT, {"model": "m", "format": given, "think": True}).attributes
    assert dict(found) == ({"gen_ai.output.type": read} if read else {})


def test_response(make: Make) -> None:
    said = {"role": "assistant", "content": "hi", "tool_calls": [CALL]}
    body = make({"model": "m:latest", "message": said, "done": True, "done_reason": "stop", **COUNTS})
    found = FORMAT.response(fields(body))
    assert found._replace(tool_requests=()) == Response(
        model="m:latest", finish_reasons=("stop",), usage=Usage(input_tokens=17, output_tokens=50)
    )
    (asked,) = found.tool_requests
    assert (asked.id, asked.name, fields(asked.arguments)) == ("call_1", "add", {"a": 2})


def test_output() -> None:
    said = {"role": "assistant", "content": "hi", "thinking": "hm", "tool_calls": [CALL]}
    made = FORMAT.output({"message": said, "done_reason": "length"})
    assert made == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "text", "content": "hi"},
                {"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 2}},
            ],
            "finish_reason": "length",
        }
    ]
    assert_conforms("output-messages", made)
    assert FORMAT.output({"response": "yes", "thinking": "hm", "done_reason": "stop"}) == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "yes"}],
            "finish_reason": "stop",
        }
    ]
    assert FORMAT.output({}) is None


def test_an_answer_without_a_reason_was_cut_off() -> None:
    assert FORMAT.response({"response": "a"}).finish_reasons == ("error",)


def test_an_answer_that_is_done_without_a_reason() -> None:
    """Servers before 0.1.33 name no reason."""
    body = {"response": "a", "done": True}
    assert FORMAT.response(body).finish_reasons == ()
    assert FORMAT.output(body) == [{"role": "assistant", "parts": [{"type": "text", "content": "a"}]}]


def test_chat_stream(make: Make) -> None:
    body, complete = fold(
        make,
        chat("", thinking="hm"),
        chat("Hel", tool_calls=[CALL]),
        chat("lo"),
        {**chat(""), "done": True, "done_reason": "stop", **COUNTS},
    )
    assert complete
    assert FORMAT.output(body)[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "Hello"},
        {"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 2}},
    ]
    response = FORMAT.response(body)
    assert (response.model, response.finish_reasons, response.usage) == ("m", ("stop",), Usage(17, 50))


def test_ids_of_tool_calls_are_in_the_bytes_alone() -> None:
    bare = {"function": {"name": "add", "arguments": {"a": 2}}}
    line = json.dumps(chat("", tool_calls=[CALL])).encode()
    end = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}

    def asked(*seen: bytes) -> list[str | None]:
        folded = FORMAT.fold()
        for piece in seen:
            folded.see(piece)
        for sent in (chat("Hel"), chat("", tool_calls=[bare]), end):
            folded.add(sent)
        return [call.id for call in FORMAT.response(folded.result()).tool_requests]

    assert asked(json.dumps(chat("Hel")).encode() + b"\n", line + b"\n") == ["call_1"]
    assert asked(line[:50], line[50:]) == [None]
    assert asked() == [None]


def test_generate_stream(make: Make) -> None:
    body, complete = fold(
        make,
        {"model": "m", "response": "O", "thinking": "hm", "done": False},
        {"model": "m", "response": "K", "done": False},
        {"model": "m", "response": "", "done": True, "done_reason": "length", **COUNTS},
    )
    assert complete
    assert FORMAT.output(body) == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "OK"}],
            "finish_reason": "length",
        }
    ]


@pytest.mark.parametrize("drawn", [{}, {"image": "QUJD"}])
def test_generate_stream_without_text(make: Make, drawn: dict[str, object]) -> None:
    body, complete = fold(
        make,
        {"model": "m", "completed": 1, "total": 2, "done": False},
        {"model": "m", "response": "", "done": True, "done_reason": "stop", **drawn},
    )
    assert complete
    assert FORMAT.response(body).finish_reasons == ("stop",)
    made = FORMAT.output(body)
    assert made[0]["parts"] == [{"type": "blob", "modality": "image", "content": "QUJD"} for _ in drawn]
    assert_conforms("output-messages", made)


def test_stream_that_is_cut(make: Make) -> None:
    assert fold(make) == (None, False)
    body, complete = fold(make, chat("Hel"))
    assert not complete
    response = FORMAT.response(body)
    assert (response.model, response.finish_reasons, response.usage) == ("m", ("error",), None)


def test_error_in_the_stream(make: Make) -> None:
    body, complete = fold(make, {"error": "out of memory"})
    assert not complete
    assert FORMAT.response(body).failure == Failure(type="_OTHER", message="out of memory")


def test_context_and_content_of_a_chat() -> None:
    tool = {"type": "function", "function": {"name": "add", "description": "Add.", "parameters": {"type": "object"}}}
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "what is it?", "images": ["aGk="]},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_name": "add", "content": "5"},
    ]
    sent = {"model": "m", "messages": messages, "tools": [tool]}
    assert FORMAT.context(sent) == Context(tools=[tool], messages=messages)
    found = FORMAT.content(sent)
    assert found.input_messages == [
        {"role": "system", "parts": [{"type": "text", "content": "be kind"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "what is it?"},
                {"type": "blob", "modality": "image", "content": "aGk="},
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 2}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "5"}], "name": "add"},
    ]
    assert found.tool_definitions == [
        {"type": "function", "name": "add", "description": "Add.", "parameters": {"type": "object"}}
    ]
    assert_content_conforms(found)


def test_context_and_content_of_a_generation() -> None:
    sent = {"model": "m", "prompt": "def f(", "suffix": "return 1", "system": "code", "images": ["aGk="]}
    assert FORMAT.context(sent) == Context(system="code", messages=["def f("])
    found = FORMAT.content(sent)
    assert found.system_instructions == [{"type": "text", "content": "code"}]
    assert [part["type"] for part in found.input_messages[0]["parts"]] == ["text", "text", "blob"]
    assert_content_conforms(found)
    assert FORMAT.content({"model": "m"}).input_messages is None


def test_embeddings() -> None:
    assert asked(EMBED, {"model": "m", "input": ["a"], "dimensions": 64}) == Request(
        model="m", attributes={"gen_ai.embeddings.dimension.count": 64}
    )
    body = {"model": "m", "embeddings": [[0.1]], "prompt_eval_count": 8, "total_duration": 3}
    assert EMBED.response(body) == Response(model="m", usage=Usage(input_tokens=8))
    assert EMBED.response({"embedding": [0.1]}) == Response()


def test_system_one() -> None:
    body = {"model": "m", "answers": {}, "usage": {"input_tokens": 5, "output_tokens": 1}}
    assert SYSTEM_ONE.response(body) == Response(model="m", usage=Usage(input_tokens=5, output_tokens=1))


def test_log_probabilities(make: Make) -> None:
    told = {"token": "O", "logprob": -0.1, "top_logprobs": [{"token": "K", "logprob": -2.5}]}
    whole = {"message": {"content": "O"}, "logprobs": [told]}
    shown = [[{"token": "O", "logprob": -0.1, "top": [{"token": "K", "logprob": -2.5}]}]]
    assert FORMAT.logprobs(whole) == shown
    body, _ = fold(make, {**chat("O"), "logprobs": [told]}, {**chat(""), "done": True})
    assert FORMAT.logprobs(body) == shown
    assert FORMAT.logprobs({"message": {}}) is None


def test_only_the_first_tokens_of_a_stream_are_kept() -> None:
    folded = FORMAT.fold()
    for _ in range(1001):
        folded.add({**chat("a"), "logprobs": [{"token": "a", "logprob": 0}]})
    assert len(FORMAT.logprobs(folded.result())[0]) == 1000
