from __future__ import annotations

import pytest

from agentotel.facts.call import ServerToolUse, Usage
from agentotel.wire import anthropic_messages, bedrock_converse, openai_responses

ITEMS = [
    {"type": "reasoning", "id": "rs_1"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "web_search_call", "id": "ws_2", "status": "completed", "action": {"type": "open_page", "url": "u"}},
    {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "1"},
    {"type": "file_search_call", "id": "fs_1", "status": "completed"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed"},
    {"type": "mcp_list_tools", "id": "ml_1", "server_label": "docs"},
    {"type": "mcp_call", "id": "mc_1", "name": "ask", "server_label": "docs", "error": "no", "status": "failed"},
    {"type": "shell_call", "id": "sh_1", "call_id": "c_1", "action": {}, "environment": {"type": "local"}},
    {"type": "shell_call", "id": "sh_2", "call_id": "c_2", "environment": {"type": "container_reference"}},
    {"type": "function_call", "name": "f", "call_id": "c_3", "arguments": "{}"},
]


def test_reads_those_of_the_responses_api() -> None:
    usage = {"input_tokens": 10, "output_tokens": 5}
    response = openai_responses.response({"status": "completed", "output": ITEMS, "usage": usage})
    assert response.server_tools == (
        ServerToolUse(kind="web_search", name="web_search", id="ws_1", status="completed"),
        ServerToolUse(kind="web_search", name="web_search", id="ws_2", status="completed"),
        ServerToolUse(kind="code_interpreter", name="code_interpreter", id="ci_1", status="completed"),
        ServerToolUse(kind="file_search", name="file_search", id="fs_1", status="completed"),
        ServerToolUse(kind="image_generation", name="image_generation", id="ig_1", status="completed"),
        ServerToolUse(kind="mcp", name="ask", id="mc_1", status="failed", server="docs"),
        ServerToolUse(kind="shell", name="shell", id="sh_2"),
    )
    assert response.attributes == {
        "agentotel.server_tool.calls.web_search": 2,
        "agentotel.server_tool.calls.code_interpreter": 1,
        "agentotel.server_tool.calls.file_search": 1,
        "agentotel.server_tool.calls.image_generation": 1,
        "agentotel.server_tool.calls.mcp": 1,
        "agentotel.server_tool.calls.shell": 1,
    }
    assert response.usage == Usage(input_tokens=10, output_tokens=5, web_searches=1, storage_searches=1)


def test_what_an_answer_says_of_its_tools_is_what_is_billed() -> None:
    """Of searches their number, of pictures their tokens, by the model that the answer names for them."""
    made = {"input_tokens": 50, "input_tokens_details": {"text_tokens": 50}, "output_tokens": 200, "total_tokens": 250}
    body = {
        "output": ITEMS,
        "usage": {"input_tokens": 10},
        "tools": [{"type": "web_search"}, {"type": "image_generation", "model": "gpt-image-1"}],
        "tool_usage": {"image_gen": made, "web_search": {"num_requests": 3}},
    }
    response = openai_responses.response(body)
    assert response.usage == Usage(input_tokens=10, web_searches=3, storage_searches=1)
    assert response.beside == (("gpt-image-1", Usage(input_tokens=50, output_tokens=200, text_input_tokens=50)),)
    assert response.attributes["agentotel.usage.beside.output_tokens"] == 200
    assert openai_responses.response({**body, "tools": []}).beside == ()
    unused = {"image_gen": {"input_tokens": 0, "output_tokens": 0}, "web_search": {"num_requests": 0}}
    response = openai_responses.response({**body, "tool_usage": unused})
    assert (response.beside, response.usage) == ((), Usage(input_tokens=10, storage_searches=1))


def test_a_fetch_did_not_run_the_tools_of_what_it_fetches() -> None:
    assert openai_responses.fetched({"status": "completed", "output": ITEMS}).server_tools == ()


def use(kind: str, name: str, number: int, **more: object) -> dict[str, object]:
    return {"type": kind, "id": f"use_{number}", "name": name, "input": {}, **more}


def result(kind: str, number: int, content: object, **more: object) -> dict[str, object]:
    return {"type": f"{kind}_tool_result", "tool_use_id": f"use_{number}", "content": content, **more}


BLOCKS = [
    {"type": "text", "text": "I will look."},
    use("server_tool_use", "web_search", 1),
    result("web_search", 1, [{"type": "web_search_result"}]),
    use("server_tool_use", "web_search", 2),
    result("web_search", 2, {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}),
    use("server_tool_use", "code_execution", 3),
    use("mcp_tool_use", "ask", 4, server_name="docs"),
    result("mcp", 4, [], is_error=True),
    {"type": "tool_use", "id": "t_1", "name": "f", "input": {}},
]


def test_reads_those_of_anthropic() -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": 1}}
    response = anthropic_messages.response({"content": BLOCKS, "usage": usage})
    assert response.server_tools == (
        ServerToolUse(kind="web_search", name="web_search", id="use_1", status="completed"),
        ServerToolUse(kind="web_search", name="web_search", id="use_2", status="max_uses_exceeded"),
        ServerToolUse(kind="code_execution", name="code_execution", id="use_3"),
        ServerToolUse(kind="mcp", name="ask", id="use_4", status="failed", server="docs"),
    )
    assert response.attributes == {
        "agentotel.server_tool.calls.web_search": 1,
        "agentotel.server_tool.calls.code_execution": 1,
        "agentotel.server_tool.calls.mcp": 1,
    }
    assert response.usage == Usage(input_tokens=10, output_tokens=5, web_searches=1)


def test_reads_those_of_converse() -> None:
    def grounding(number: int) -> dict[str, object]:
        return {"toolUse": {"toolUseId": f"use_{number}", "name": "nova_grounding", "type": "server_tool_use"}}

    found = {"toolUseId": "use_1", "type": "nova_grounding_result", "status": "success", "content": []}
    content = [grounding(1), {"toolResult": found}, grounding(2), {"toolUse": {"toolUseId": "t_1", "name": "f"}}]
    response = bedrock_converse.response({"output": {"message": {"content": content}}})
    assert response.server_tools == (
        ServerToolUse(kind="nova_grounding", name="nova_grounding", id="use_1", status="success"),
        ServerToolUse(kind="nova_grounding", name="nova_grounding", id="use_2"),
    )
    assert response.attributes == {"agentotel.server_tool.calls.nova_grounding": 2}
    assert [call.name for call in response.tool_requests] == ["f"]


@pytest.mark.parametrize("body", [{}, {"content": [{"type": "text"}], "usage": {"server_tool_use": None}}])
def test_an_answer_without_any(body: dict[str, object]) -> None:
    response = anthropic_messages.response(body)
    assert (response.server_tools, dict(response.attributes)) == ((), {})
