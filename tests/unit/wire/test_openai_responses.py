from __future__ import annotations

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.format import fields
from agentotel.wire.openai_responses import FETCH, FORMAT
from tests.unit.wire import whole
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk

API = {"openai.api.type": "responses"}
TEXT = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}
CALL = {
    "type": "function_call",
    "id": "fc",
    "call_id": "c1",
    "name": "f",
    "arguments": '{"x":1}',
    "status": "completed",
}


def asked(**sent: object) -> dict[str, object]:
    found = dict(FORMAT.asks(sent))
    del found["openai.api.type"]
    return found


def test_request() -> None:
    assert whole.asked(FORMAT, {"model": "m", "input": "hi", "stream": True}) == Request(
        model="m", stream=True, attributes=API
    )
    assert whole.asked(FORMAT, {}) == Request(attributes=API)


@pytest.mark.parametrize(
    ("sent", "name", "value"),
    [
        ({"temperature": 1}, "gen_ai.request.temperature", 1.0),
        ({"top_p": 1}, "gen_ai.request.top_p", 1.0),
        ({"max_output_tokens": 10}, "gen_ai.request.max_tokens", 10),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, "gen_ai.request.reasoning.level", "low"),
        ({"text": {"format": {"type": "json_schema"}}}, "gen_ai.output.type", "json"),
        ({"text": {"format": {"type": "text"}}}, "gen_ai.output.type", "text"),
        ({"conversation": "conv_1"}, "gen_ai.conversation.id", "conv_1"),
        ({"conversation": {"id": "conv_1"}}, "gen_ai.conversation.id", "conv_1"),
        ({"previous_response_id": "resp_0"}, "gen_ai.request.previous_response.id", "resp_0"),
        ({"service_tier": "priority"}, "openai.request.service_tier", "priority"),
        ({"input": [{"type": "compaction", "encrypted_content": "e"}]}, "gen_ai.conversation.compacted", True),
    ],
)
def test_request_attribute(sent: dict[str, object], name: str, value: object) -> None:
    found = asked(**sent)
    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    "sent",
    [
        {"service_tier": "auto"},
        {"conversation": None},
        {"conversation": {"id": ""}},
        {"reasoning": {"summary": "auto"}},
        {"text": {"verbosity": "low"}},
        {"input": [TEXT]},
        {"max_output_tokens": "10"},
    ],
)
def test_request_attribute_left_out(sent: dict[str, object]) -> None:
    assert asked(**sent) == {}


WHOLE = {
    "id": "resp_1",
    "model": "m-1",
    "status": "completed",
    "service_tier": "default",
    "error": None,
    "output": [TEXT],
    "usage": {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 0},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}


@pytest.mark.parametrize("body", [WHOLE, fields(sdk(WHOLE, extra=["cache_write_tokens"]))])
def test_response(body: dict[str, object]) -> None:
    assert whole.told(FORMAT, body) == Response(
        id="resp_1",
        model="m-1",
        finish_reasons=("stop",),
        usage=Usage(input_tokens=100, output_tokens=20, cache_read_tokens=40, cache_write_tokens=0, reasoning_tokens=0),
        tier="default",
        attributes={"openai.response.service_tier": "default"},
    )


def test_older_name_of_the_cache_write() -> None:
    sent = {"usage": {"input_tokens": 9, "input_tokens_details": {"cache_creation_input_tokens": 4}}}
    assert FORMAT.response(sent).usage == Usage(input_tokens=9, cache_write_tokens=4)


def test_response_of_nothing() -> None:
    assert FORMAT.response({}) == Response()


@pytest.mark.parametrize(
    ("sent", "reasons"),
    [
        ({"status": "completed", "output": [TEXT]}, ("stop",)),
        ({"status": "completed", "output": [TEXT, CALL]}, ("tool_calls",)),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [CALL]},
            ("length",),
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []},
            ("content_filter",),
        ),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}, "output": []}, ("steered",)),
        ({"status": "incomplete", "incomplete_details": None, "output": []}, ("incomplete",)),
        ({"status": "failed", "output": []}, ("error",)),
        ({"status": "cancelled", "output": []}, ("error",)),
        ({"status": "queued", "output": []}, ()),
        ({"status": "in_progress", "output": [TEXT]}, ()),
        ({"output": [TEXT]}, ("error",)),
    ],
)
def test_finish_reason(sent: dict[str, object], reasons: tuple[str, ...]) -> None:
    assert FORMAT.response(sent).finish_reasons == reasons


def test_failure() -> None:
    sent = {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "m"}, "output": []}
    assert FORMAT.response(sent).failure == Failure(type="rate_limit_exceeded", message="m")
    assert FORMAT.response({"status": "failed", "error": None}).failure == Failure(type="_OTHER")
    assert FORMAT.response({"status": "incomplete", "error": None}).failure is None


def test_tool_requests() -> None:
    click = {"type": "click", "x": 1, "y": 2, "keys": None}
    body = {
        "output": [
            CALL,
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "free"},
            {"type": "computer_call", "call_id": "c3", "action": click},
            {"type": "local_shell_call", "call_id": "c4", "action": {"command": ["ls"]}},
            {"type": "apply_patch_call", "call_id": "c5", "operation": {"type": "delete_file"}},
            {"type": "shell_call", "call_id": "c6", "action": {"commands": ["ls"]}, "environment": {"type": "local"}},
            {"type": "tool_search_call", "id": "c7", "execution": "client", "arguments": {}},
            {"type": "shell_call", "call_id": "s1", "environment": {"type": "container_reference"}},
            {"type": "tool_search_call", "call_id": "s2", "execution": "server", "arguments": {}},
            {"type": "web_search_call", "id": "s3"},
            {"type": "mcp_call", "id": "s4", "name": "h", "arguments": "{}"},
            {"type": "function_call", "call_id": "c8", "arguments": "{}"},
        ]
    }
    expected = [
        ToolRequest(id="c1", name="f", arguments='{"x":1}'),
        ToolRequest(id="c2", name="g", arguments="free"),
        ToolRequest(id="c3", name="computer", arguments={"action": click}),
        ToolRequest(id="c4", name="local_shell", arguments={"command": ["ls"]}),
        ToolRequest(id="c5", name="apply_patch", arguments={"type": "delete_file"}),
        ToolRequest(id="c6", name="shell", arguments={"commands": ["ls"]}),
        ToolRequest(id="c7", name="tool_search", arguments={}),
    ]
    assert list(FORMAT.response(body).tool_requests) == expected
    assert [call.id for call in FORMAT.response(fields(sdk(body))).tool_requests] == [call.id for call in expected]


def test_compaction_is_a_fact_of_the_response() -> None:
    sent = {"status": "completed", "output": [{"type": "compaction", "id": "cmp", "encrypted_content": "e"}, TEXT]}
    assert FORMAT.tells(sent) == {"gen_ai.conversation.compacted": True}


def test_context() -> None:
    tools = [{"type": "web_search"}]
    assert FORMAT.context({"input": "hi", "instructions": "be brief", "tools": tools}) == Context(
        system="be brief", tools=tools, messages=[{"role": "user", "content": "hi"}]
    )
    shown = FORMAT.context({"input": [TEXT, CALL]})
    assert shown is not None
    assert list(shown.messages) == [TEXT, CALL]
    assert FORMAT.context({}) == Context()


@pytest.mark.parametrize(
    ("item", "ids"),
    [
        ({"type": "function_call_output", "call_id": "c1", "output": "7"}, ("c1",)),
        ({"type": "custom_tool_call_output", "call_id": "c1"}, ("c1",)),
        ({"type": "local_shell_call_output", "id": "c1"}, ("c1",)),
        (sdk({"type": "computer_call_output", "call_id": "c1"}), ("c1",)),
        ({"type": "function_call_output"}, ()),
        (CALL, ()),
        ({"role": "user", "content": "hi"}, ()),
        ("hi", ()),
    ],
)
def test_answers(item: object, ids: tuple[str, ...]) -> None:
    assert FORMAT.answers(item) == ids


def test_content() -> None:
    content = FORMAT.content(
        {
            "instructions": "be brief",
            "input": [
                {"role": "developer", "content": "careful"},
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "look"},
                        {"type": "input_image", "image_url": "https://a/b.png"},
                        {"type": "input_image", "file_id": "file-1"},
                        {"type": "input_file", "filename": "a.txt", "file_data": "AA=="},
                        {"type": "input_file", "file_url": "https://a/b.pdf"},
                    ],
                },
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "content": None},
                {**TEXT, "id": "msg"},
                CALL,
                {"type": "function_call_output", "call_id": "c1", "output": "7"},
                {"type": "reasoning", "summary": [], "encrypted_content": "e"},
                {"role": "user", "content": "go on"},
                {"type": "item_reference", "id": "rs_1"},
            ],
            "tools": [
                {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
                {"type": "mcp", "server_label": "s", "authorization": "secret"},
                {"type": "custom", "name": "g"},
                {"name": "untyped"},
            ],
        }
    )
    assert content is not None
    assert_content_conforms(content)
    assert content.system_instructions == [{"type": "text", "content": "be brief"}]
    assert content.input_messages == [
        {"role": "developer", "parts": [{"type": "text", "content": "careful"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "look"},
                {"type": "uri", "modality": "image", "uri": "https://a/b.png"},
                {"type": "file", "modality": "image", "file_id": "file-1"},
                {"type": "blob", "modality": "document", "mime_type": "text/plain", "content": "AA=="},
                {"type": "uri", "modality": "document", "uri": "https://a/b.pdf"},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "text", "content": "hi"},
                {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"x": 1}},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "7"}]},
        {"role": "user", "parts": [{"type": "text", "content": "go on"}]},
        {"role": "assistant", "parts": [{"type": "item_reference", "id": "rs_1"}]},
    ]
    assert content.tool_definitions == [
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
        {"type": "mcp", "name": "mcp"},
        {"type": "custom", "name": "g"},
        {"type": "function", "name": "untyped"},
    ]


def test_content_of_a_text_and_of_nothing() -> None:
    content = FORMAT.content({"input": "hi"})
    assert content is not None
    assert content.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    nothing = FORMAT.content({})
    assert nothing is not None
    assert (nothing.system_instructions, nothing.input_messages, nothing.tool_definitions) == (None, None, None)
    assert FORMAT.output({"output": []}) is None


def test_output() -> None:
    search = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search"}}
    made = FORMAT.output(
        {
            "status": "completed",
            "output": [
                {"type": "compaction", "id": "cmp", "encrypted_content": "e"},
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
                search,
                {"type": "mcp_call", "id": "mcp", "name": "h", "server_label": "s", "output": "o", "error": None},
                {"type": "tool_search_output", "call_id": "ts", "tools": [], "execution": "server"},
                {"type": "image_generation_call", "id": "ig", "result": "AA==", "output_format": "png"},
                {"type": "image_generation_call", "id": "ig2", "result": None},
                {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
                {"type": "mcp_approval_request", "id": "ap", "name": "h"},
                CALL,
            ],
        }
    )
    assert made is not None
    assert_conforms("output-messages", made)
    assert made == [
        {
            "role": "assistant",
            "finish_reason": "tool_call",
            "parts": [
                {"type": "compaction", "id": "cmp"},
                {"type": "reasoning", "content": "hm"},
                {
                    "type": "server_tool_call",
                    "id": "ws",
                    "name": "web_search",
                    "server_tool_call": {"type": "web_search", "status": "completed", "action": {"type": "search"}},
                },
                {
                    "type": "server_tool_call",
                    "id": "mcp",
                    "name": "h",
                    "server_tool_call": {"type": "mcp", "server_label": "s", "output": "o"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "ts",
                    "server_tool_call_response": {"type": "tool_search", "tools": [], "execution": "server"},
                },
                {
                    "type": "server_tool_call",
                    "id": "ig",
                    "name": "image_generation",
                    "server_tool_call": {"type": "image_generation", "output_format": "png"},
                },
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA=="},
                {
                    "type": "server_tool_call",
                    "id": "ig2",
                    "name": "image_generation",
                    "server_tool_call": {"type": "image_generation"},
                },
                {"type": "refusal", "content": "no"},
                {"type": "mcp_approval_request", "id": "ap", "name": "h"},
                {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"x": 1}},
            ],
        }
    ]


def test_output_of_an_unfinished_response_has_no_finish_reason() -> None:
    assert FORMAT.output({"status": "in_progress", "output": [TEXT]}) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}]}
    ]


def test_fetch_leaves_usage_and_failure_to_the_call_that_made_the_response() -> None:
    sent = {**WHOLE, "status": "failed", "error": {"code": "server_error"}, "output": [CALL]}
    assert whole.told(FETCH, sent) == Response(
        id="resp_1",
        model="m-1",
        finish_reasons=("error",),
        tool_requests=(ToolRequest(id="c1", name="f", arguments='{"x":1}'),),
        tier="default",
        attributes={"openai.response.service_tier": "default", "gen_ai.response.status": "failed"},
    )
    assert FETCH.content({}) is None
    assert FETCH.context({}) is None


@pytest.mark.parametrize("cursor", [17, "17"])
def test_fetch_request(cursor: object) -> None:
    assert whole.asked(FETCH, {"stream": True, "starting_after": cursor}) == Request(
        stream=True, attributes={**API, "gen_ai.request.stream_cursor": "17"}
    )
    assert whole.asked(FETCH, {}) == Request(attributes=API)
