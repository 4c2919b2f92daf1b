"""The recorded exchanges of openai, Azure and anthropic: how to ask for them again, and what they say."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

SHARED = Path(__file__).parents[3] / "shared"
EXCHANGES = SHARED / "exchanges"
if not EXCHANGES.is_dir():
    pytest.skip("recorded exchanges are not here", allow_module_level=True)

KEY = "test-key"
AZURE = "/openai/deployments/"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""An empty context: the servers are plain HTTP, and loading certificates takes longer than a call."""

RESOURCES: Mapping[str, Callable[[Any], Any]] = {
    "openai.chat.completions": lambda client: client.chat.completions,
    "openai.completions": lambda client: client.completions,
    "openai.embeddings": lambda client: client.embeddings,
    "openai.responses": lambda client: client.responses,
    "anthropic.messages": lambda client: client.messages,
}


def replay_server() -> Any:
    """Import the replay server that lies beside the exchanges."""
    spec = importlib.util.spec_from_file_location("replay_server", EXCHANGES / "replay_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Recording:
    """One exchange."""

    name: str
    sent: Mapping[str, Any]

    @cached_property
    def api(self) -> str:
        return self.sent["api"]

    @cached_property
    def provider(self) -> str:
        return self.sent["provider"]

    @cached_property
    def path(self) -> str:
        return self.sent["interactions"][-1]["request"]["path"]

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body that was asked with."""
        return self.sent["interactions"][-1]["request"]["body"]

    @cached_property
    def response(self) -> Mapping[str, Any]:
        return self.sent["interactions"][-1]["response"]

    @cached_property
    def streams(self) -> bool:
        return bool(self.sent.get("stream"))

    @cached_property
    def faults(self) -> Mapping[str, Any]:
        return self.sent.get("faults", {})

    @cached_property
    def fails(self) -> bool:
        """Whether the call ends in an error, after all retries."""
        first = self.faults.get("fail_first", "0:0")
        return int(first.split(":")[0]) > 2 or self.response["status"] >= 400

    @cached_property
    def answer(self) -> dict[str, Any] | None:
        """The body of a whole answer, or of an error."""
        return None if self.sent["mode"] == "sse" else json.loads(self.response["body"])

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream, as far as the server sends them; each is one ``data:`` line."""
        lines = self.response["body"].splitlines()
        data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
        return [json.loads(line) for line in data[: self.faults.get("reset_after")] if line != "[DONE]"]

    def client(self, url: str, flavour: str, **options: Any) -> Any:
        """Make the client that asked."""
        asynchronous = flavour == "async"
        package = anthropic if self.provider == "anthropic" else openai
        http = package.DefaultAsyncHttpxClient if asynchronous else package.DefaultHttpxClient
        options = {"http_client": http(verify=NO_TLS), **options}
        if self.provider == "anthropic":
            made = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
            return made(base_url=url, api_key=KEY, **options)
        if self.provider == "azure":
            deployment = self.path.removeprefix(AZURE).partition("/")[0]
            azure = openai.AsyncAzureOpenAI if asynchronous else openai.AzureOpenAI
            return azure(
                azure_endpoint=url, api_key=KEY, api_version="2024-06-01", azure_deployment=deployment, **options
            )
        plain = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        return plain(base_url=f"{url}/v1", api_key=KEY, **options)

    def resource(self, client: Any) -> Any:
        """Find the resource of the client that asked."""
        return RESOURCES[self.api](client)

    def arguments(self, method: Callable[..., Any], *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """Turn the body into arguments of a method; what it does not know goes into ``extra_body``."""
        known = inspect.signature(method).parameters
        body = {name: value for name, value in self.body.items() if name not in without}
        extra = {name: value for name, value in body.items() if name not in known}
        given = {name: value for name, value in body.items() if name in known}
        return {**given, "extra_body": extra} if extra else given


def load(prefixes: tuple[str, ...] = ("openai-", "azure-", "anthropic-")) -> dict[str, Recording]:
    """Load the recordings of some clients, by name."""
    found = {
        path.stem: Recording(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(EXCHANGES.glob("*.json"))
        if path.stem.startswith(prefixes)
    }
    assert found or not os.environ.get("CI")
    return found
