"""The adapters under test: one table row per SDK and endpoint."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai
import pydantic

from tests.contract.flavour import close, done
from tests.fakes.replay import load

EXCHANGES = Path(__file__).parent / "exchanges"
KEY = "test-key"


class Wanted(pydantic.BaseModel):
    """A structured output; the exchange ``structured`` holds something else."""

    answer: int


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One SDK and endpoint: ``structured`` is the argument that takes a schema."""

    name: str
    exchanges: str
    clients: Mapping[str, Any]
    url: str
    resource: str
    structured: str
    provider: str
    package: str
    options: Mapping[str, Any]

    def exchange(self, kind: str) -> dict[str, Any]:
        """Load the exchange of a kind, for example ``plain``."""
        return load(EXCHANGES / f"{self.exchanges}-{kind}.json")


ADAPTERS = (
    Adapter(
        name="openai-chat",
        exchanges="openai-chat",
        clients={"sync": openai.OpenAI, "async": openai.AsyncOpenAI},
        url="base_url",
        resource="chat.completions",
        structured="response_format",
        provider="openai",
        package="openai",
        options={},
    ),
    Adapter(
        name="azure-chat",
        exchanges="openai-chat",
        clients={"sync": openai.AzureOpenAI, "async": openai.AsyncAzureOpenAI},
        url="azure_endpoint",
        resource="chat.completions",
        structured="response_format",
        provider="azure.ai.openai",
        package="openai",
        options={"api_version": "2024-10-21"},
    ),
    Adapter(
        name="openai-responses",
        exchanges="openai-responses",
        clients={"sync": openai.OpenAI, "async": openai.AsyncOpenAI},
        url="base_url",
        resource="responses",
        structured="text_format",
        provider="openai",
        package="openai",
        options={},
    ),
    Adapter(
        name="anthropic-messages",
        exchanges="anthropic-messages",
        clients={"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic},
        url="base_url",
        resource="messages",
        structured="output_format",
        provider="anthropic",
        package="anthropic",
        options={},
    ),
)


class Driver:
    """Makes the call of an exchange with one adapter, sync or async, and logs what its caller sees."""

    def __init__(self, adapter: Adapter, flavour: str, exchange: Mapping[str, Any], client: Any) -> None:
        self.adapter = adapter
        self.flavour = flavour
        self.exchange = exchange
        self.client = client
        self.log: list[Any] = []

    @property
    def body(self) -> dict[str, Any]:
        """The arguments of the call."""
        return dict(self.exchange["interactions"][0]["request"]["body"])

    @property
    def resource(self) -> Any:
        """The resource of the client that makes the call."""
        found = self.client
        for name in self.adapter.resource.split("."):
            found = getattr(found, name)
        return found

    async def call(self, **more: Any) -> Any:
        """Make the call; a stream where the exchange streams."""
        return await done(self.resource.create(**self.body, **more))

    def helper(self) -> Any:
        """Make the context manager of the ``.stream()`` helper."""
        body = self.body
        del body["stream"]
        return self.resource.stream(**body)


@contextlib.asynccontextmanager
async def driver(
    adapter: Adapter, flavour: str, exchange: Mapping[str, Any], url: str, **options: Any
) -> AsyncIterator[Driver]:
    """Make a driver with a client of its own, and close the client."""
    client = adapter.clients[flavour](**{adapter.url: url, "api_key": KEY}, **adapter.options, **options)
    try:
        yield Driver(adapter, flavour, exchange, client)
    finally:
        await close(client)
