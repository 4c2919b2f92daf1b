from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.bedrock_converse import FORMAT
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms
from tests.unit.wire.whole import asked

ANSWER = {
    "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200},
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 11, "outputTokens": 4, "totalTokens": 15},
}


def _blocks(*blocks: dict) -> dict:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def test_request() -> None:
    body = {
        "modelId": "m",
        "model": "m",
        "stream": True,
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.5, "topP": 1, "stopSequences": ["|"]},
        "additionalModelRequestFields": {"top_k": 3, "seed": 7, "reasoningConfig": {"maxReasoningEffort": "low"}},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "outputConfig": {"textFormat": {"type": "json_schema"}},
    }
    assert asked(FORMAT, body) == Request(
        model="m",
        stream=True,
        attributes={
            "gen_ai.request.top_k": 3,
            "gen_ai.request.seed": 7,
            "gen_ai.request.reasoning.level": "low",
            "gen_ai.request.max_tokens": 5,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_p": 1.0,
            "gen_ai.request.stop_sequences": ["|"],
            "gen_ai.output.type": "json",
            "aws.bedrock.guardrail.id": "g",
        },
    )


def test_request_in_the_words_of_nova() -> None:
    body = {"model": "m", "inferenceConfig": {"max_new_tokens": 5, "top_k": 2, "top_p": 0.5}}
    assert asked(FORMAT, body).attributes == {
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.top_k": 2,
        "gen_ai.request.top_p": 0.5,
    }


def test_response() -> None:
    assert FORMAT.response(ANSWER) == Response(finish_reasons=("stop",), usage=Usage(input_tokens=11, output_tokens=4))
    assert FORMAT.response({}) == Response()
    assert FORMAT.output({}) is None


def test_input_holds_what_was_read_from_and_written_to_the_cache() -> None:
    sent = {
        "inputTokens": 4,
        "outputTokens": 1,
        "cacheReadInputTokens": 100,
        "cacheReadInputTokenCount": 100,
        "cacheWriteInputTokens": 30,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 20}, {"ttl": "5m", "inputTokens": 10}],
    }
    assert FORMAT.response({**ANSWER, "usage": sent}).usage == Usage(
        input_tokens=134, output_tokens=1, cache_read_tokens=100, cache_write_tokens=30, cache_write_1h_tokens=20
    )


def test_usage_without_input() -> None:
    assert FORMAT.response({"usage": {"cacheReadInputTokens": 3}}).usage == Usage(cache_read_tokens=3)


def test_tier_and_routed_model() -> None:
    more = {"serviceTier": {"type": "priority"}, "trace": {"promptRouter": {"invokedModelId": "arn:m"}}}
    found = FORMAT.response({**ANSWER, **more})
    assert (found.tier, found.model) == ("priority", "arn:m")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("tool_use", "tool_call"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "malformed_tool_use"),
        (None, "error"),
    ],
)
def test_finish_reason(sent: str | None, expected: str) -> None:
    assert FORMAT.response({**ANSWER, "stopReason": sent}).finish_reasons == (expected,)


def test_tools() -> None:
    uses = [
        {"text": "Looking."},
        {"toolUse": {"toolUseId": "1", "name": "f", "input": {"x": 1}}},
        {"toolUse": {"toolUseId": "2", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "2", "type": "nova_grounding_result", "content": [{"text": "found"}]}},
    ]
    body = {**ANSWER, "output": {"message": {"role": "assistant", "content": uses}}, "stopReason": "tool_use"}
    assert FORMAT.response(body).tool_requests == (ToolRequest(id="1", name="f", arguments={"x": 1}),)
    assert FORMAT.output(body) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "Looking."},
                {"type": "tool_call", "id": "1", "name": "f", "arguments": {"x": 1}},
                {
                    "type": "server_tool_call",
                    "id": "2",
                    "name": "nova_grounding",
                    "server_tool_call": {"type": "nova_grounding", "input": {}},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "2",
                    "server_tool_call_response": {
                        "type": "nova_grounding_result",
                        "content": [{"text": "found"}],
                    },
                },
            ],
            "finish_reason": "tool_call",
        }
    ]
    assert_conforms("output-messages", FORMAT.output(body))


def test_context_and_answers() -> None:
    message = {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": []}}, {"text": "x"}]}
    tools = [
        {"toolSpec": {"name": "f", "inputSchema": {"json": {}}}},
        {"cachePoint": {"type": "default"}},
        {"systemTool": {"name": "nova_grounding"}},
    ]
    found = FORMAT.context({"system": [{"text": "s"}], "messages": [message], "toolConfig": {"tools": tools}})
    assert found is not None
    assert (found.system, found.messages) == ([{"text": "s"}], [message])
    assert [tool["name"] for tool in found.tools] == ["f", "nova_grounding"]
    assert FORMAT.answers(message) == ("1",)
    assert FORMAT.context({}).tools is None


def test_content() -> None:
    tools = [
        {"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}},
        {"systemTool": {"name": "nova_grounding"}},
    ]
    body = {
        **_blocks({"text": "Hi"}),
        "system": [{"text": "Be kind."}, {"cachePoint": {"type": "default"}}],
        "toolConfig": {"tools": tools},
    }
    found = FORMAT.content(body)
    assert found is not None
    assert_content_conforms(found)
    assert found.system_instructions == [{"type": "text", "content": "Be kind."}]
    assert found.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert found.tool_definitions == [
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
        {"type": "system_tool", "name": "nova_grounding"},
    ]
    assert FORMAT.content({}).input_messages is None


BLOCKS: dict[str, tuple[dict, list[dict]]] = {
    "image": (
        {"image": {"format": "png", "source": {"bytes": b"\x00\x01"}}},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAE="}],
    ),
    "image in base64": (
        {"image": {"source": {"bytes": "AAE="}}},
        [{"type": "blob", "modality": "image", "content": "AAE="}],
    ),
    "image elsewhere": (
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}},
        [{"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "s3://b/k"}],
    ),
    "document": (
        {"document": {"format": "txt", "name": "n", "source": {"bytes": b"a"}}},
        [{"type": "blob", "modality": "document", "mime_type": "text/plain", "content": "YQ=="}],
    ),
    "document of text": ({"document": {"source": {"text": "t"}}}, [{"type": "text", "content": "t"}]),
    "document of parts": (
        {"document": {"source": {"content": [{"text": "a"}, {"text": "b"}]}}},
        [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}],
    ),
    "reasoning": (
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        [{"type": "reasoning", "content": "hm"}],
    ),
    "redacted reasoning": ({"reasoningContent": {"redactedContent": b"x"}}, []),
    "guarded text": ({"guardContent": {"text": {"text": "t"}}}, [{"type": "text", "content": "t"}]),
    "guarded image": (
        {"guardContent": {"image": {"format": "png", "source": {"bytes": b"a"}}}},
        [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "YQ=="}],
    ),
    "citations": (
        {"citationsContent": {"content": [{"text": "said"}], "citations": []}},
        [{"type": "text", "content": "said"}],
    ),
    "tool result": (
        {"toolResult": {"toolUseId": "1", "content": [{"json": {"a": 1}}, {"image": {"source": {"bytes": b"a"}}}]}},
        [
            {
                "type": "tool_call_response",
                "id": "1",
                "response": [{"json": {"a": 1}}, {"image": {"source": {"bytes": "YQ=="}}}],
            }
        ],
    ),
    "something new": (
        {"searchResult": {"title": "t", "tags": ("a",)}},
        [{"type": "searchResult", "searchResult": {"title": "t", "tags": ["a"]}}],
    ),
    "cache point": ({"cachePoint": {"type": "default"}}, []),
    "nothing": ({}, []),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_block(name: str) -> None:
    block, expected = BLOCKS[name]
    found = FORMAT.content(_blocks(block))
    assert found is not None
    assert found.input_messages == [{"role": "user", "parts": expected}]
    assert_content_conforms(found)


def test_content_as_text() -> None:
    found = FORMAT.content({"messages": [{"content": "Hi"}]})
    assert found is not None
    assert found.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]


EVENTS = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}},
    {"contentBlockDelta": {"delta": {"reasoningContent": {"signature": "s"}}, "contentBlockIndex": 0}},
    {"contentBlockDelta": {"delta": {"text": "Look"}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"text": "ing."}, "contentBlockIndex": 1}},
    {"contentBlockStop": {"contentBlockIndex": 1}},
    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "1", "name": "f"}}, "contentBlockIndex": 2}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"x":'}}, "contentBlockIndex": 2}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": "1}"}}, "contentBlockIndex": 2}},
    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "2", "name": "g"}}, "contentBlockIndex": 3}},
    {"messageStop": {"stopReason": "tool_use", "p": "abc"}},
    {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2}, "metrics": {"latencyMs": 1}}},
]


def test_stream() -> None:
    assert FORMAT.fold is not None
    fold = FORMAT.fold()
    assert fold.result() is None
    for event in EVENTS:
        fold.add(event)
        assert fold.complete == (event is EVENTS[-1] or event is EVENTS[-2])
    body = fold.result()
    assert body is not None
    assert body["output"] == {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                {"text": "Looking."},
                {"toolUse": {"toolUseId": "1", "name": "f", "input": {"x": 1}}},
                {"toolUse": {"toolUseId": "2", "name": "g", "input": {}}},
            ],
        }
    }
    found = FORMAT.response(body)
    assert found.usage == Usage(input_tokens=3, output_tokens=2)
    assert found.finish_reasons == ("tool_call",)
    assert "p" not in body


def test_stream_of_results_and_images() -> None:
    assert FORMAT.fold is not None
    fold = FORMAT.fold()
    for event in (
        {"contentBlockStart": {"start": {"toolResult": {"toolUseId": "1", "type": "r"}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"toolResult": [{"text": "a"}]}, "contentBlockIndex": 0}},
        {"contentBlockStart": {"start": {"image": {"format": "png"}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"image": {"source": {"bytes": b"a"}}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"citation": {"title": "t"}}, "contentBlockIndex": 2}},
        {"contentBlockDelta": {"delta": {"text": None}, "contentBlockIndex": 2}},
        {"somethingNew": {}},
    ):
        fold.add(event)
    body = fold.result()
    assert body is not None
    assert body["output"]["message"]["content"] == [
        {"toolResult": {"toolUseId": "1", "type": "r", "content": [{"text": "a"}]}},
        {"image": {"format": "png", "source": {"bytes": b"a"}}},
        {},
    ]


def test_stream_that_refuses() -> None:
    assert FORMAT.fold is not None
    fold = FORMAT.fold()
    fold.add({"error": {"code": "throttlingException", "message": "slow"}})
    body = fold.result()
    assert body is not None
    assert FORMAT.response(body) == Response(failure=Failure(type="throttlingException", message="slow"))
