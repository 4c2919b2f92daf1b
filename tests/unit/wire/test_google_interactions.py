from __future__ import annotations

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ServerToolUse, ToolRequest, Usage
from agentotel.wire.google_interactions import FETCH, FORMAT
from tests.unit.wire import whole
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk


def test_request() -> None:
    body = {"model": "models/m", "input": "hi", "stream": True, "generation_config": None}
    assert whole.asked(FORMAT, body) == Request(model="m", stream=True, attributes={})


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (
            {"generation_config": {"max_output_tokens": 9, "temperature": 1, "top_p": 0.5, "seed": 2}},
            {
                "gen_ai.request.max_tokens": 9,
                "gen_ai.request.temperature": 1.0,
                "gen_ai.request.top_p": 0.5,
                "gen_ai.request.seed": 2,
            },
        ),
        (
            {"generation_config": {"stop_sequences": ["x"], "thinking_level": "high"}},
            {"gen_ai.request.stop_sequences": ["x"], "gen_ai.request.reasoning.level": "high"},
        ),
        ({"previous_interaction_id": "v1"}, {"gen_ai.request.previous_response.id": "v1"}),
        ({"agent": "deep-research"}, {"gen_ai.agent.name": "deep-research"}),
        ({"response_mime_type": "application/json"}, {"gen_ai.output.type": "json"}),
        ({"response_modalities": ["text", "image"]}, {"gen_ai.output.type": "image"}),
        ({"response_modalities": ["text"]}, {}),
        ({"response_format": {"type": "text", "mime_type": "application/json"}}, {"gen_ai.output.type": "json"}),
        ({"response_format": [{"type": "text"}, {"type": "audio"}]}, {"gen_ai.output.type": "speech"}),
        ({"response_format": {"type": "object"}}, {}),
    ],
)
def test_request_attributes(sent: dict[str, object], found: dict[str, object]) -> None:
    assert whole.asked(FORMAT, sent).attributes == found


STEPS = [
    {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "hm"}]},
    {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["q"]}, "signature": "c2ln"},
    {"type": "google_search_result", "call_id": "s1", "result": [{"title": "t"}], "is_error": None},
    {"type": "mcp_server_tool_call", "id": "m1", "name": "look", "server_name": "s", "arguments": {}},
    {
        "type": "model_output",
        "content": [
            {"type": "text", "text": "hi"},
            {"type": "image", "data": "YQ==", "mime_type": "image/png"},
            {"type": "audio", "uri": "gs://b/a.wav", "mime_type": "audio/wav"},
            {"type": "video"},
            {"type": "chart", "points": 2},
        ],
    },
    {"type": "function_call", "id": "c1", "name": "f", "arguments": {"x": 1}},
]
WHOLE = {
    "id": "v1_1",
    "model": "m-1",
    "status": "requires_action",
    "service_tier": "standard",
    "steps": [{"type": "user_input", "content": [{"type": "text", "text": "q"}]}, *STEPS],
    "usage": {
        "total_input_tokens": 10,
        "total_output_tokens": 3,
        "total_thought_tokens": 5,
        "total_cached_tokens": 0,
        "total_tool_use_tokens": 2,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 8}, {"modality": "image", "tokens": 2}],
    },
}


@pytest.mark.parametrize("body", [WHOLE, sdk(WHOLE).__dict__])
def test_response(body: dict[str, object]) -> None:
    found = FORMAT.response(body)
    assert [(call.id, call.name) for call in found.tool_requests] == [("c1", "f")]
    assert found._replace(tool_requests=()) == Response(
        id="v1_1",
        model="m-1",
        finish_reasons=("tool_calls",),
        usage=Usage(
            input_tokens=12,
            output_tokens=8,
            cache_read_tokens=0,
            reasoning_tokens=5,
            text_input_tokens=8,
            image_input_tokens=2,
        ),
        tier="standard",
        attributes={
            "agentotel.server_tool.calls.google_search": 1,
            "agentotel.server_tool.calls.mcp": 1,
        },
        server_tools=(
            ServerToolUse(kind="google_search", name="google_search", id="s1"),
            ServerToolUse(kind="mcp", name="look", id="m1", server="s"),
        ),
    )


@pytest.mark.parametrize(
    ("model", "billed"),
    [("gemini-3.5-flash", 2), ("gemini-2.5-flash", 1), ("deep-research", None), (None, None)],
)
def test_grounding(model: str | None, billed: int | None) -> None:
    counts = [{"type": "google_search", "count": 2}, {"type": "google_maps", "count": 0}, {"type": "retrieval"}]
    found = FORMAT.response({"model": model, "usage": {"total_input_tokens": 3, "grounding_tool_count": counts}})
    assert found.attributes == {"agentotel.server_tool.calls.google_search": 2}
    assert found.usage == Usage(input_tokens=3, web_searches=billed)


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        ("completed", ("stop",)),
        ("incomplete", ("length",)),
        ("cancelled", ("error",)),
        ("in_progress", ()),
        (None, ()),
    ],
)
def test_finish_reasons(status: str | None, reasons: tuple[str, ...]) -> None:
    assert FORMAT.response({"status": status}).finish_reasons == reasons


@pytest.mark.parametrize(
    ("sent", "failure"),
    [
        ({"status": "failed"}, Failure(type="_OTHER")),
        ({"status": "failed", "errors": [{"code": "bad", "message": "m"}]}, Failure(type="bad", message="m")),
        (
            {"status": "failed", "steps": [{"type": "model_output", "error": {"code": 8, "message": "m"}}]},
            Failure(type="RESOURCE_EXHAUSTED", message="m"),
        ),
        ({"error": {"code": "internal"}}, Failure(type="internal")),
        ({"status": "completed", "errors": []}, None),
    ],
)
def test_failure(sent: dict[str, object], failure: Failure | None) -> None:
    assert FORMAT.response(sent).failure == failure


def test_fetch() -> None:
    asked = {"id": "v1_1", "stream": "true", "last_event_id": "e7"}
    assert whole.asked(FETCH, asked) == Request(
        stream=True, attributes={"gen_ai.response.id": "v1_1", "gen_ai.request.stream_cursor": "e7"}
    )
    found = whole.told(FETCH, {**WHOLE, "status": "failed"})
    assert (found.usage, found.failure, found.finish_reasons) == (None, None, ("error",))
    assert found.server_tools == ()
    assert found.attributes == {"gen_ai.response.status": "failed"}
    assert whole.told(FETCH, {"status": "budget_exceeded"}).attributes == {"gen_ai.response.status": "incomplete"}


ANSWER = {"type": "function_result", "call_id": "c1", "result": {"r": 2}}


@pytest.mark.parametrize(
    ("sent", "messages"),
    [
        ("hi", [{"type": "user_input", "content": "hi"}]),
        ([{"type": "text", "text": "hi"}], [{"type": "user_input", "content": [{"type": "text", "text": "hi"}]}]),
        ({"type": "text", "text": "hi"}, [{"type": "user_input", "content": {"type": "text", "text": "hi"}}]),
        ([*STEPS, ANSWER], [*STEPS, ANSWER]),
        (None, []),
    ],
)
def test_context(sent: object, messages: list[object]) -> None:
    body = {"input": sent, "system_instruction": "be", "tools": [{"type": "google_search"}]}
    assert FORMAT.context(body) == Context(system="be", tools=[{"type": "google_search"}], messages=messages)


def test_answers() -> None:
    assert FORMAT.answers(ANSWER) == ("c1",)
    assert FORMAT.answers(STEPS[1]) == ()


@pytest.mark.parametrize(
    ("sent", "parts"),
    [
        ("hi", [{"type": "text", "content": "hi"}]),
        (["hi", {"type": "text", "text": "there"}], [{"type": "text", "content": t} for t in ("hi", "there")]),
        ({"type": "text", "text": "hi"}, [{"type": "text", "content": "hi"}]),
    ],
)
def test_content(sent: object, parts: list[object]) -> None:
    content = FORMAT.content(
        {
            "input": sent,
            "system_instruction": "be",
            "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "mcp_server", "headers": {"k": 1}}],
        }
    )
    assert_content_conforms(content)
    assert content.system_instructions == [{"type": "text", "content": "be"}]
    assert content.input_messages == [{"role": "user", "parts": parts}]
    assert content.tool_definitions == [
        {"type": "function", "name": "f", "parameters": {}},
        {"type": "mcp_server", "name": "mcp_server"},
    ]


OUTPUT = [
    {"type": "reasoning", "content": "hm"},
    {
        "type": "server_tool_call",
        "id": "s1",
        "name": "google_search",
        "server_tool_call": {"type": "google_search", "arguments": {"queries": ["q"]}},
    },
    {
        "type": "server_tool_call_response",
        "id": "s1",
        "server_tool_call_response": {"type": "google_search", "result": [{"title": "t"}]},
    },
    {
        "type": "server_tool_call",
        "id": "m1",
        "name": "look",
        "server_tool_call": {"type": "mcp", "server_name": "s", "arguments": {}},
    },
    {"type": "text", "content": "hi"},
    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "YQ=="},
    {"type": "uri", "modality": "audio", "mime_type": "audio/wav", "uri": "gs://b/a.wav"},
    {"type": "chart", "points": 2},
    {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"x": 1}},
]


def test_messages_of_steps() -> None:
    said = {"role": "model", "content": "so"}
    content = FORMAT.content({"input": [*STEPS, ANSWER, {"type": "thought"}, said, *WHOLE["steps"][:1]]})
    assert_content_conforms(content)
    assert content.input_messages == [
        {"role": "assistant", "parts": OUTPUT},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"r": 2}}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "so"}]},
        {"role": "user", "parts": [{"type": "text", "content": "q"}]},
    ]


def test_output() -> None:
    found = FORMAT.output(WHOLE)
    assert_conforms("output-messages", found)
    assert found == [{"role": "assistant", "parts": OUTPUT, "finish_reason": "tool_call"}]
    assert FORMAT.output({"status": "completed"}) is None
    assert FORMAT.output({"status": "completed", "outputs": [{"type": "text", "text": "hi"}]}) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}], "finish_reason": "stop"}
    ]


def test_outputs_of_older_servers() -> None:
    """Before there were steps, thoughts and calls stood beside texts."""
    outputs = [
        {"type": "thought", "summary": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "hi"},
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["q"]}},
        {"type": "function_call", "id": "c1", "name": "add", "arguments": {"a": 2}},
    ]
    body = {"status": "requires_action", "outputs": outputs}
    found = FORMAT.response(body)
    assert found.tool_requests == (ToolRequest(id="c1", name="add", arguments={"a": 2}),)
    assert [use.kind for use in found.server_tools] == ["google_search"]
    parts = FORMAT.output(body)[0]["parts"]
    assert [part["type"] for part in parts] == ["reasoning", "text", "server_tool_call", "tool_call"]


def event(kind: str, **more: object) -> dict[str, object]:
    return {"event_type": kind, **more}


def delta(index: int, kind: str, **more: object) -> dict[str, object]:
    return event("step.delta", index=index, delta={"type": kind, **more})


EVENTS = [
    event("interaction.created", interaction={"id": "v1_1", "model": "m-1", "status": "in_progress"}),
    event("interaction.status_update", status="in_progress"),
    event("step.start", index=0, step={"type": "thought"}),
    delta(0, "thought_signature", signature="c2ln"),
    delta(0, "thought_summary", content={"type": "text", "text": "h"}),
    delta(0, "thought_summary", content={"type": "text", "text": "m"}),
    event("step.stop", index=0),
    event("step.start", index=1, step={"type": "google_search_call", "id": "s1"}),
    delta(1, "google_search_call", arguments={"queries": ["q"]}),
    event("step.start", index=2, step={"type": "google_search_result", "call_id": "s1"}),
    delta(2, "google_search_result", result=[{"title": "t"}], is_error=None),
    event("step.start", index=3, step={"type": "model_output", "content": [{"type": "text", "text": "a"}]}),
    delta(3, "text", text="he"),
    delta(3, "text_annotation_delta", annotations=[]),
    delta(3, "text", text="y"),
    delta(3, "image", data="YQ==", mime_type="image/png"),
    event("step.start", index=4, step={"type": "function_call", "id": "c1", "name": "f", "arguments": {}}),
    delta(4, "arguments_delta", arguments='{"x"'),
    delta(4, "arguments_delta", arguments=":1}"),
]
END = event(
    "interaction.completed",
    interaction={"id": "v1_1", "status": "requires_action", "usage": {"total_input_tokens": 3}, "steps": None},
)


def fold(*events: object) -> tuple[dict[str, object] | None, bool]:
    folded = FORMAT.fold()
    for sent in events:
        folded.add(sent)
    assert folded.result() == folded.result()
    return folded.result(), folded.complete


@pytest.mark.parametrize("make", [lambda sent: sent, sdk], ids=["dict", "sdk"])
def test_fold(make: object) -> None:
    body, complete = fold(*(make(sent) for sent in (*EVENTS, END)))
    assert complete
    found = FORMAT.response(body)
    assert (found.id, found.model, found.finish_reasons) == ("v1_1", "m-1", ("tool_calls",))
    assert found.usage == Usage(input_tokens=3)
    assert found.tool_requests == (ToolRequest(id="c1", name="f", arguments={"x": 1}),)
    said = FORMAT.output(body)
    assert_conforms("output-messages", said)
    assert said[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        *OUTPUT[1:3],
        {"type": "text", "content": "a"},
        {"type": "text", "content": "hey"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "YQ=="},
        OUTPUT[-1],
    ]


def test_fold_that_was_cut() -> None:
    body, complete = fold(*EVENTS[:13])
    assert not complete
    assert FORMAT.response(body).usage is None
    assert FORMAT.response(body).finish_reasons == ()
    assert FORMAT.output(body)[0]["parts"][-1] == {"type": "text", "content": "he"}


def test_fold_that_begins_later() -> None:
    body, _ = fold(
        delta(0, "text", text="hi"),
        delta(1, "arguments_delta", arguments="{}"),
        delta(2, "thought_summary", content={"text": "hm"}),
        delta(3, "google_search_call", arguments={"queries": []}),
    )
    assert [step["type"] for step in body["steps"]] == [
        "model_output",
        "function_call",
        "thought",
        "google_search_call",
    ]


def test_fold_of_errors_and_nothing() -> None:
    assert fold() == (None, False)
    assert fold(event("ping"), None) == (None, False)
    body, complete = fold(event("error", error={"code": "internal", "message": "m"}))
    assert not complete
    assert FORMAT.response(body).failure == Failure(type="internal", message="m")
    body, _ = fold(EVENTS[0], event("error", message="m"))
    assert FORMAT.response(body).failure == Failure(type="_OTHER", message="m")
