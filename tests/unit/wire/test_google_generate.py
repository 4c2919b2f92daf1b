from __future__ import annotations

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ServerToolUse, ToolRequest, Usage
from agentotel.facts.stop import FILTERED
from agentotel.wire._google import FINISH_REASONS
from agentotel.wire.google_generate import FORMAT
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms
from tests.unit.wire.whole import asked, told

HELLO = [{"role": "user", "parts": [{"text": "hello"}]}]


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
        (None, None),
    ],
)
def test_model(model: str | None, named: str | None) -> None:
    assert asked(FORMAT, {"model": model, "contents": HELLO, "stream": True}) == Request(
        model=named, stream=True, attributes={}
    )


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"maxOutputTokens": 10, "seed": 3}, {"gen_ai.request.max_tokens": 10, "gen_ai.request.seed": 3}),
        ({"max_output_tokens": 10}, {"gen_ai.request.max_tokens": 10}),
        ({"temperature": 1, "topP": 0.5}, {"gen_ai.request.temperature": 1.0, "gen_ai.request.top_p": 0.5}),
        ({"topK": 40.0}, {"gen_ai.request.top_k": 40}),
        ({"topK": 1.5}, {}),
        (
            {"frequencyPenalty": 0.1, "presencePenalty": 0.2},
            {"gen_ai.request.frequency_penalty": 0.1, "gen_ai.request.presence_penalty": 0.2},
        ),
        ({"stopSequences": ["END"]}, {"gen_ai.request.stop_sequences": ["END"]}),
        ({"candidateCount": 2}, {"gen_ai.request.choice.count": 2}),
        ({"candidateCount": 1}, {}),
        ({"thinkingConfig": {"thinking_level": "LOW"}}, {"gen_ai.request.reasoning.level": "LOW"}),
        ({"thinkingConfig": {"thinkingBudget": 512}}, {}),
        ({"responseMimeType": "application/json"}, {"gen_ai.output.type": "json"}),
        ({"responseModalities": ["TEXT", "IMAGE"]}, {"gen_ai.output.type": "image"}),
        ({"responseModalities": ["AUDIO"]}, {"gen_ai.output.type": "speech"}),
        ({"responseModalities": ["TEXT"], "temperature": None}, {}),
    ],
)
def test_request_attributes(config: dict[str, object], found: dict[str, object]) -> None:
    assert asked(FORMAT, {"generationConfig": config}).attributes == found


WHOLE = {
    "responseId": "r1",
    "modelVersion": "gemini-2.5-flash-001",
    "candidates": [
        {
            "index": 0,
            "finishReason": "STOP",
            "content": {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
                    {"text": "hi"},
                    {"functionCall": {"name": "f", "args": {"x": 1}}},
                    {"functionCall": {"id": "c2", "name": "g"}},
                ],
            },
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 100,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 5,
        "cachedContentTokenCount": 60,
        "toolUsePromptTokenCount": 7,
        "totalTokenCount": 132,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 50},
            {"modality": "IMAGE", "tokenCount": 20},
            {"modality": "AUDIO", "tokenCount": 20},
            {"modality": "VIDEO", "tokenCount": 10},
            {"modality": "TEXT"},
        ],
        "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 18}, {"modality": "IMAGE", "tokenCount": 2}],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
        "serviceTier": "standard",
    },
}


def test_response() -> None:
    assert told(FORMAT, WHOLE) == Response(
        id="r1",
        model="gemini-2.5-flash-001",
        finish_reasons=("stop",),
        usage=Usage(
            input_tokens=107,
            output_tokens=25,
            cache_read_tokens=60,
            reasoning_tokens=5,
            text_input_tokens=57,
            image_input_tokens=20,
            audio_input_tokens=20,
            text_output_tokens=18,
            image_output_tokens=2,
            audio_cache_read_tokens=4,
            video_input_tokens=10,
        ),
        tier="standard",
        tool_requests=(
            ToolRequest(id=None, name="f", arguments={"x": 1}),
            ToolRequest(id="c2", name="g", arguments={}),
        ),
    )


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({}, None),
        ({"totalTokenCount": 3}, None),
        ({"promptTokenCount": 3}, Usage(input_tokens=3)),
        ({"thoughtsTokenCount": 4}, Usage(output_tokens=4, reasoning_tokens=4)),
        ({"promptTokenCount": 3, "candidatesTokenCount": 0}, Usage(input_tokens=3, output_tokens=0)),
        (
            {"promptTokenCount": 3, "responseTokenCount": 2, "responseTokensDetails": [{"modality": "AUDIO"}]},
            Usage(input_tokens=3, output_tokens=2),
        ),
    ],
)
def test_usage(sent: dict[str, object], usage: Usage | None) -> None:
    assert FORMAT.response({"usageMetadata": sent}).usage == usage


@pytest.mark.parametrize(
    ("reason", "said", "written"),
    [
        ("STOP", "stop", "stop"),
        ("MAX_TOKENS", "max_tokens", "length"),
        ("SAFETY", "safety", "content_filter"),
        ("PROHIBITED_CONTENT", "prohibited_content", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed_function_call", "malformed_function_call"),
        ("OTHER", "other", "error"),
        (None, "error", "error"),
    ],
)
def test_finish_reasons(reason: str | None, said: str, written: str) -> None:
    body = {"candidates": [{"finishReason": reason}]}
    assert FORMAT.response(body).finish_reasons == (said,)
    assert [message["finish_reason"] for message in FORMAT.output(body) or []] == [written]


def test_answers_that_are_held_back_are_known_to_stop_reasons() -> None:
    held = {reason.lower() for reason, word in FINISH_REASONS.items() if word == "content_filter"}
    assert held < FILTERED


def test_tier_of_vertex() -> None:
    assert FORMAT.response({"usageMetadata": {"trafficType": "ON_DEMAND"}}).tier == "ON_DEMAND"


def test_blocked_prompt() -> None:
    found = FORMAT.response({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}})
    assert found.finish_reasons == ("content_filter",)
    assert found.failure is None
    assert found.usage == Usage(input_tokens=9)


def test_prompt_feedback_beside_candidates_is_no_failure() -> None:
    sent = {"promptFeedback": {"safetyRatings": []}, "candidates": [{"finishReason": "STOP"}]}
    assert FORMAT.response(sent).failure is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 503, "message": "m", "status": "UNAVAILABLE"}, "503"),
        ({"code": 8, "message": "m"}, "RESOURCE_EXHAUSTED"),
        ({"message": "m"}, "_OTHER"),
    ],
)
def test_error(error: dict[str, object], kind: str) -> None:
    assert FORMAT.response({"error": error}) == Response(failure=Failure(type=kind, message="m"))


TOOLS = [
    {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT"}}, {"name": "g"}]},
    {"functionDeclarations": [{"name": "h", "parametersJsonSchema": {"type": "object"}}]},
    {"googleSearch": {}, "codeExecution": None},
]


def test_context() -> None:
    assert FORMAT.context({"contents": HELLO, "systemInstruction": {"parts": [{"text": "be"}]}, "tools": TOOLS}) == (
        Context(
            system={"parts": [{"text": "be"}]},
            tools=[*TOOLS[0]["functionDeclarations"], *TOOLS[1]["functionDeclarations"], {"googleSearch": {}}],
            messages=HELLO,
        )
    )
    assert FORMAT.context({"contents": "hi"}) == Context(messages=["hi"])
    assert FORMAT.context({}) == Context(messages=[])


def test_answers() -> None:
    with_id = {"functionResponse": {"id": "c1", "name": "f", "response": {}}}
    without = {"functionResponse": {"name": "g", "response": {}}}
    assert FORMAT.answers({"role": "user", "parts": [with_id, without, {"text": "t"}]}) == ("c1", "g")
    assert FORMAT.answers("hi") == ()


def test_content() -> None:
    content = FORMAT.content(
        {
            "systemInstruction": {"parts": [{"text": "be"}, {"text": ""}]},
            "contents": [
                "plain",
                {
                    "parts": [
                        {"inlineData": {"data": "a-_b", "mimeType": "image/png"}},
                        {"inline_data": {"data": "YQ==", "mime_type": "application/pdf"}},
                        {"inlineData": {"mimeType": "image/png"}},
                        {"fileData": {"fileUri": "gs://b/v.mp4", "mimeType": "video/mp4"}},
                        {"fileData": {}},
                        {"videoMetadata": {}},
                        "said",
                    ]
                },
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": 1}}}]},
                {
                    "role": "function",
                    "parts": [
                        {
                            "functionResponse": {
                                "name": "f",
                                "response": {"result": 2},
                                "parts": [{"inlineData": {"data": "YQ==", "mimeType": "image/png"}}],
                            }
                        }
                    ],
                },
                {"role": "user", "parts": [{"text": "now"}]},
            ],
            "tools": TOOLS,
        }
    )
    assert_content_conforms(content)
    assert content.system_instructions == [{"type": "text", "content": "be"}]
    assert content.input_messages == [
        {"role": "user", "parts": [{"type": "text", "content": "plain"}]},
        {
            "role": "user",
            "parts": [
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "a+/b"},
                {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "YQ=="},
                {"type": "uri", "modality": "video", "mime_type": "video/mp4", "uri": "gs://b/v.mp4"},
                {"type": "text", "content": "said"},
            ],
        },
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": {"x": 1}}]},
        {
            "role": "tool",
            "parts": [
                {"type": "tool_call_response", "response": {"result": 2}},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "YQ=="},
            ],
        },
        {"role": "user", "parts": [{"type": "text", "content": "now"}]},
    ]
    assert content.tool_definitions == [
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "OBJECT"}},
        {"type": "function", "name": "g"},
        {"type": "function", "name": "h", "parameters": {"type": "object"}},
        {"type": "googleSearch", "name": "googleSearch"},
    ]


def test_content_of_nothing() -> None:
    content = FORMAT.content({})
    assert (content.system_instructions, content.input_messages, content.tool_definitions) == (None, None, None)


def test_output() -> None:
    served = [
        {"executableCode": {"id": "x1", "language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"id": "x1", "outcome": "OUTCOME_OK", "output": "2"}},
        {"toolCall": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"q": "a"}}},
        {"toolResponse": {"id": "s1", "response": {"r": 1}}},
    ]
    found = FORMAT.output({"candidates": [*WHOLE["candidates"], {"content": {"parts": served}}]})
    assert_conforms("output-messages", found)
    assert found == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "text", "content": "hi"},
                {"type": "tool_call", "name": "f", "arguments": {"x": 1}},
                {"type": "tool_call", "id": "c2", "name": "g", "arguments": {}},
            ],
            "finish_reason": "stop",
        },
        {
            "role": "assistant",
            "parts": [
                {
                    "type": "server_tool_call",
                    "id": "x1",
                    "name": "code_execution",
                    "server_tool_call": {"type": "code_execution", "language": "PYTHON", "code": "1+1"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "x1",
                    "server_tool_call_response": {
                        "type": "code_execution",
                        "outcome": "OUTCOME_OK",
                        "output": "2",
                    },
                },
                {
                    "type": "server_tool_call",
                    "id": "s1",
                    "name": "google_search_web",
                    "server_tool_call": {"type": "google_search_web", "arguments": {"q": "a"}},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "s1",
                    "server_tool_call_response": {"type": "unknown", "response": {"r": 1}},
                },
            ],
            "finish_reason": "error",
        },
    ]
    assert FORMAT.output({}) is None


QUERIES = {"webSearchQueries": ["a", "b"], "retrievalQueries": ["c"]}
PAGES = {"urlMetadata": [{"retrievedUrl": "u", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}]}


def test_server_tools_of_metadata() -> None:
    candidate = {"finishReason": "STOP", "groundingMetadata": QUERIES, "urlContextMetadata": PAGES}
    found = FORMAT.response({"candidates": [candidate], "modelVersion": "gemini-3.5-flash"})
    assert found.server_tools == (
        ServerToolUse(kind="google_search", name="google_search"),
        ServerToolUse(kind="google_search", name="google_search"),
        ServerToolUse(kind="retrieval", name="retrieval"),
        ServerToolUse(kind="url_context", name="url_context", status="URL_RETRIEVAL_STATUS_SUCCESS"),
    )
    assert found.attributes == {
        "agentotel.server_tool.calls.google_search": 2,
        "agentotel.server_tool.calls.retrieval": 1,
        "agentotel.server_tool.calls.url_context": 1,
    }
    assert found.usage == Usage(web_searches=2)


def test_server_tools_of_parts_come_before_metadata() -> None:
    parts = [
        {"executableCode": {"id": "x1", "code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
        {"executableCode": {"code": "2"}},
        {"toolCall": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB"}},
        {"toolCall": {"id": "s2"}},
    ]
    candidate = {"content": {"parts": parts}, "groundingMetadata": {"webSearchQueries": ["a"]}}
    found = FORMAT.response({"candidates": [candidate], "modelVersion": "gemini-2.5-pro"})
    assert found.server_tools == (
        ServerToolUse(kind="code_execution", name="code_execution", id="x1", status="OUTCOME_OK"),
        ServerToolUse(kind="code_execution", name="code_execution"),
        ServerToolUse(kind="google_search_web", name="google_search_web", id="s1"),
        ServerToolUse(kind="unknown", name="unknown", id="s2"),
    )
    assert found.usage == Usage(web_searches=1)


@pytest.mark.parametrize("model", ["tuned", None])
def test_searches_of_a_model_that_does_not_tell_how_they_are_billed(model: str | None) -> None:
    candidate = {"groundingMetadata": {"webSearchQueries": ["a"]}}
    assert FORMAT.response({"candidates": [candidate], "modelVersion": model}).usage is None


def test_log_probabilities() -> None:
    token, other = {"token": "Hi", "logProbability": -0.1}, {"token": "Hey", "logProbability": -2.3}
    result = {"chosenCandidates": [token, other], "topCandidates": [{"candidates": [token, other]}, {}]}
    top = [{"token": "Hi", "logprob": -0.1}, {"token": "Hey", "logprob": -2.3}]
    expected = [[{"token": "Hi", "logprob": -0.1, "top": top}, {"token": "Hey", "logprob": -2.3}]]
    assert FORMAT.logprobs({"candidates": [{"logprobsResult": result}]}) == expected
    assert FORMAT.logprobs({"candidates": [{"finishReason": "STOP"}]}) is None
    assert FORMAT.logprobs({}) is None
