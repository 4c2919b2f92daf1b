from __future__ import annotations

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.anthropic_messages import FORMAT
from agentotel.wire.format import fields
from tests.unit.wire import whole
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk

HELLO = [{"role": "user", "content": "hello"}]


def test_request() -> None:
    assert whole.asked(FORMAT, {"model": "m", "messages": HELLO, "stream": True}) == Request(model="m", stream=True)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"max_tokens": 10}, {"gen_ai.request.max_tokens": 10}),
        ({"temperature": 1}, {"gen_ai.request.temperature": 1.0}),
        ({"top_p": 0.5, "top_k": 40}, {"gen_ai.request.top_p": 0.5, "gen_ai.request.top_k": 40}),
        ({"stop_sequences": ["END"]}, {"gen_ai.request.stop_sequences": ["END"]}),
        (
            {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}}},
            {"gen_ai.output.type": "json", "gen_ai.request.reasoning.level": "low"},
        ),
        ({"output_format": {"type": "json_schema"}}, {"gen_ai.output.type": "json"}),
        ({"service_tier": "standard_only", "thinking": {"type": "enabled"}}, {}),
        ({"max_tokens": "10", "temperature": None, "top_k": 1.5, "output_config": {"format": None}}, {}),
    ],
)
def test_request_attributes(sent: dict[str, object], found: dict[str, object]) -> None:
    assert whole.asked(FORMAT, sent).attributes == found


WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "stop_reason": "tool_use",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "hi"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 40,
        "cache_creation": {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 25},
        "output_tokens_details": {"thinking_tokens": 5},
    },
}


@pytest.mark.parametrize("body", [WHOLE, fields(sdk(WHOLE, extra=["output_tokens_details"]))])
def test_response(body: dict[str, object]) -> None:
    found = FORMAT.response(body)
    assert found.tool_requests[0].name == "f"
    assert fields(found.tool_requests[0].arguments) == {"x": 1}
    assert (found.id, found.model, found.finish_reasons) == ("msg_1", "m-1", ("tool_call",))
    assert found.usage == Usage(
        input_tokens=350,
        output_tokens=20,
        cache_read_tokens=300,
        cache_write_tokens=40,
        cache_write_1h_tokens=25,
        reasoning_tokens=5,
    )


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"input_tokens": 10, "cache_read_input_tokens": None}, Usage(input_tokens=10)),
        (
            {"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 0},
            Usage(input_tokens=0, cache_read_tokens=0, cache_write_tokens=0, output_tokens=0),
        ),
        ({"input_tokens": 10, "cache_creation_input_tokens": 5}, Usage(input_tokens=15, cache_write_tokens=5)),
        ({"cache_read_input_tokens": 5}, Usage(cache_read_tokens=5)),
        ({"service_tier": "standard"}, None),
        (None, None),
    ],
)
def test_usage(sent: object, usage: Usage | None) -> None:
    assert FORMAT.response({"usage": sent}).usage == usage


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_call"),
        ("pause_turn", "pause_turn"),
        ("refusal", "refusal"),
        (None, "error"),
    ],
)
def test_finish_reason(reason: object, shown: str) -> None:
    body = {"stop_reason": reason, "content": []}
    assert FORMAT.response(body).finish_reasons == (shown,)
    assert FORMAT.output(body) == [{"role": "assistant", "parts": [], "finish_reason": shown}]


def test_a_compacted_conversation() -> None:
    name = "gen_ai.conversation.compacted"
    content = [{"type": "compaction", "content": "So far ..."}, {"type": "text", "text": "On."}]
    assert whole.told(FORMAT, {"content": content}).attributes == {name: True}
    asked = {"messages": [{"role": "user", "content": "Go"}, {"role": "assistant", "content": content}]}
    assert whole.asked(FORMAT, {**asked, "context_management": {"edits": []}}).attributes == {name: True}
    assert name not in whole.asked(FORMAT, asked).attributes
    assert name not in whole.asked(FORMAT, {"messages": asked["messages"][:1], "context_management": {}}).attributes


def test_error_body() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
    assert FORMAT.response(body) == Response(failure=Failure(type="overloaded_error", message="m"))
    assert FORMAT.output(body) is None


def test_only_tools_of_the_caller_are_requested() -> None:
    body = {
        "content": [
            {"type": "tool_use", "id": None, "name": None, "input": {}},
            {"type": "mcp_tool_use", "id": "m", "name": "g", "input": {}},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        ]
    }
    assert FORMAT.response(body).tool_requests == (ToolRequest(id=None, name="", arguments={}),)


def test_context_is_raw() -> None:
    system, tools = [{"type": "text", "text": "be brief"}], [{"name": "f"}]
    assert FORMAT.context({"system": system, "tools": tools, "messages": HELLO}) == Context(
        system=system, tools=tools, messages=HELLO
    )
    assert FORMAT.context({}) == Context()


def test_answers() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "t1", "content": "7"},
        {"type": "text", "text": "x"},
        {"type": "tool_result", "tool_use_id": "t2"},
        {"type": "tool_result"},
    ]
    assert FORMAT.answers({"role": "user", "content": results}) == ("t1", "t2")
    assert FORMAT.answers(sdk({"role": "user", "content": results})) == ("t1", "t2")
    assert FORMAT.answers({"role": "user", "content": "x"}) == ()


BASE64 = {"type": "base64", "media_type": "image/png", "data": "AA=="}


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ({"type": "text", "text": "hi"}, [{"type": "text", "content": "hi"}]),
        ({"type": "text", "text": ""}, []),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, [{"type": "reasoning", "content": "hm"}]),
        ({"type": "redacted_thinking", "data": "cipher"}, []),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
            [{"type": "tool_call", "id": "t", "name": "f", "arguments": {"x": 1}}],
        ),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "7"}]},
            [{"type": "tool_call_response", "id": "t", "response": [{"type": "text", "text": "7"}]}],
        ),
        ({"type": "tool_result", "tool_use_id": "t"}, [{"type": "tool_call_response", "id": "t", "response": None}]),
        (
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
            [
                {
                    "type": "server_tool_call",
                    "id": "s",
                    "name": "web_search",
                    "server_tool_call": {"type": "web_search", "input": {"query": "q"}},
                }
            ],
        ),
        (
            {"type": "mcp_tool_use", "id": "m", "name": "g", "server_name": "srv", "input": {}},
            [
                {
                    "type": "server_tool_call",
                    "id": "m",
                    "name": "g",
                    "server_tool_call": {"type": "mcp", "server_name": "srv", "input": {}},
                }
            ],
        ),
        (
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]},
            [
                {
                    "type": "server_tool_call_response",
                    "id": "s",
                    "server_tool_call_response": {"type": "web_search", "content": [{"url": "u"}]},
                }
            ],
        ),
        (
            {"type": "image", "source": BASE64},
            [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA=="}],
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}},
            [{"type": "uri", "modality": "image", "uri": "https://a/b.png"}],
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f1"}},
            [{"type": "file", "modality": "document", "file_id": "f1"}],
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            [{"type": "text", "content": "words"}],
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "words"}]}},
            [{"type": "text", "content": "words"}],
        ),
        ({"type": "image", "source": {"type": "base64"}}, []),
        ({"type": "image", "source": {"type": "url"}}, []),
        ({"type": "image", "source": {"type": "file"}}, []),
        ({"type": "image", "source": {"type": "novel"}}, []),
        ({"type": "image"}, []),
        (
            {"type": "container_upload", "file_id": "f1"},
            [{"type": "file", "modality": "document", "file_id": "f1"}],
        ),
        ({"type": "compaction", "content": "summary"}, [{"type": "compaction", "content": "summary"}]),
        ({"type": "compaction", "content": None}, [{"type": "compaction"}]),
        ({"type": "novel", "x": 1}, [{"type": "novel", "x": 1}]),
        (5, []),
    ],
)
def test_block(block: object, parts: list[dict[str, object]]) -> None:
    for sent in (block, sdk(block)):
        made = FORMAT.output({"content": [sent], "stop_reason": "end_turn"})
        assert made == [{"role": "assistant", "parts": parts, "finish_reason": "stop"}]
        assert_conforms("output-messages", made)


def test_content() -> None:
    content = FORMAT.content(
        {
            "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
            "messages": ({"role": "user", "content": "hi"}, {"content": [{"type": "text", "text": "no role"}]}),
            "tools": [
                {"name": "f", "description": "d", "input_schema": {"type": "object"}},
                {"type": "custom", "name": "g"},
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
                {"type": "mcp_toolset", "mcp_server_name": "srv"},
            ],
        }
    )
    assert content is not None
    assert_content_conforms(content)
    assert content.system_instructions == [{"type": "text", "content": "be brief"}]
    assert content.input_messages == [
        {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
        {"role": "user", "parts": [{"type": "text", "content": "no role"}]},
    ]
    assert content.tool_definitions == [
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
        {"type": "function", "name": "g"},
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "mcp_toolset", "name": "mcp_toolset"},
    ]


def test_content_of_nothing() -> None:
    content = FORMAT.content({"system": "text"})
    assert content is not None
    assert content.system_instructions == [{"type": "text", "content": "text"}]
    assert (content.input_messages, content.tool_definitions) == (None, None)
