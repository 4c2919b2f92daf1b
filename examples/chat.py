"""One session with one turn and one model call, shown on the terminal as it runs."""

from __future__ import annotations

from offline import openai_client

import agentotel

agentotel.init(service_name="example-chat", console=True)

question = "What are traces, metrics and logs?"
with (
    openai_client() as client,
    agentotel.session(user="u-17", feature="questions") as session,
    agentotel.turn(input=question) as turn,
):
    with agentotel.agent("answerer", version="1"):
        completion = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": question}]
        )
    turn.output(completion.choices[0].message.content)

print(turn.answer)
print(f"{session.totals.llm_calls} model call, {session.totals.input_tokens} tokens in, stopped: {session.stop_reason}")
