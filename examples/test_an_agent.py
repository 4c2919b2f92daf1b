"""Tests of an agent with pytest: what it called, what it cost, why it stopped. Run it with ``pytest``."""

from __future__ import annotations

import json

import pytest
from offline import openai_client

import agentotel
from agentotel import StopReason
from agentotel.testing import Captured

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


@agentotel.tool(version="2.1")
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"21 degrees in {city}"


@agentotel.agent("forecaster", max_steps=5)
def forecast(question: str) -> str:
    """Answer a question about the weather: the code under test."""
    messages: list = [{"role": "user", "content": question}]
    with openai_client() as client:
        for _ in range(5):
            reply = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=[TOOL])
            message = reply.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages.append(message.to_dict())
            for call in message.tool_calls:
                result = get_weather(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return ""


def test_the_agent_asks_for_the_weather_once(agentotel_capture: Captured) -> None:
    with agentotel.session(feature="weather"), agentotel.turn():
        answer = forecast("How is the weather in Lyon?")
    assert answer == "It is 21 degrees and dry in Lyon."
    (call,) = agentotel_capture.tool_calls
    assert (call.tool, call.version, call.attempt) == ("get_weather", "2.1", 1)
    first, _last = agentotel_capture.model_calls
    assert call.requested_by == first.span_id


def test_the_run_ends_well_and_costs_little(agentotel_capture: Captured) -> None:
    forecast("How is the weather in Lyon?")
    (run,) = agentotel_capture.runs
    assert run.stop_reason is StopReason.COMPLETED
    assert run.totals.llm_calls == 2
    assert run.totals.cost_usd == pytest.approx(0.0002, abs=0.0002)


def test_no_question_leaves_the_process(agentotel_capture: Captured) -> None:
    forecast("How is the weather in Lyon?")
    assert all("Lyon" not in str(value) for span in agentotel_capture.spans for value in span.attributes.values())
