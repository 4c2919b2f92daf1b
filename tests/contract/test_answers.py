"""What answers hold beside text: reasoning, log probabilities, tools that the provider ran, rarer classes of tokens."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done, each
from tests.fakes.made import answering, streaming
from tests.fakes.replay import Replay

CLIENTS = {
    "openai": {"sync": openai.OpenAI, "async": openai.AsyncOpenAI},
    "anthropic": {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic},
}
ASKED = [{"role": "user", "content": "Hello"}]


def client_of(package: str, flavour: str, server: Replay) -> Any:
    """Make a client that talks to ``server``."""
    return CLIENTS[package][flavour](base_url=server.url, api_key="key")


SEARCHED = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-5-mini",
    "status": "completed",
    "output": [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "mcp_call", "id": "mc_1", "name": "ask", "server_label": "docs", "arguments": "{}", "error": "no"},
        {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": []},
    ],
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_tools_that_openai_ran(flavour: str) -> None:
    with Replay(answering(SEARCHED)) as server, capture() as captured:
        client = client_of("openai", flavour, server)
        await done(client.responses.create(model="gpt-5-mini", input="Hello"))
        await close(client)
    (span,) = captured.model_calls
    assert span.attributes["agentotel.server_tool.calls.web_search"] == 1
    assert span.attributes["agentotel.server_tool.calls.mcp"] == 1
    assert [(event.name, dict(event.attributes)) for event in span.events if "attempt" not in event.name] == [
        (
            "agentotel.server_tool",
            {
                "gen_ai.tool.name": "web_search",
                "gen_ai.tool.call.id": "ws_1",
                "agentotel.server_tool.kind": "web_search",
                "agentotel.server_tool.status": "completed",
            },
        ),
        (
            "agentotel.server_tool",
            {
                "gen_ai.tool.name": "ask",
                "gen_ai.tool.call.id": "mc_1",
                "agentotel.server_tool.kind": "mcp",
                "agentotel.server_tool.status": "failed",
                "agentotel.server_tool.server": "docs",
            },
        ),
    ]
    cost = span.attributes["agentotel.cost.usd"]
    tokens = span.attributes["agentotel.cost.input_usd"] + span.attributes["agentotel.cost.output_usd"]
    assert cost == pytest.approx(tokens + 0.01), "one search at 10 USD for a thousand"


def message_events() -> list[dict[str, Any]]:
    """Make the events of a message in which a search ran, and a compaction before it."""
    usage = {"input_tokens": 10, "output_tokens": 1}
    use = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
    beside = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 0}
    ended = {
        "output_tokens": 20,
        "server_tool_use": {"web_search_requests": 1},
        "iterations": [{"type": "compaction", **beside}, {"type": "message", **usage}],
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": []}
    return [
        {"type": "message_start", "message": {**message, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": use},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": found},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": ended},
        {"type": "message_stop"},
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_tools_and_a_compaction_in_a_stream_of_anthropic(flavour: str) -> None:
    with Replay(streaming(*message_events(), done=False)) as server, capture() as captured:
        client = client_of("anthropic", flavour, server)
        stream = await done(
            client.beta.messages.create(model="claude-sonnet-4-6", max_tokens=9, messages=ASKED, stream=True)
        )
        assert [event.type async for event in each(stream)][-1] == "message_stop"
        await close(client)
    (span,) = captured.model_calls
    assert span.attributes["gen_ai.usage.input_tokens"] == 10
    assert span.attributes["agentotel.server_tool.calls.web_search"] == 1
    assert span.attributes["agentotel.usage.beside.input_tokens"] == 1000
    assert span.attributes["agentotel.usage.beside.output_tokens"] == 100
    assert [event.attributes["gen_ai.tool.call.id"] for event in span.events if "server_tool" in event.name] == [
        "srv_1"
    ]
    expected = (10 + 1000) * 3e-6 + (20 + 100) * 15e-6 + 0.01
    assert span.attributes["agentotel.cost.usd"] == pytest.approx(expected)


THOUGHT = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "thinking", "thinking": "Secretly.", "signature": "s"}, {"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 5},
}


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({"content": True}, ["reasoning", "text"]),
        ({"content": True, "capture_reasoning": False}, ["text"]),
        ({"content": False, "capture_reasoning": True}, None),
    ],
)
def test_reasoning_has_a_switch_of_its_own(settings: dict[str, Any], kinds: list[str] | None) -> None:
    with Replay(answering(THOUGHT)) as server, capture(**settings) as captured:
        client = anthropic.Anthropic(base_url=server.url, api_key="key")
        asked = [*ASKED, {"role": "assistant", "content": THOUGHT["content"]}, *ASKED]
        client.messages.create(model="claude-sonnet-4-6", max_tokens=9, messages=asked)
        client.close()
    (span,) = captured.model_calls
    for name, place in (("gen_ai.output.messages", 0), ("gen_ai.input.messages", 1)):
        written = span.attributes.get(name)
        shown = None if written is None else [part["type"] for part in json.loads(written)[place]["parts"]]
        assert shown == kinds, name


def test_reasoning_is_left_out_of_log_records_too() -> None:
    with (
        Replay(answering(THOUGHT)) as server,
        capture(content="EVENT_ONLY", capture_reasoning=False) as captured,
    ):
        client = anthropic.Anthropic(base_url=server.url, api_key="key")
        client.messages.create(model="claude-sonnet-4-6", max_tokens=9, messages=ASKED)
        client.close()
    assert "Hi." in str([event.attributes for event in captured.events])
    assert "Secretly" not in str([event.attributes for event in captured.events])


def chunks() -> list[dict[str, Any]]:
    """Make the chunks of an answer with log probabilities."""
    head = {"id": "c_1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    deltas = ({"role": "assistant", "content": ""}, {"content": "He"}, {"content": "llo"}, {})
    said = [{"token": one.get("content"), "logprob": -0.25, "bytes": [], "top_logprobs": []} for one in deltas]
    told = [None, {"content": said[1:2]}, {"content": said[2:3]}, None]
    ends = (None, None, None, "stop")
    return [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": one, "finish_reason": end}]}
        for delta, one, end in zip(deltas, told, ends, strict=True)
    ]


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_log_probabilities_are_content(flavour: str, *, content: bool) -> None:
    with Replay(streaming(*chunks())) as server, capture(content=content) as captured:
        client = client_of("openai", flavour, server)
        stream = await done(
            client.chat.completions.create(model="gpt-4o-mini", messages=ASKED, stream=True, logprobs=True)
        )
        assert len([chunk async for chunk in each(stream)]) == 4
        await close(client)
    (span,) = captured.model_calls
    written = span.attributes.get("agentotel.response.logprobs")
    expected = [[{"token": "He", "logprob": -0.25}, {"token": "llo", "logprob": -0.25}]]
    assert (None if written is None else json.loads(written)) == (expected if content else None)


def test_what_was_predicted_is_told_apart() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 30,
        "total_tokens": 40,
        "completion_tokens_details": {"accepted_prediction_tokens": 20, "rejected_prediction_tokens": 5},
    }
    answer = {"id": "c_1", "model": "gpt-4o-mini", "choices": [], "usage": usage}
    with Replay(answering(answer)) as server, capture() as captured:
        client = openai.OpenAI(base_url=server.url, api_key="key")
        client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)
        client.close()
    (span,) = captured.model_calls
    assert span.attributes["agentotel.usage.prediction_accepted.output_tokens"] == 20
    assert span.attributes["agentotel.usage.prediction_rejected.output_tokens"] == 5


FIRST = ("gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.inference.time_to_first_chunk")


@pytest.mark.parametrize("metrics", ["shipped", "spec"])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_the_first_chunk_is_timed_for_inference_alone(flavour: str, metrics: str) -> None:
    head = {"id": "resp_1", "object": "response", "model": "gpt-5-mini", "output": []}
    events = [
        {"type": "response.created", "sequence_number": 0, "response": {**head, "status": "in_progress"}},
        {"type": "response.completed", "sequence_number": 1, "response": {**head, "status": "completed"}},
    ]
    with Replay(streaming(*events, done=False)) as server, capture(metrics=metrics) as captured:
        client = client_of("openai", flavour, server)
        for streamed in (
            client.responses.create(model="gpt-5-mini", input="Hello", stream=True),
            client.responses.retrieve("resp_1", stream=True),
        ):
            assert len([event async for event in each(await done(streamed))]) == 2
        await close(client)
    asked, fetched = captured.spans
    assert (asked.name, fetched.name, fetched.outcome) == ("chat gpt-5-mini", "fetch_response", "completed")
    assert (asked.first_chunk_s is not None, fetched.first_chunk_s) == (True, None)
    (point,) = [point for point in captured.metrics if point.name in FIRST]
    assert (point.attributes["gen_ai.operation.name"], point.count, point.sum) == ("chat", 1, asked.first_chunk_s)
