"""Sub-agents on another provider, side by side in threads, and a run that stops for a reason of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from offline import anthropic_client, openai_client

import agentotel

SHORTEST = 1_000

agentotel.init(service_name="example-sub-agents", console=True)


@agentotel.agent("reader", version="3")
def read(topic: str) -> str:
    """Read about one topic, with a model of Anthropic."""
    with anthropic_client() as client:
        message = client.messages.create(
            model="claude-haiku-4-5", max_tokens=200, messages=[{"role": "user", "content": f"What is a {topic}?"}]
        )
        return "".join(block.text for block in message.content if block.type == "text")


def check(text: str) -> None:
    """Stop the run where the answer is not good enough; without this it would be ``completed``."""
    with agentotel.agent("checker") as run:
        good = len(text) > SHORTEST
        agentotel.validation("length", verdict="pass" if good else "fail", expected=f"more than {SHORTEST} characters")
        if not good:
            run.stop("guardrail", "the answer is too short")
            run.result = "failure"
    print(f"checker stopped: {run.stop_reason} ({run.stop_detail})")


with agentotel.session(feature="research") as session, agentotel.turn(), agentotel.agent("editor") as editor:
    with agentotel.step("planning"):
        agentotel.decision("two topics", options=["one topic", "two topics"], reason="the question names both")
    agentotel.handoff("reader", reason="reading is its job")
    with ThreadPoolExecutor() as pool:
        texts = list(pool.map(read, ["trace", "metric"]))
    check(" ".join(texts))
    with openai_client() as client:
        client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": " ".join(texts)}])

print(f"editor: {editor.totals.llm_calls} model calls with its sub-agents, stopped: {editor.stop_reason}")
