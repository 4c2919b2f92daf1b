from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Request, Response, Usage
from agentotel.wire.bedrock_text import FORMAT
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms
from tests.unit.wire.whole import asked

LENGTH, TEMPERATURE, TOP_P = "gen_ai.request.max_tokens", "gen_ai.request.temperature", "gen_ai.request.top_p"
STOPS = "gen_ai.request.stop_sequences"
COMMON = {TEMPERATURE: 0.5, TOP_P: 0.9, LENGTH: 9}

ASKED: dict[str, tuple[dict, dict]] = {
    "titan": (
        {
            "inputText": "Hi",
            "textGenerationConfig": {"maxTokenCount": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["|"]},
        },
        {**COMMON, STOPS: ["|"]},
    ),
    "llama": ({"prompt": "Hi", "max_gen_len": 9, "temperature": 0.5, "top_p": 0.9}, COMMON),
    "mistral": (
        {"prompt": "Hi", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["|"]},
        {**COMMON, STOPS: ["|"], "gen_ai.request.top_k": 3},
    ),
    "command": (
        {
            "prompt": "Hi",
            "max_tokens": 9,
            "temperature": 0.5,
            "p": 0.9,
            "k": 3,
            "num_generations": 2,
            "stop_sequences": ["|"],
        },
        {**COMMON, STOPS: ["|"], "gen_ai.request.top_k": 3, "gen_ai.request.choice.count": 2},
    ),
    "jurassic": (
        {"prompt": "Hi", "maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["|"], "numResults": 1},
        {**COMMON, STOPS: ["|"]},
    ),
    "claude": ({"prompt": "Hi", "max_tokens_to_sample": 9, "temperature": 0.5, "top_p": 0.9}, COMMON),
}


@pytest.mark.parametrize("name", ASKED)
def test_request(name: str) -> None:
    body, expected = ASKED[name]
    assert asked(FORMAT, {**body, "model": "m", "stream": False}) == Request(model="m", attributes=expected)
    content, context = FORMAT.content(body), FORMAT.context(body)
    assert content is not None
    assert content.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert_content_conforms(content)
    assert context is not None
    assert context.messages == ["Hi"]


def test_guardrail() -> None:
    found = asked(FORMAT, {"prompt": "Hi", "guardrailIdentifier": "g"})
    assert found.attributes == {"aws.bedrock.guardrail.id": "g"}


def test_nothing_asked() -> None:
    assert FORMAT.content({}).input_messages is None


ANSWERED: dict[str, tuple[dict, Response, list[str]]] = {
    "titan": (
        {
            "inputTextTokenCount": 5,
            "results": [
                {"tokenCount": 2, "outputText": "a", "completionReason": "FINISH"},
                {"tokenCount": 3, "outputText": "b", "completionReason": "LENGTH"},
            ],
        },
        Response(finish_reasons=("stop", "length"), usage=Usage(input_tokens=5, output_tokens=5)),
        ["a", "b"],
    ),
    "titan without input": (
        {"results": [{"tokenCount": 2, "outputText": "a", "completionReason": "CONTENT_FILTERED"}]},
        Response(finish_reasons=("content_filter",), usage=Usage(output_tokens=2)),
        ["a"],
    ),
    "llama": (
        {"generation": "a", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "length"},
        Response(finish_reasons=("length",), usage=Usage(input_tokens=5, output_tokens=2)),
        ["a"],
    ),
    "mistral": (
        {"outputs": [{"text": "a", "stop_reason": "stop"}]},
        Response(finish_reasons=("stop",)),
        ["a"],
    ),
    "command": (
        {"id": "i", "generations": [{"id": "j", "text": "a", "finish_reason": "COMPLETE"}], "prompt": "Hi"},
        Response(id="i", finish_reasons=("stop",)),
        ["a"],
    ),
    "jurassic": (
        {
            "id": "i",
            "prompt": {"text": "Hi", "tokens": []},
            "completions": [{"data": {"text": "a", "tokens": []}, "finishReason": {"reason": "endoftext"}}],
        },
        Response(id="i", finish_reasons=("stop",)),
        ["a"],
    ),
    "jurassic with a number": (
        {"id": 1234, "completions": [{"data": {"text": "a"}, "finishReason": {"reason": "length"}}]},
        Response(id="1234", finish_reasons=("length",)),
        ["a"],
    ),
    "deepseek": (
        {"choices": [{"text": "a", "stop_reason": "length"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        Response(finish_reasons=("length",), usage=Usage(input_tokens=1, output_tokens=2)),
        ["a"],
    ),
    "claude": (
        {"completion": " a", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"},
        Response(finish_reasons=("stop",)),
        [" a"],
    ),
    "refused": ({"error": {"code": "c"}}, Response(failure=Failure(type="c")), []),
    "empty": ({}, Response(), []),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_response(name: str) -> None:
    body, expected, said = ANSWERED[name]
    assert FORMAT.response(body) == expected
    output = FORMAT.output(body)
    assert [part["content"] for message in output or [] for part in message["parts"]] == said
    if output:
        assert_conforms("output-messages", output)


STREAMS: dict[str, tuple[list[dict], Response, str]] = {
    "titan": (
        [
            {"outputText": "a", "index": 0, "totalOutputTextTokenCount": None, "inputTextTokenCount": 5},
            {"outputText": "b", "index": 0, "totalOutputTextTokenCount": 2, "completionReason": "FINISH"},
        ],
        Response(finish_reasons=("stop",), usage=Usage(input_tokens=5, output_tokens=2)),
        "ab",
    ),
    "llama": (
        [
            {"generation": "a", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": None},
            {"generation": "b", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": "stop"},
        ],
        Response(finish_reasons=("stop",), usage=Usage(input_tokens=5, output_tokens=2)),
        "ab",
    ),
    "mistral": (
        [
            {"outputs": [{"text": "a", "stop_reason": None}]},
            {"outputs": [{"text": "b", "stop_reason": "length"}]},
        ],
        Response(finish_reasons=("length",)),
        "ab",
    ),
    "command": (
        [
            {"text": "a", "is_finished": False, "index": 0},
            {"text": "b", "is_finished": True, "finish_reason": "COMPLETE"},
        ],
        Response(finish_reasons=("stop",)),
        "ab",
    ),
    "command that ends without a text": (
        [{"text": "ab", "is_finished": False}, {"is_finished": True, "finish_reason": "MAX_TOKENS"}],
        Response(finish_reasons=("length",)),
        "ab",
    ),
    "claude": (
        [{"completion": "a", "stop_reason": None}, {"completion": "b", "stop_reason": "stop_sequence"}],
        Response(finish_reasons=("stop",)),
        "ab",
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_stream(name: str) -> None:
    chunks, expected, said = STREAMS[name]
    assert FORMAT.fold is not None
    fold = FORMAT.fold()
    assert fold.result() is None
    for chunk in chunks:
        assert not fold.complete
        fold.add(chunk)
    assert fold.complete
    body = fold.result()
    assert body is not None
    assert FORMAT.response(body) == expected
    assert FORMAT.output(body)[0]["parts"] == [{"type": "text", "content": said}]


def test_stream_of_an_error() -> None:
    assert FORMAT.fold is not None
    fold = FORMAT.fold()
    fold.add({"error": {"code": "c"}})
    assert fold.result() == {"error": {"code": "c"}}
