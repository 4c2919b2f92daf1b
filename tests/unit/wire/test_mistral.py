from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ServerToolUse, ToolRequest, Usage
from agentotel.semconv.names import SERVER_TOOL_CALLS
from agentotel.wire.mistral_chat import CHAT, FIM
from agentotel.wire.mistral_conversations import FORMAT as CONVERSATIONS
from agentotel.wire.mistral_tasks import EMBEDDINGS, OCR, SPEECH, TRANSCRIPTION
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk
from tests.unit.wire.whole import asked, told

Make = Callable[[dict[str, object]], object]
COUNTS = {"prompt_tokens": 11, "total_tokens": 64, "completion_tokens": 53}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def choice(content: object, reason: str = "stop") -> dict[str, object]:
    return {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": content}}


# -- chat, agents, fill in the middle


def test_request() -> None:
    sent = {"model": "m", "random_seed": 7, "top_p": 1, "stop": "x", "reasoning_effort": "high", "stream": True}
    assert asked(CHAT, sent) == Request(
        model="m",
        stream=True,
        attributes={
            "gen_ai.request.seed": 7,
            "gen_ai.request.top_p": 1.0,
            "gen_ai.request.stop_sequences": ["x"],
            "gen_ai.request.reasoning.level": "high",
        },
    )
    assert asked(CHAT, {"agent_id": "ag_1", "messages": []}) == Request(attributes={"gen_ai.agent.id": "ag_1"})


@pytest.mark.parametrize(
    "cached",
    [
        {"prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_token_details": {"cached_tokens": 4}},
        {"num_cached_tokens": 4, "prompt_token_details": None},
    ],
)
def test_response(cached: dict[str, object]) -> None:
    counts = {**COUNTS, "service_tier": "priority", "prompt_audio_seconds": 9, **cached}
    body = {"id": "c", "model": "m", "choices": [choice("hi")], "usage": counts}
    assert CHAT.response(body) == Response(
        id="c",
        model="m",
        finish_reasons=("stop",),
        usage=Usage(input_tokens=11, output_tokens=53, cache_read_tokens=4),
        tier="priority",
    )


def test_reasoning_comes_as_a_part() -> None:
    made = CHAT.output({"choices": [choice([THINKING, {"type": "text", "text": "hi"}])]})
    assert made[0]["parts"] == [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "hi"}]
    assert_conforms("output-messages", made)


def test_tools_that_mistral_ran_itself(make: Make) -> None:
    def call(call_id: str) -> dict[str, object]:
        return {"id": call_id, "function": {"name": "web_search", "arguments": "{}"}}

    steps = [
        {"role": "assistant", "content": "", "tool_calls": [call("c1")]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "assistant", "content": "Done", "tool_calls": [call("c2")]},
    ]
    body = {"choices": [choice("hi"), {"index": 1, "finish_reason": "tool_calls", "messages": list(map(make, steps))}]}
    read = CHAT.response(body)
    assert read.finish_reasons == ("stop", "tool_calls")
    assert read.tool_requests == (ToolRequest(id="c2", name="web_search", arguments="{}"),)
    assert read.server_tools == (ServerToolUse(kind="web_search", name="web_search", id="c1"),)
    assert read.attributes == {f"{SERVER_TOOL_CALLS}web_search": 1}
    made = CHAT.output(body)
    assert [[part["type"] for part in one["parts"]] for one in made] == [
        ["text"],
        ["tool_call", "tool_call_response", "text", "tool_call"],
    ]
    assert_conforms("output-messages", made)
    assert CHAT.output({}) is None


def test_reasoning_in_a_stream(make: Make) -> None:
    def chunk(content: object, reason: str | None = None) -> object:
        return make({"id": "c", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": reason}]})

    fold = CHAT.fold()
    for content in ("", [THINKING], [THINKING], [{"type": "text", "text": "h"}], "i"):
        fold.add(chunk(content))
    fold.add(chunk("", "stop"))
    assert fold.complete
    assert CHAT.output(fold.result())[0]["parts"] == [
        {"type": "reasoning", "content": "hmhm"},
        {"type": "text", "content": "hi"},
    ]


def test_sound() -> None:
    sent = {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": "QUJD"}]}]}
    content = CHAT.content(sent)
    assert content.input_messages[0]["parts"] == [{"type": "blob", "modality": "audio", "content": "QUJD"}]
    assert_content_conforms(content)


def test_documents() -> None:
    said = [{"type": "document_url", "document_url": "https://x.test/a.pdf"}]
    found = CHAT.content({"messages": [{"role": "user", "content": said}]})
    assert found.input_messages[0]["parts"] == [{"type": "uri", "modality": "document", "uri": "https://x.test/a.pdf"}]


def test_fill_in_the_middle() -> None:
    sent = {"model": "codestral", "prompt": "def f(", "suffix": "return a"}
    assert FIM.context(sent) == Context(messages=["def f(", "return a"])
    found = FIM.content(sent)
    assert found.input_messages == [
        {
            "role": "user",
            "parts": [{"type": "text", "content": "def f("}, {"type": "text", "content": "return a"}],
        }
    ]
    assert_content_conforms(found)
    assert FIM.content({}).input_messages is None


# -- other tasks


def test_embeddings() -> None:
    sent = {"model": "mistral-embed", "input": "a", "output_dimension": 64, "output_dtype": "int8"}
    assert asked(EMBEDDINGS, sent) == Request(
        model="mistral-embed",
        attributes={"gen_ai.embeddings.dimension.count": 64, "gen_ai.request.encoding_formats": ["int8"]},
    )
    body = {"id": "e", "model": "mistral-embed", "usage": {"prompt_tokens": 10, "completion_tokens": 0}}
    assert EMBEDDINGS.response(body) == Response(
        id="e", model="mistral-embed", usage=Usage(input_tokens=10, output_tokens=0)
    )


def test_pages_are_no_tokens() -> None:
    body = {"model": "mistral-ocr", "pages": [], "usage_info": {"pages_processed": 2}}
    assert OCR.response(body) == Response(model="mistral-ocr")
    assert asked(OCR, {"model": "mistral-ocr"}).attributes == {"gen_ai.output.type": "text"}


@pytest.mark.parametrize(("given", "streams"), [(True, True), ("true", True), (None, False), ([], False)])
def test_a_form_says_stream_in_a_word(given: object, streams: bool) -> None:
    assert TRANSCRIPTION.request({"model": "v", "stream": given}).stream is streams


def test_transcription_stream(make: Make) -> None:
    fold = TRANSCRIPTION.fold()
    fold.add(make({"type": "transcription.text.delta", "text": "a"}))
    assert not fold.complete
    fold.add(make({"type": "transcription.done", "model": "voxtral", "text": "a", "usage": COUNTS}))
    assert fold.complete
    assert TRANSCRIPTION.response(fold.result()) == Response(
        model="voxtral", usage=Usage(input_tokens=11, output_tokens=53)
    )


def test_speech() -> None:
    assert asked(SPEECH, {"model": "t", "input": "a"}).attributes == {"gen_ai.output.type": "speech"}


# -- conversations

MESSAGE = {"type": "message.output", "id": "o1", "model": "m-1", "role": "assistant", "content": "hi"}
CALL = {"type": "function.call", "id": "o2", "tool_call_id": "c1", "name": "add", "arguments": '{"a": 2}'}
SEARCH = {"type": "tool.execution", "id": "o3", "name": "web_search", "arguments": "{}", "info": {"hits": 1}}


def test_conversation_request() -> None:
    sent = {
        "inputs": "hi",
        "agent_id": "ag_1",
        "conversation_id": "k",
        "completion_args": {"temperature": 0, "random_seed": 3},
        "stream": True,
    }
    assert asked(CONVERSATIONS, sent) == Request(
        stream=True,
        attributes={
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.seed": 3,
            "gen_ai.agent.id": "ag_1",
            "gen_ai.conversation.id": "k",
        },
    )
    assert asked(CONVERSATIONS, {"model": "m", "inputs": []}) == Request(model="m")


def test_conversation_response() -> None:
    counts = {**COUNTS, "connector_tokens": 5, "connectors": {"web_search": 2, "odd": None}}
    body = {"conversation_id": "k", "outputs": [SEARCH, MESSAGE, CALL], "usage": counts}
    assert told(CONVERSATIONS, body) == Response(
        model="m-1",
        usage=Usage(input_tokens=11, output_tokens=53),
        tool_requests=(ToolRequest(id="c1", name="add", arguments='{"a": 2}'),),
        attributes={"gen_ai.conversation.id": "k", f"{SERVER_TOOL_CALLS}web_search": 2},
        server_tools=(ServerToolUse(kind="web_search", name="web_search", id="o3"),),
    )
    made = CONVERSATIONS.output(body)
    assert [part["type"] for part in made[0]["parts"]] == [
        "server_tool_call",
        "server_tool_call_response",
        "text",
        "tool_call",
    ]
    assert_conforms("output-messages", made)
    assert CONVERSATIONS.output({}) is None


def test_conversation_content() -> None:
    result = {"type": "function.result", "tool_call_id": "c1", "result": "5"}
    entries = [
        {"type": "message.input", "role": "user", "content": "hi"},
        CALL,
        result,
        "plain",
        {**SEARCH, "info": None},
    ]
    handoff = {"type": "agent.handoff", "next_agent_id": "ag_2"}
    tools = [
        {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}},
        {"type": "web_search"},
    ]
    sent = {"inputs": [*entries, handoff], "instructions": "be kind", "tools": tools}
    assert CONVERSATIONS.context(sent) == Context(system="be kind", tools=tools, messages=[*entries, handoff])
    assert CONVERSATIONS.context({"inputs": "hi"}) == Context(messages=["hi"])
    assert CONVERSATIONS.answers(result) == ("c1",)
    assert CONVERSATIONS.answers(CALL) == ()
    found = CONVERSATIONS.content(sent)
    assert [(message["role"], message["parts"][0]["type"]) for message in found.input_messages] == [
        ("user", "text"),
        ("assistant", "tool_call"),
        ("tool", "tool_call_response"),
        ("user", "text"),
        ("assistant", "server_tool_call"),
        ("assistant", "agent.handoff"),
    ]
    assert [tool["name"] for tool in found.tool_definitions] == ["add", "web_search"]
    assert found.system_instructions == [{"type": "text", "content": "be kind"}]
    assert_content_conforms(found)
    assert CONVERSATIONS.content({}).input_messages is None


def conversation(make: Make, *events: dict[str, object]) -> tuple[object, bool]:
    fold = CONVERSATIONS.fold()
    for event in events:
        fold.add(make(event))
    return fold.result(), fold.complete


STARTED = {"type": "conversation.response.started", "conversation_id": "k"}


def output(content: object, **more: object) -> dict[str, object]:
    return {"type": "message.output.delta", "id": "o1", "model": "m-1", "content": content, "output_index": 1, **more}


def test_conversation_stream(make: Make) -> None:
    call = {"id": "o2", "tool_call_id": "c1", "name": "add", "output_index": 2}
    body, complete = conversation(
        make,
        STARTED,
        {"type": "tool.execution.started", "id": "o3", "name": "web_search", "arguments": "", "output_index": 0},
        {"type": "tool.execution.delta", "id": "o3", "name": "web_search", "arguments": "{}", "output_index": 0},
        {"type": "tool.execution.done", "id": "o3", "name": "web_search", "output_index": 0, "info": {"hits": 1}},
        output("he"),
        output("llo"),
        {"type": "function.call.delta", "arguments": '{"a"', **call},
        {"type": "function.call.delta", "arguments": ": 2}", **call},
        {"type": "something.new", "output_index": 3},
        {"type": "conversation.response.done", "usage": COUNTS},
    )
    assert complete
    assert told(CONVERSATIONS, body) == Response(
        model="m-1",
        usage=Usage(input_tokens=11, output_tokens=53),
        tool_requests=(ToolRequest(id="c1", name="add", arguments='{"a": 2}'),),
        attributes={"gen_ai.conversation.id": "k", f"{SERVER_TOOL_CALLS}web_search": 1},
        server_tools=(ServerToolUse(kind="web_search", name="web_search", id="o3"),),
    )
    parts = CONVERSATIONS.output(body)[0]["parts"]
    assert [part["type"] for part in parts] == [
        "server_tool_call",
        "server_tool_call_response",
        "text",
        "tool_call",
    ]
    assert parts[2]["content"] == "hello"


def test_conversation_stream_of_parts(make: Make) -> None:
    file = {"type": "tool_file", "tool": "image_generation", "file_id": "f1"}
    said: list[object] = [[], THINKING, THINKING, {"type": "text", "text": "hi"}, "!", file, "Bye", "."]
    body, _ = conversation(make, STARTED, *map(output, said))
    (made,) = CONVERSATIONS.output(body)
    assert made["parts"] == [
        {"type": "reasoning", "content": "hmhm"},
        {"type": "text", "content": "hi!"},
        file,
        {"type": "text", "content": "Bye."},
    ]


def test_conversation_stream_that_is_cut_or_fails(make: Make) -> None:
    assert conversation(make) == (None, False)
    body, complete = conversation(make, STARTED, output("he"))
    assert not complete
    assert CONVERSATIONS.response(body).usage is None
    failed, complete = conversation(make, {"type": "conversation.response.error", "code": 3000, "message": "no"})
    assert not complete
    assert CONVERSATIONS.response(failed).failure == Failure(type="3000", message="no")
