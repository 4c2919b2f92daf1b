"""groq, which speaks OpenAI's format."""

from __future__ import annotations

from typing import Any

import groq

from tests.contract.drivers._openai_requests import GROQ
from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import NO_HELPERS, Resource, errors, options
from tests.contract.expected import answered, asked

CHAT = Resource("chat.completions")


def client(settings: Settings) -> Any:
    made = groq.AsyncGroq if settings.flavour == "async" else groq.Groq
    return made(base_url=settings.url, **options(groq, settings))


DRIVER = Driver(
    package="groq",
    distribution="groq",
    errors=errors(groq),
    requests=GROQ,
    endpoints=(
        Endpoint(
            name="groq-chat",
            provider="groq",
            catalogue="groq",
            client=client,
            create=CHAT.create,
            recorded=lambda one: one.api == "groq.chat",
            written="groq-chat",
            whole_ways=CHAT.whole_ways,
            stream_ways=CHAT.stream_ways,
            acts=CHAT.acts,
            asked=asked(),
            answered=answered("openai_chat"),
            without=NO_HELPERS,
        ),
    ),
)
