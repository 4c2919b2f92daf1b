"""together 2 and 3, which speak OpenAI's format."""

from __future__ import annotations

from typing import Any

import together

from tests.contract.drivers._openai_requests import TOGETHER
from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import NO_HELPERS, Resource, errors, options
from tests.contract.expected import answered, asked

CHAT = Resource("chat.completions")
VERSION = "/v1" if together.__version__.startswith("2.") else ""
"""Of the API: in together 2 it belongs to the address, in 3 to each path."""


def client(settings: Settings) -> Any:
    made = together.AsyncTogether if settings.flavour == "async" else together.Together
    return made(base_url=settings.url + VERSION, **options(together, settings))


DRIVER = Driver(
    package="together",
    distribution="together",
    errors=errors(together),
    requests=TOGETHER,
    endpoints=(
        Endpoint(
            name="together-chat",
            provider="together",
            catalogue="together",
            client=client,
            create=CHAT.create,
            recorded=lambda one: one.api == "together.chat",
            written="together-chat",
            whole_ways=CHAT.whole_ways,
            stream_ways=CHAT.stream_ways,
            acts=CHAT.acts,
            asked=asked(),
            answered=answered("openai_chat"),
            without=NO_HELPERS,
        ),
    ),
)
