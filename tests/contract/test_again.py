"""Calls that follow a failed one: an application's own retries, and other models in the place of one that failed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import backoff
import openai
import pytest
import tenacity
from opentelemetry import trace

import agentotel
from agentotel.testing import capture
from agentotel.wire import anthropic_messages, openai_chat, sameness
from tests.contract.flavour import FLAVOURS, close, done
from tests.contract.test_answers import CLIENTS
from tests.fakes.made import answering
from tests.fakes.replay import Replay

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
COMPLETION = {
    "id": "c_1",
    "object": "chat.completion",
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


@contextlib.contextmanager
def provider(body: dict[str, Any], *, failures: int) -> Iterator[Replay]:
    """Start a provider that fails a few times with 503 and answers from then on."""
    with Replay(answering(json.dumps(body)), fail_first=f"{failures}:503") as server:
        yield server


def made(package: str, flavour: str, server: Replay) -> Any:
    """Make a client that leaves retries to the application."""
    return CLIENTS[package][flavour](base_url=server.url, api_key="key", max_retries=0)


async def persist(client: Any, times: int, **more: Any) -> None:
    """Ask until there is an answer."""
    for _ in range(times):
        with contextlib.suppress(openai.InternalServerError):
            await done(client.chat.completions.create(**{"model": "gpt-4o-mini", "messages": ASKED, **more}))
            return


MARKS = ("agentotel.resend.calls", "agentotel.resend.of", "agentotel.fallback.of")


def marks(span: Any) -> list[Any]:
    """Give what says that a call follows a failed one."""
    return [span.attributes.get(name) for name in MARKS]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_an_applications_own_retries_are_calls_that_repeat_a_failed_one(flavour: str, *, inside: bool) -> None:
    with provider(COMPLETION, failures=2) as server, capture() as captured:
        client = made("openai", flavour, server)
        with agentotel.session() if inside else contextlib.nullcontext():
            await persist(client, 5)
            await persist(client, 1)
        await close(client)
    first, second, third, later = captured.model_calls
    assert [span.outcome for span in captured.model_calls] == ["error", "error", "completed", "completed"]
    assert marks(first) == [None, None, None]
    assert marks(second) == [1, first.span_id, None]
    assert marks(third) == [2, second.span_id, None]
    assert marks(later) == [None, None, None], "the one before it was answered"


TENACITY = tenacity.retry(wait=tenacity.wait_none(), stop=tenacity.stop_after_attempt(4))
BACKOFF = backoff.on_exception(backoff.constant, openai.InternalServerError, max_tries=4, interval=0)


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("retried", [TENACITY, BACKOFF], ids=["tenacity", "backoff"])
async def test_packages_that_retry(retried: Any, flavour: str, *, inside: bool) -> None:
    with provider(COMPLETION, failures=2) as server, capture() as captured:
        client = made("openai", flavour, server)

        @retried
        def ask() -> Any:
            return client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)

        @retried
        async def ask_async() -> Any:
            return await client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)

        with agentotel.session() if inside else contextlib.nullcontext():
            await done(ask() if flavour == "sync" else ask_async())
        await close(client)
    first, second, third = captured.model_calls
    assert marks(first) == [None, None, None]
    assert marks(second) == [1, first.span_id, None]
    assert marks(third) == [2, second.span_id, None]


async def test_a_package_that_retries_a_tool_repeats_the_calls_in_it() -> None:
    with provider(COMPLETION, failures=1) as server, capture() as captured:
        client = made("openai", "sync", server)

        @backoff.on_exception(backoff.constant, openai.InternalServerError, max_tries=2, interval=0)
        @agentotel.tool
        def ask() -> str:
            return str(client.chat.completions.create(model="gpt-4o-mini", messages=ASKED).id)

        with agentotel.session(), agentotel.agent("a"):
            assert ask() == "c_1"
        client.close()
    first, second = captured.model_calls
    assert marks(second) == [1, first.span_id, None]
    assert [call.attributes["agentotel.tool.attempt"] for call in captured.tool_calls] == [1, 2]


@pytest.mark.parametrize("around", [True, False])
async def test_tasks_are_joined_by_a_span_around_them(*, around: bool) -> None:
    """Each task has a context of its own, as ``asyncio.wait_for`` gives a call one before Python 3.12."""
    context = trace.SpanContext(trace_id=1, span_id=2, is_remote=False, trace_flags=trace.TraceFlags(1))
    with provider(COMPLETION, failures=1) as server, capture() as captured:
        client = made("openai", "async", server)
        with trace.use_span(trace.NonRecordingSpan(context)) if around else contextlib.nullcontext():
            for _ in range(2):
                await asyncio.create_task(persist(client, 1))
        await close(client)
    first, second = captured.model_calls
    assert marks(second) == [1 if around else None, first.span_id if around else None, None]


async def test_another_question_repeats_nothing() -> None:
    with provider(COMPLETION, failures=1) as server, capture() as captured:
        client = made("openai", "sync", server)
        await persist(client, 1)
        await persist(client, 1, messages=[{"role": "user", "content": "Something else"}])
        client.close()
    assert [marks(span) for span in captured.model_calls] == [[None] * 3] * 2


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_another_provider_that_is_asked_the_same_is_a_fallback(flavour: str, *, inside: bool) -> None:
    with provider(COMPLETION, failures=1) as failing, provider(MESSAGE, failures=0) as other, capture() as captured:
        client, second = made("openai", flavour, failing), made("anthropic", flavour, other)
        with agentotel.session() if inside else contextlib.nullcontext():
            await persist(client, 1)
            await done(
                second.messages.create(
                    model="claude-sonnet-4-6",
                    max_tokens=9,
                    system="Be brief.",
                    messages=[{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
                )
            )
        await close(client)
        await close(second)
        (point,) = [point for point in captured.metrics if point.name == "agent.fallbacks"]
    failed, stood_in = captured.model_calls
    assert marks(stood_in) == [None, None, failed.span_id]
    (event,) = [event for event in stood_in.events if event.name == "agentotel.fallback"]
    assert event.attributes == {
        "agentotel.fallback.source": "gpt-4o-mini",
        "agentotel.fallback.to": "claude-sonnet-4-6",
        "agentotel.fallback.kind": "model",
        "agentotel.fallback.reason": "server",
    }
    assert (point.value, point.attributes) == (1, {"kind": "model"})


async def test_the_same_model_elsewhere_is_a_fallback_of_its_provider() -> None:
    with provider(COMPLETION, failures=1) as failing, provider(COMPLETION, failures=0) as other, capture() as captured:
        azure = openai.AzureOpenAI(azure_endpoint=other.url, api_key="key", api_version="2024-10-21", max_retries=0)
        client = made("openai", "sync", failing)
        with agentotel.session(), agentotel.agent("a"):
            await persist(client, 1)
            await persist(azure, 1)
        client.close()
        azure.close()
    event = next(event for event in captured.model_calls[1].events if event.name == "agentotel.fallback")
    assert event.attributes["agentotel.fallback.source"] == "openai"
    assert event.attributes["agentotel.fallback.to"] == "azure.ai.openai"


async def test_another_run_asks_for_itself() -> None:
    with provider(COMPLETION, failures=1) as server, capture() as captured:
        client = made("openai", "sync", server)
        with agentotel.session():
            with agentotel.agent("a"):
                await persist(client, 1)
            with agentotel.agent("b"):
                await persist(client, 1)
        client.close()
    assert [marks(span) for span in captured.model_calls] == [[None] * 3] * 2


async def test_embeddings_too() -> None:
    body = {"object": "list", "model": "m", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    with provider(body, failures=1) as server, capture() as captured:
        client = made("openai", "sync", server)
        for _ in range(2):
            with contextlib.suppress(openai.InternalServerError):
                client.embeddings.create(model="m", input="Hello", encoding_format="float")
        client.close()
    assert [marks(span)[0] for span in captured.model_calls] == [None, 1]


async def test_litellm_router() -> None:
    litellm = pytest.importorskip("litellm")
    with provider(COMPLETION, failures=1) as failing, provider(COMPLETION, failures=0) as other, capture() as captured:
        models = [
            {
                "model_name": name,
                "litellm_params": {"model": f"openai/{name}", "api_base": server.url, "api_key": "key"},
            }
            for name, server in (("one", failing), ("two", other))
        ]
        router = litellm.Router(model_list=models, fallbacks=[{"one": ["two"]}], num_retries=0)
        router.completion(model="one", messages=ASKED)
    assert [marks(span)[2] is not None for span in captured.model_calls][-1]


def test_messages_are_the_same_in_the_formats_of_both() -> None:
    use = {"id": "t_1", "name": "f"}
    ours = sameness.asked(
        openai_chat.FORMAT,
        {
            "model": "m",
            "messages": [
                *ASKED,
                {"role": "assistant", "tool_calls": [{"id": "t_1", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "t_1", "content": "found"},
            ],
        },
    )
    theirs = sameness.asked(
        anthropic_messages.FORMAT,
        {
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": [{"type": "tool_use", "input": {}, **use}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t_1", "content": "found"}]},
            ],
        },
    )
    assert json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)
