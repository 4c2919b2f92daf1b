"""Tools: decorated, as a block, with a price, and with a fallback. The model's request is paired with the call."""

from __future__ import annotations

import json

from offline import openai_client

import agentotel

agentotel.init(service_name="example-tools", console=True)

TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@agentotel.tool(version="2.1", cost=0.001)
def get_weather(city: str) -> dict[str, object]:
    """Tell the weather of a city."""
    return {"city": city, "celsius": 21, "dry": True}


@agentotel.tool
def read_gauge(city: str) -> float:
    """Ask the gauge on the roof."""
    raise ConnectionError(city)


@agentotel.tool(fallback_for="read_gauge")
def read_archive(city: str) -> float:
    """Look the usual temperature up."""
    return 19.5 if city == "Lyon" else 15.0


def answer(question: str) -> str:
    """Let the model ask for the tool, run it, and let the model answer."""
    messages: list = [{"role": "user", "content": question}]
    with openai_client() as client:
        asked = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=[TOOL]).choices[0].message
        messages.append(asked.to_dict())
        for call in asked.tool_calls or ():
            result = get_weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
        last = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=[TOOL])
        return last.choices[0].message.content or ""


with agentotel.session(feature="weather") as session, agentotel.turn(), agentotel.agent("forecaster", max_steps=5):
    print(answer("How is the weather in Lyon?"))
    try:
        degrees = read_gauge("Lyon")
    except ConnectionError:
        degrees = read_archive("Lyon")
    with agentotel.tool_call("convert", {"celsius": degrees}) as call:
        call.result(degrees * 9 / 5 + 32)

totals = session.totals
print(f"{totals.tool_calls} tool calls, {totals.errors} error, stopped: {session.stop_reason}")
