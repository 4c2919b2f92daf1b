"""Spans of others, in each dialect."""

from __future__ import annotations

import pytest

from agentotel.facts.call import Usage
from agentotel.wire import spans

OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.provider": "azure",
    "llm.model_name": "gpt-4o-mini",
    "llm.invocation_parameters": '{"temperature": 0, "max_tokens": 20, "top_p": "high", "model": "gpt-4o-mini"}',
    "llm.token_count.prompt": 12,
    "llm.token_count.completion": 5,
    "llm.token_count.prompt_details.cache_read": 8,
    "llm.token_count.completion_details.reasoning": 2,
    "llm.finish_reason": "stop",
}
OPENLLMETRY = {
    "llm.request.type": "completion",
    "gen_ai.system": "VertexAI",
    "gen_ai.request.model": "gemini-2.5-pro",
    "gen_ai.response.model": "gemini-2.5-pro-001",
    "gen_ai.usage.prompt_tokens": 7,
    "gen_ai.usage.completion_tokens": 3,
    "gen_ai.response.finish_reasons": '["stop"]',
    "gen_ai.is_streaming": True,
}


def test_openinference() -> None:
    told = spans.read(OPENINFERENCE)
    assert told is not None
    assert (told.operation, told.provider, told.request.model) == ("chat", "azure.ai.openai", "gpt-4o-mini")
    assert told.request.attributes == {"gen_ai.request.temperature": 0.0, "gen_ai.request.max_tokens": 20}
    assert told.response.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=8, reasoning_tokens=2)
    assert told.response.finish_reasons == ("stop",)
    assert (told.server, told.port) == (None, None)


def test_openllmetry() -> None:
    told = spans.read(OPENLLMETRY)
    assert told is not None
    assert (told.operation, told.provider) == ("text_completion", "gcp.vertex_ai")
    assert (told.request.model, told.response.model) == ("gemini-2.5-pro", "gemini-2.5-pro-001")
    assert told.request.stream
    assert told.response.usage == Usage(input_tokens=7, output_tokens=3)
    assert told.response.finish_reasons == ("stop",)


def test_the_conventions() -> None:
    told = spans.read(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.request.stream": True,
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.finish_reasons": ("stop", 3),
            "server.address": "api.openai.com",
            "server.port": 443,
        }
    )
    assert told is not None
    assert (told.response.id, told.response.usage, told.response.finish_reasons) == ("chatcmpl-1", None, ("stop",))
    assert (told.server, told.port, told.request.stream) == ("api.openai.com", 443, True)


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"gen_ai.operation.name": "embeddings"}, "embeddings"),
        ({"gen_ai.operation.name": "acompletion"}, "chat"),
        ({"gen_ai.operation.name": "invoke_agent"}, ""),
        ({"openinference.span.kind": "embedding"}, "embeddings"),
        ({"openinference.span.kind": "CHAIN"}, ""),
        ({"llm.request.type": "rerank"}, "rerank"),
        ({"llm.request.type": "unknown"}, ""),
        ({"traceloop.span.kind": "workflow"}, ""),
        ({"http.request.method": "POST"}, None),
        ({}, None),
    ],
)
def test_what_a_span_is(attributes: dict[str, str], operation: str | None) -> None:
    assert spans.operation(attributes) == operation


def test_a_span_that_is_no_call_is_not_read() -> None:
    assert spans.read({"gen_ai.operation.name": "execute_tool"}) is None
    assert spans.read({}) is None


@pytest.mark.parametrize("parameters", ["not JSON", "[1]", 3])
def test_parameters_that_cannot_be_read_are_absent(parameters: object) -> None:
    told = spans.read({**OPENINFERENCE, "llm.invocation_parameters": parameters})
    assert told is not None
    assert told.request.attributes == {}


def test_reasons_that_are_one_word() -> None:
    told = spans.read({**OPENLLMETRY, "gen_ai.response.finish_reasons": "stop"})
    assert told is not None
    assert told.response.finish_reasons == ("stop",)
    told = spans.read({"openinference.span.kind": "LLM"})
    assert told is not None
    assert (told.provider, told.response.finish_reasons, told.response.usage) == ("unknown", (), None)


def test_failures() -> None:
    raised = [("note", {}), ("exception", {}), ("exception", {"exception.type": "openai.RateLimitError"})]
    assert spans.failure({"error.type": "429"}, raised).type == "429"
    assert spans.failure({}, raised).type == "openai.RateLimitError"
    assert spans.failure({}, []).type == "_OTHER"


def test_a_model_with_its_vendor_before_it() -> None:
    told = spans.read({**OPENINFERENCE, "llm.provider": "anthropic", "llm.model_name": "anthropic/claude-sonnet-4-5"})
    assert told is not None
    assert (told.request.model, told.response.model) == ("claude-sonnet-4-5", "claude-sonnet-4-5")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("nova-micro-v1:0", "amazon.nova-micro-v1:0", True),
        ("us.anthropic.claude-sonnet-4", "claude-sonnet-4", True),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("4o", "gpt-4o", False),
    ],
)
def test_the_same_model(one: str, other: str, same: bool) -> None:
    assert spans.same_model(one, other) is same


@pytest.mark.parametrize("name", ["llm.invocation_parameters", "llm.model_name"])
def test_openinference_before_it_says_its_kind(name: str) -> None:
    assert spans.operation({name: "{}"}) == "chat"
    assert spans.operation({name: "{}", "openinference.span.kind": "AGENT"}) == ""


@pytest.mark.parametrize("name", ["gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"])
def test_a_stream(name: str) -> None:
    for value in (True, False):
        told = spans.read({**OPENINFERENCE, name: value})
        assert told is not None
        assert told.request.stream is value
