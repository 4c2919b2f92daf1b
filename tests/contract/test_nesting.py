"""Code of the application that runs inside a model call: hooks of its HTTP client, and tasks that they start."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import context, trace

from agentotel.testing import capture
from tests.contract.matrix import endpoint
from tests.fakes.replay import Replay

openai = pytest.importorskip("openai")
httpx2 = pytest.importorskip("httpx2")

KEY = "test-key"
CHAT = endpoint("openai-chat").exchange("plain").sent
TWICE = {**CHAT, "interactions": CHAT["interactions"] * 2}
BODY = CHAT["interactions"][0]["request"]["body"]


def _hooked(url: str, hook: Any) -> openai.OpenAI:
    http = httpx2.Client(event_hooks={"request": [hook]})
    return openai.OpenAI(base_url=url, api_key=KEY, http_client=http, max_retries=0)


def test_a_call_of_another_client_inside_a_call() -> None:
    with Replay(TWICE) as server, capture() as captured, openai.OpenAI(base_url=server.url, api_key=KEY) as inner:
        with _hooked(server.url, lambda _request: inner.chat.completions.create(**BODY)) as outer:
            outer.chat.completions.create(**BODY)
        first, second = captured.model_calls
    assert second.parent_id == first.span_id
    assert [len(call.events) for call in (first, second)] == [1, 1]


def test_a_task_that_outlives_the_call_it_was_started_in() -> None:
    async def use(url: str) -> None:
        tasks: list[asyncio.Task[Any]] = []
        ended = asyncio.Event()

        async def background() -> None:
            await ended.wait()
            await client.chat.completions.create(**BODY)

        async def hook(_request: httpx2.Request) -> None:
            if not tasks:
                tasks.append(asyncio.create_task(background()))

        http = httpx2.AsyncClient(event_hooks={"request": [hook]})
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=http, max_retries=0) as client:
            await client.chat.completions.create(**BODY)
            ended.set()
            await tasks[0]

    with Replay(TWICE) as server, capture() as captured:
        asyncio.run(use(server.url))
    assert [len(call.events) for call in captured.model_calls] == [1, 1]


def test_a_context_that_a_hook_leaves_attached() -> None:
    """It is the application's and stays, as without the library; the span of the call does not stay with it."""
    before = context.get_current()
    try:
        with Replay(CHAT) as server, capture():
            around = trace.get_current_span()
            hook = lambda _request: context.attach(context.set_value("tenant", "t-1"))  # noqa: E731
            with _hooked(server.url, hook) as client:
                client.chat.completions.create(**BODY)
            assert trace.get_current_span() is around
            assert context.get_value("tenant") == "t-1"
    finally:
        context.attach(before)
