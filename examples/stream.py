"""Streams: one read to its end, one closed early, and a call that succeeds at the second attempt."""

from __future__ import annotations

from offline import anthropic_client, openai_client

import agentotel

agentotel.init(service_name="example-stream", console=True)


def read_whole() -> str:
    """Read a stream to its end; with ``include_usage`` the provider sends the tokens in its last chunk."""
    with openai_client() as client:
        chunks = client.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "What is a trace?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def close_early() -> str:
    """Take the first words of a stream and close it: its outcome is ``abandoned``, its usage ``partial``."""
    with (
        anthropic_client() as client,
        client.messages.stream(
            model="claude-haiku-4-5",
            max_tokens=200,
            messages=[{"role": "user", "content": "What is a trace?"}],
        ) as stream,
    ):
        return next(iter(stream.text_stream))


def try_again() -> str:
    """Call a busy model: the SDK waits as ``retry-after`` says and asks again, in one span with two attempts."""
    with openai_client() as client:
        completion = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": "Are you busy?"}]
        )
        return completion.choices[0].message.content or ""


with agentotel.session(feature="streams") as session, agentotel.turn():
    print("whole:", read_whole())
    print("early:", close_early())
    print("again:", try_again())

print(f"{session.totals.llm_calls} model calls, {session.totals.retries} retry, stopped: {session.stop_reason}")
