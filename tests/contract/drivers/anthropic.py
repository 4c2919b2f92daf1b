"""anthropic, old and new."""

from __future__ import annotations

from typing import Any

import anthropic

from tests.contract.drivers._spec import Driver, Endpoint, Request, Settings
from tests.contract.drivers._stainless import Resource, errors, options
from tests.contract.expected import answered, asked

MESSAGES = Resource("messages", structured="output_format", helped=True)


def client(settings: Settings) -> Any:
    made = anthropic.AsyncAnthropic if settings.flavour == "async" else anthropic.Anthropic
    return made(base_url=settings.url, **options(anthropic, settings))


ASKED = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 5},
}
REQUESTS = {
    "beta messages": Request(
        call=lambda client: client.beta.messages.create(**ASKED, betas=["files-api-2025-04-14"]),
        answer=ANSWER,
        span="chat claude-sonnet-4-5",
        facts={"gen_ai.response.id": "msg_1", "gen_ai.usage.input_tokens": 7, "gen_ai.request.max_tokens": 64},
    ),
    "a message batch": Request(
        call=lambda client: client.messages.batches.create(requests=[{"custom_id": "a", "params": ASKED}]),
        answer={"id": "msgbatch_1", "type": "message_batch"},
    ),
    "a message batch that is fetched": Request(
        call=lambda client: client.messages.batches.retrieve("msgbatch_1"),
        answer={"id": "msgbatch_1", "type": "message_batch"},
    ),
    "models": Request(call=lambda client: client.models.list(), answer={"data": [], "has_more": False}),
    "counting": Request(
        call=lambda client: client.messages.count_tokens(model="claude-sonnet-4-5", messages=ASKED["messages"]),
        answer={"input_tokens": 3},
    ),
    "beta counting": Request(
        call=lambda client: client.beta.messages.count_tokens(model="claude-sonnet-4-5", messages=ASKED["messages"]),
        answer={"input_tokens": 3},
    ),
}

DRIVER = Driver(
    package="anthropic",
    distribution="anthropic",
    errors={**errors(anthropic), "error_event": "anthropic.APIStatusError"},
    requests=REQUESTS,
    endpoints=(
        Endpoint(
            name="anthropic-messages",
            provider="anthropic",
            catalogue="anthropic",
            client=client,
            create=MESSAGES.create,
            recorded=lambda one: one.api == "anthropic.messages",
            written="anthropic-messages",
            whole_ways=MESSAGES.whole_ways,
            stream_ways=MESSAGES.stream_ways,
            acts=MESSAGES.acts,
            asked=asked(),
            answered=answered("anthropic_messages"),
            absent=("openai.",),
        ),
    ),
)
