from __future__ import annotations

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.format import fields
from agentotel.wire.openai_chat import FORMAT
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk

API = {"openai.api.type": "chat_completions"}
HELLO = [{"role": "user", "content": "hello"}]


def asked(**sent: object) -> dict[str, object]:
    found = dict(FORMAT.asks(sent))
    del found["openai.api.type"]
    return found


def test_request() -> None:
    assert FORMAT.request({"model": "m", "messages": HELLO}) == Request(model="m")
    assert FORMAT.request({"stream": True}).stream is True
    assert FORMAT.request({"stream": 1, "model": 5}) == Request()
    assert FORMAT.asks({"stream": 1, "model": 5}) == API


@pytest.mark.parametrize(
    ("sent", "name", "value"),
    [
        ({"temperature": 1}, "gen_ai.request.temperature", 1.0),
        ({"top_p": 0.5}, "gen_ai.request.top_p", 0.5),
        ({"top_k": 40}, "gen_ai.request.top_k", 40),
        ({"frequency_penalty": 0}, "gen_ai.request.frequency_penalty", 0.0),
        ({"presence_penalty": 2}, "gen_ai.request.presence_penalty", 2.0),
        ({"seed": 7}, "gen_ai.request.seed", 7),
        ({"max_tokens": 10}, "gen_ai.request.max_tokens", 10),
        ({"max_tokens": 10, "max_completion_tokens": 20}, "gen_ai.request.max_tokens", 20),
        ({"stop": "END"}, "gen_ai.request.stop_sequences", ["END"]),
        ({"stop": ("a", "b")}, "gen_ai.request.stop_sequences", ["a", "b"]),
        ({"n": 2}, "gen_ai.request.choice.count", 2),
        ({"reasoning_effort": "low"}, "gen_ai.request.reasoning.level", "low"),
        ({"reasoning": {"effort": "high"}}, "gen_ai.request.reasoning.level", "high"),
        ({"service_tier": "flex"}, "openai.request.service_tier", "flex"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "gen_ai.output.type", "json"),
        ({"response_format": {"type": "json_object"}}, "gen_ai.output.type", "json"),
        ({"response_format": {"type": "text"}}, "gen_ai.output.type", "text"),
        ({"modalities": ["text", "audio"]}, "gen_ai.output.type", "speech"),
    ],
)
def test_request_attribute(sent: dict[str, object], name: str, value: object) -> None:
    found = asked(**sent)
    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    "sent",
    [
        {"n": 1},
        {"service_tier": "auto"},
        {"temperature": "hot"},
        {"temperature": True},
        {"max_tokens": 10.5},
        {"seed": False},
        {"stop": None},
        {"response_format": {"type": "novel"}},
        {"response_format": "json"},
        {"modalities": ["text"]},
        {"reasoning": "high"},
    ],
)
def test_request_attribute_left_out(sent: dict[str, object]) -> None:
    assert asked(**sent) == {}


def completion(**message: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}]}


WHOLE = {
    "id": "c1",
    "model": "m-1",
    "service_tier": "default",
    "system_fingerprint": "fp",
    "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None}},
        {"index": 1, "finish_reason": None, "message": {"role": "assistant", "content": "cut"}},
    ],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {
            "cached_tokens": 0,
            "cache_write_tokens": 3,
            "audio_tokens": 4,
            "image_tokens": 5,
            "text_tokens": 6,
        },
        "completion_tokens_details": {"reasoning_tokens": 7, "audio_tokens": 8, "text_tokens": 9},
    },
}


@pytest.mark.parametrize("body", [WHOLE, fields(sdk(WHOLE, extra=["service_tier", "text_tokens"]))])
def test_response(body: dict[str, object]) -> None:
    assert FORMAT.response(body) == Response(
        id="c1",
        model="m-1",
        finish_reasons=("tool_calls", "error"),
        usage=Usage(
            input_tokens=100,
            output_tokens=50,
            cache_read_tokens=0,
            cache_write_tokens=3,
            reasoning_tokens=7,
            audio_input_tokens=4,
            audio_output_tokens=8,
            image_input_tokens=5,
            text_input_tokens=6,
            text_output_tokens=9,
        ),
        tier="default",
    )
    assert FORMAT.tells(body) == {
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp",
    }


def test_response_of_nothing() -> None:
    assert FORMAT.response({}) == Response()
    assert FORMAT.response({"id": "", "model": 1, "choices": None, "usage": None, "error": None}) == Response()


COUNTED = {"prompt_tokens": 32, "completion_tokens": 9}


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"usage": {"prompt_tokens": 5, "cached_tokens": 0}}, Usage(input_tokens=5, cache_read_tokens=0)),
        ({"usage": {"prompt_tokens": 5, "prompt_cache_hit_tokens": 2}}, Usage(input_tokens=5, cache_read_tokens=2)),
        ({"x_groq": {"usage": {"prompt_tokens": 5}}}, Usage(input_tokens=5)),
        ({"usage": {"total_tokens": 5}}, None),
        (
            {"usage": {**COUNTED, "total_tokens": 135, "completion_tokens_details": {"reasoning_tokens": 94}}},
            Usage(input_tokens=32, output_tokens=103, reasoning_tokens=94),
        ),
        ({"usage": {**COUNTED, "total_tokens": 50}}, Usage(input_tokens=32, output_tokens=18)),
        (
            {"usage": {**COUNTED, "total_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 4}}},
            Usage(input_tokens=32, output_tokens=9, reasoning_tokens=4),
        ),
        ({"usage": {"prompt_tokens": "5", "completion_tokens": True}}, None),
    ],
)
def test_usage_of_compatible_servers(sent: dict[str, object], usage: Usage | None) -> None:
    assert FORMAT.response(sent).usage == usage


def test_failure_in_the_body() -> None:
    body = {"error": {"code": 502, "message": "upstream"}}
    assert FORMAT.response(body) == Response(failure=Failure(type="502", message="upstream"))


def test_tool_requests() -> None:
    body = completion(
        tool_calls=[
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "free"}},
            {"id": "c", "type": "function", "function": None},
        ],
        function_call={"name": "old", "arguments": "{}"},
    )
    expected = (
        ToolRequest(id="a", name="f", arguments='{"x":1}'),
        ToolRequest(id="b", name="g", arguments="free"),
        ToolRequest(id=None, name="old", arguments="{}"),
    )
    assert FORMAT.response(body).tool_requests == expected
    assert FORMAT.response(fields(sdk(body))).tool_requests == expected


def test_context_is_raw() -> None:
    tools = [{"type": "function"}]
    shown = FORMAT.context({"messages": HELLO, "tools": tools})
    assert shown == Context(tools=tools, messages=HELLO)
    assert shown is not None
    assert shown.messages is HELLO
    assert FORMAT.context({"functions": tools}) == Context(tools=tools)


def test_answers() -> None:
    assert FORMAT.answers({"role": "tool", "tool_call_id": "a", "content": "x"}) == ("a",)
    assert FORMAT.answers(sdk({"role": "tool", "tool_call_id": "a"})) == ("a",)
    assert FORMAT.answers({"role": "user", "tool_call_id": "a"}) == ()
    assert FORMAT.answers("text") == ()


def parts_of(**message: object) -> object:
    content = FORMAT.content({"messages": [{"role": "user", **message}]})
    assert content is not None
    assert content.input_messages
    assert_content_conforms(content)
    return content.input_messages[0]["parts"]


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ("hi", {"type": "text", "content": "hi"}),
        (["hi"], {"type": "text", "content": "hi"}),
        ([{"type": "text", "text": "hi"}], {"type": "text", "content": "hi"}),
        ([{"type": "refusal", "refusal": "no"}], {"type": "refusal", "content": "no"}),
        (
            [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}],
            {"type": "uri", "modality": "image", "uri": "https://a/b.png"},
        ),
        (
            [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA=="},
        ),
        (
            [{"type": "video_url", "video_url": {"url": "https://a/b.mp4"}}],
            {"type": "uri", "modality": "video", "uri": "https://a/b.mp4"},
        ),
        (
            [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}],
            {"type": "blob", "modality": "audio", "mime_type": "audio/mpeg", "content": "AA=="},
        ),
        (
            [{"type": "file", "file": {"file_id": "file-1", "filename": "a.pdf"}}],
            {"type": "file", "modality": "document", "mime_type": "application/pdf", "file_id": "file-1"},
        ),
        (
            [{"type": "file", "file": {"file_data": "AA==", "filename": "a.pdf"}}],
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "AA=="},
        ),
        (
            [{"type": "file", "file": {"file_data": "data:text/plain;base64,AA=="}}],
            {"type": "blob", "modality": "document", "mime_type": "text/plain", "content": "AA=="},
        ),
        ([{"type": "novel", "x": [1]}], {"type": "novel", "x": [1]}),
    ],
)
def test_content_part(sent: object, part: dict[str, object]) -> None:
    assert parts_of(content=sent) == [part]


@pytest.mark.parametrize(
    "sent",
    [
        "",
        None,
        5,
        [5],
        [{"text": "untyped"}],
        [{"type": "text", "text": None}],
        [{"type": "image_url", "image_url": None}],
        [{"type": "input_audio"}],
        [{"type": "file", "file": {"filename": "a.pdf"}}],
    ],
)
def test_content_without_parts(sent: object) -> None:
    assert parts_of(content=sent) == []


def test_content_of_a_history() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    content = FORMAT.content(
        {
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "hi", "name": "ann"},
                {"role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "7"}]},
                {"role": "function", "name": "old", "content": None},
                {"content": "no role"},
            ],
            "tools": [
                {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
                {"type": "custom", "custom": {"name": "g", "description": "e", "format": {"type": "text"}}},
                {"type": "browser_search"},
                {},
            ],
            "functions": [{"name": "old"}],
        }
    )
    assert content is not None
    assert_content_conforms(content)
    assert content.system_instructions is None
    assert content.input_messages == [
        {"role": "system", "parts": [{"type": "text", "content": "be brief"}]},
        {"role": "user", "parts": [{"type": "text", "content": "hi"}], "name": "ann"},
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "tool_call", "id": "a", "name": "f", "arguments": {"x": 1}},
            ],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "a", "response": [{"type": "text", "text": "7"}]}],
        },
        {"role": "function", "parts": [{"type": "tool_call_response", "response": None}], "name": "old"},
        {"role": "user", "parts": [{"type": "text", "content": "no role"}]},
    ]
    assert content.tool_definitions == [
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
        {"type": "custom", "name": "g", "description": "e"},
        {"type": "browser_search", "name": "browser_search"},
        {"type": "function", "name": ""},
        {"type": "function", "name": "old"},
    ]


def test_content_of_nothing() -> None:
    content = FORMAT.content({})
    assert content is not None
    assert (content.input_messages, content.tool_definitions) == (None, None)
    assert FORMAT.output({}) is None


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("stop", "stop"), ("tool_calls", "tool_call"), ("function_call", "tool_call"), (None, "error"), ("odd", "odd")],
)
def test_output_finish_reason(reason: object, shown: str) -> None:
    made = FORMAT.output({"choices": [{"finish_reason": reason, "message": {"content": "x"}}]})
    assert made == [{"role": "assistant", "parts": [{"type": "text", "content": "x"}], "finish_reason": shown}]


def test_output_parts() -> None:
    made = FORMAT.output(
        completion(
            reasoning="hm",
            content="said",
            refusal="no",
            audio={"id": "au", "data": "AA==", "transcript": "spoken"},
            tool_calls=[{"id": "b", "custom": {"name": "g", "input": "free"}}],
        )
    )
    assert made is not None
    assert_conforms("output-messages", made)
    assert made[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "said"},
        {"type": "refusal", "content": "no"},
        {"type": "text", "content": "spoken"},
        {"type": "blob", "modality": "audio", "content": "AA=="},
        {"type": "tool_call", "id": "b", "name": "g", "arguments": "free"},
    ]
