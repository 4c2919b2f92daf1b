"""anthropic, old and new."""

from __future__ import annotations

from typing import Any

import anthropic

from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import Resource, errors, options
from tests.contract.expected import answered, asked

MESSAGES = Resource("messages", structured="output_format", helped=True)


def client(settings: Settings) -> Any:
    made = anthropic.AsyncAnthropic if settings.flavour == "async" else anthropic.Anthropic
    return made(base_url=settings.url, **options(anthropic, settings))


DRIVER = Driver(
    package="anthropic",
    distribution="anthropic",
    errors={**errors(anthropic), "error_event": "anthropic.APIStatusError"},
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
