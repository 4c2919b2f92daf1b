from __future__ import annotations

from agentotel.facts.call import ToolRequest
from agentotel.wire import parts
from tests.unit.wire.conformance import sdk


def test_part_leaves_out_nulls() -> None:
    assert parts.part("blob", modality="image", mime_type=None) == {"type": "blob", "modality": "image"}


def test_texts_as_leaves_out_what_says_nothing() -> None:
    assert parts.texts_as("text", "a", "", None, 3) == [{"type": "text", "content": "a"}]


def test_media() -> None:
    assert parts.media("data:image/png;base64,AAAA", "image") == {
        "type": "blob",
        "modality": "image",
        "mime_type": "image/png",
        "content": "AAAA",
    }
    assert parts.media("data:;base64,AAAA", "document", "text/plain")["mime_type"] == "text/plain"
    assert parts.media("https://a/b,c", "image") == {"type": "uri", "modality": "image", "uri": "https://a/b,c"}
    assert parts.media("data:text/plain,hello", "document")["type"] == "uri"


def test_server_tools_keep_what_the_part_does_not_say() -> None:
    sent = {"id": "s1", "type": "web_search_call", "status": "completed", "name": "n"}
    assert parts.server_tool_call(sent, "web_search", "web_search") == {
        "type": "server_tool_call",
        "id": "s1",
        "name": "web_search",
        "server_tool_call": {"type": "web_search", "status": "completed"},
    }
    assert parts.server_tool_response({"tool_use_id": "t", "content": [sdk({"url": "u"})]}, "web_search") == {
        "type": "server_tool_call_response",
        "id": "t",
        "server_tool_call_response": {"type": "web_search", "content": [{"url": "u"}]},
    }


def test_tool_call_and_response() -> None:
    call = ToolRequest(id=None, name="f", arguments='{"a": 1}')
    assert parts.tool_call(call) == {"type": "tool_call", "name": "f", "arguments": {"a": 1}}
    assert parts.tool_response("c", None) == {"type": "tool_call_response", "id": "c", "response": None}


def test_other_keeps_a_typed_object() -> None:
    assert parts.other({"type": "novel", "x": 1, "y": None}) == [{"type": "novel", "x": 1}]
    assert parts.other({"x": 1}) == []
    assert parts.other(5) == []


def test_messages() -> None:
    assert parts.message("user", []) == {"role": "user", "parts": []}
    assert parts.message("user", [], name="Ann") == {"role": "user", "parts": [], "name": "Ann"}
    assert parts.output_message("assistant", [], None) == {"role": "assistant", "parts": []}
    assert parts.output_message("assistant", [], "stop")["finish_reason"] == "stop"


def test_function_tool() -> None:
    schema = {"type": "object"}
    assert parts.function_tool({"name": "f", "description": "d", "parameters": schema}, "parameters") == {
        "type": "function",
        "name": "f",
        "description": "d",
        "parameters": schema,
    }
    assert parts.function_tool({"parameters": "no"}, "parameters") == {"type": "function", "name": ""}


def test_parsed_leaves_what_is_no_json() -> None:
    assert parts.parsed('{"a": ') == '{"a": '
    assert parts.parsed({"a": (1,)}) == {"a": [1]}


def test_plain_gives_json_data() -> None:
    model = sdk({"a": 1, "b": None, "c": [{"d": 2}]}, extra=["c"])
    assert parts.plain(model) == {"a": 1, "c": [{"d": 2}]}
    assert parts.plain({1: {"x"}}) == {"1": ["x"]}
    assert parts.plain([]) == []
    assert parts.plain(()) == []
    assert parts.plain(object()) is None
    assert parts.plain(b"bytes") is None
    assert parts.plain(None) is None
    assert parts.plain(1.5) == 1.5


def test_messages_without_reasoning_keep_the_rest() -> None:
    said = {"role": "assistant", "parts": [parts.part("reasoning", content="Hm."), parts.part("text", content="Hi.")]}
    assert parts.without_reasoning([said]) == [{"role": "assistant", "parts": [parts.part("text", content="Hi.")]}]
    assert len(said["parts"]) == 2
    assert parts.without_reasoning(None) == []
