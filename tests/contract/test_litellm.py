"""LiteLLM and its router: one call of the application is one span, in the numbers of the provider behind."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import pytest

import agentotel
from agentotel.testing import Captured, ModelCall, capture
from tests.contract import results
from tests.contract.flavour import FLAVOURS, done
from tests.contract.recordings import Recording, written
from tests.contract.seen import shown, shown_error
from tests.fakes.made import answering
from tests.fakes.replay import Replay, refused

litellm = pytest.importorskip("litellm")
drivers = pytest.importorskip("tests.contract.drivers.litellm")  # it keeps the SDK from fetching and dating

ASKED = [{"role": "user", "content": "Hello"}]
KEYS = {"api_key": "test-key"}

BEHIND = {
    "openai": ("openai-chat", "openai/gpt-4o-mini", "/v1", "openai"),
    "deepseek": ("openai-chat", "deepseek/deepseek-chat", "/v1", "deepseek"),
    "azure": ("openai-chat", "azure/gpt-4o-mini", "", "azure.ai.openai"),
    "vllm": ("openai-chat", "hosted_vllm/gpt-4o-mini", "/v1", "hosted_vllm"),
    "groq": ("groq-chat", "groq/llama-3.3-70b-versatile", "/openai/v1", "groq"),
    "mistral": ("mistral-chat", "mistral/mistral-small-latest", "/v1", "mistral_ai"),
    "anthropic": ("anthropic-messages", "anthropic/claude-sonnet-4-5", "", "anthropic"),
    "gemini": ("google-generate", "gemini/gemini-2.5-flash", "", "gcp.gemini"),
    "cohere": ("cohere-chat", "cohere_chat/command-a-03-2025", "/v2/chat", "cohere"),
    "ollama": ("ollama-chat", "ollama_chat/llama3.2", "", "ollama"),
}
"""By the name of a test: an exchange, the model that is asked for, what the address ends in, and the provider."""


def of_openai(attributes: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """Give what the span must say; ``openai.`` is said of OpenAI only."""
    return {name: one for name, one in attributes.items() if provider == "openai" or not name.startswith("openai.")}


def told(value: Any) -> Any:
    """Show an answer or an error but for ids and times that LiteLLM makes up itself."""
    if isinstance(value, BaseException):
        return shown_error(value)
    kind, dumped, extra = shown(value)
    for name in ("id", "created"):
        dumped.pop(name, None)
    return kind, dumped, extra


async def read(stream: Any, flavour: str) -> list[Any]:
    """Read a stream to its end; the class of LiteLLM's looks async and sync at once."""
    return [told(chunk) async for chunk in stream] if flavour == "async" else [told(chunk) for chunk in stream]


async def call(flavour: str, name: str = "completion", **arguments: Any) -> list[Any]:
    """Call a function of the package, and log what its caller sees."""
    try:
        value = await done(getattr(litellm, "a" * (flavour == "async") + name)(**arguments))
        if not isinstance(value, litellm.CustomStreamWrapper):
            return [told(value)]
        return [type(value), sorted(vars(value)), *await read(value, flavour)]
    except Exception as error:  # noqa: BLE001 - what the caller sees is the result
        return [told(error)]


@contextlib.contextmanager
def playing(exchange: Recording, **faults: Any) -> Iterator[Replay]:
    """Play an exchange at any path, to clients of its own."""
    sent = {**exchange.sent, "interactions": [_anywhere(one) for one in exchange.sent["interactions"]]}
    litellm.in_memory_llm_clients_cache.flush_cache()
    with Replay(sent, **faults) as server:
        yield server


def _anywhere(interaction: dict[str, Any]) -> dict[str, Any]:
    return {**interaction, "request": {**interaction["request"], "path": ""}}


@pytest.mark.parametrize("kind", ["plain", "stream"])
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", BEHIND)
async def test_a_call_is_one_span_in_the_numbers_of_the_provider(name: str, flavour: str, kind: str) -> None:
    exchange, model, path, provider = BEHIND[name]
    if (name, kind) == ("cohere", "stream"):
        pytest.skip("LiteLLM does not read the events that have names")
    recording = written(f"{exchange}-{kind}")
    asked = {"model": model, "messages": ASKED, **KEYS, **({"stream": True} if kind == "stream" else {})}
    if name == "azure":
        asked["api_version"] = "2024-06-01"
    with playing(recording) as server:
        bare = await call(flavour, api_base=server.url + path, **asked)
    with playing(recording) as server, capture() as captured:
        log = await call(flavour, api_base=server.url + path, **asked)
        await asyncio.sleep(0)
    assert log == bare
    (span,) = captured.model_calls
    assert captured.spans == [span]
    assert (span.provider, span.model, span.outcome) == (provider, model.partition("/")[2], "completed")
    expected = of_openai(recording.sent["expected"], provider)
    found = {key: list(one) if isinstance(one, tuple) else one for key, one in span.attributes.items()}
    assert {key: found.get(key) for key in expected} == expected
    assert [event.attributes["http.response.status_code"] for event in span.events] == [200]
    assert span.retries is None
    results.note(drivers.DRIVER, f"litellm-{name}", flavour, span.attributes)


RETRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "by the openai SDK": ("openai", {"max_retries": 2}),
    "by litellm over the openai SDK": ("openai", {"max_retries": 0, "num_retries": 2}),
    "by litellm over httpx": ("anthropic", {"num_retries": 2}),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("name", "options"), RETRIES.values(), ids=RETRIES)
async def test_retries_are_attempts_of_the_one_call(name: str, options: dict[str, Any], flavour: str) -> None:
    exchange, model, path, _provider = BEHIND[name]
    recording = written(f"{exchange}-plain")
    for failures, outcome in ((2, "completed"), (99, "error")):
        asked = {"model": model, "messages": ASKED, **KEYS, **options}
        with playing(recording, fail_first=f"{failures}:503") as server:
            bare = await call(flavour, api_base=server.url + path, **asked)
        with playing(recording, fail_first=f"{failures}:503") as server, capture() as captured:
            log = await call(flavour, api_base=server.url + path, **asked)
            sent = len(server.requests)
        assert log == bare
        (span,) = captured.model_calls
        assert (span.outcome, span.retries) == (outcome, sent - 1)
        assert span.attributes["agentotel.retry.limit"] == 2
        attempts = [event.attributes for event in span.events]
        assert [one["http.response.status_code"] for one in attempts] == [503] * min(failures, sent) + [200] * (
            sent > failures
        )
        assert [one["agentotel.attempt.number"] for one in attempts] == list(range(1, sent + 1))
        assert all(one["agentotel.attempt.wait_s"] > 0 for one in attempts[1:])
        assert {one["agentotel.attempt.reason"] for one in attempts[1:]} == {"server"}
        if outcome == "error":
            assert span.error_type == "litellm.exceptions.ServiceUnavailableError"
            assert span.attributes["agentotel.error.category"] == "server"
            assert span.attributes["agentotel.error.retry"] == "exhausted"
            (point,) = [point for point in captured.metrics if point.name == "agent.llm.retries"]
            assert point.value == sent - 1


def router(urls: Mapping[str, list[str]], **settings: Any) -> Any:
    """Make a router with a deployment for each address of a model."""
    deployments = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": f"{url}/v1", **KEYS}}
        for name, addresses in urls.items()
        for url in addresses
    ]
    return litellm.Router(model_list=deployments, retry_after=0, **settings)


async def route(made: Any, flavour: str, **arguments: Any) -> list[Any]:
    """Call a router, and log what its caller sees."""
    try:
        method = made.acompletion if flavour == "async" else made.completion
        value = await done(await asyncio.to_thread(method, **arguments) if flavour == "sync" else method(**arguments))
        return [told(value)] if not arguments.get("stream") else await read(value, flavour)
    except Exception as error:  # noqa: BLE001 - what the caller sees is the result
        return [told(error)]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("kind", ["plain", "stream"])
async def test_a_routers_retries_are_attempts_wherever_it_sends_them(flavour: str, kind: str) -> None:
    recording = written(f"openai-chat-{kind}")
    asked = {"model": "gpt-4o-mini", "messages": ASKED, **({"stream": True} if kind == "stream" else {})}
    with contextlib.ExitStack() as stack:
        one, other = (stack.enter_context(playing(recording, fail_first="1:500")) for _ in range(2))
        captured: Captured = stack.enter_context(capture())
        await route(router({"gpt-4o-mini": [one.url, other.url]}, num_retries=3), flavour, **asked)
        sent = len(one.requests) + len(other.requests)
    (span,) = captured.model_calls
    assert (span.outcome, span.retries, span.attributes["agentotel.retry.limit"]) == ("completed", sent - 1, 3)
    statuses = [event.attributes["http.response.status_code"] for event in span.events]
    assert statuses == [500] * (sent - 1) + [200]
    assert span.attributes["server.port"] in (one.port, other.port)
    assert marks(span) == [None] * 3


MARKS = ("agentotel.resend.calls", "agentotel.resend.of", "agentotel.fallback.of")


def marks(span: ModelCall) -> list[Any]:
    """Give what says that a call follows a failed one."""
    return [span.attributes.get(name) for name in MARKS]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_routers_fallback_is_a_call_of_its_own(flavour: str, retries: int, *, inside: bool) -> None:
    recording = written("openai-chat-plain")
    with playing(recording, fail_first="99:500") as one, playing(recording) as other, capture() as captured:
        made = router(
            {"gpt-4o": [one.url], "gpt-4o-mini": [other.url]},
            num_retries=retries,
            fallbacks=[{"gpt-4o": ["gpt-4o-mini"]}],
        )
        with agentotel.session() if inside else contextlib.nullcontext():
            if flavour == "sync":
                made.completion(model="gpt-4o", messages=ASKED)
            else:
                await made.acompletion(model="gpt-4o", messages=ASKED)
    first, second = captured.model_calls
    assert (first.model, first.outcome, first.retries) == ("gpt-4o", "error", retries or None)
    assert first.error_type == "litellm.exceptions.InternalServerError"
    assert (second.model, second.outcome, second.retries) == ("gpt-4o-mini", "completed", None)
    assert first.ended_at_ns <= second.started_at_ns
    assert marks(second) == [None, None, first.span_id]
    (point,) = [point for point in captured.metrics if point.name == "agent.fallbacks"]
    assert point.value == 1


ERRORS: dict[str, tuple[int, str, str, str, str]] = {
    "authentication": (401, "invalid_api_key", "Incorrect API key", "AuthenticationError", "auth"),
    "not found": (404, "model_not_found", "no such model", "NotFoundError", "schema"),
    "rate limit": (429, "rate_limit_exceeded", "slow down", "RateLimitError", "rate_limit"),
    "server": (500, "server_error", "broken", "InternalServerError", "server"),
    "unavailable": (503, "overloaded", "busy", "ServiceUnavailableError", "server"),
    "too long": (
        400,
        "bad_request",
        "This model's maximum context length is 8192 tokens",
        "ContextWindowExceededError",
        "context_overflow",
    ),
    "content policy": (
        400,
        "content_policy_violation",
        "invalid_request_error: request was rejected as a result of the safety system",
        "ContentPolicyViolationError",
        "content_filter",
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("status", "code", "message", "kind", "category"), ERRORS.values(), ids=ERRORS)
async def test_errors_have_the_class_that_the_caller_sees(
    status: int, code: str, message: str, kind: str, category: str, flavour: str
) -> None:
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    sent = answering(json.dumps(body), status=status)
    asked = {"model": "openai/gpt-4o", "messages": ASKED, "max_retries": 0, **KEYS}
    with Replay(sent) as server, capture() as captured:
        (log,) = await call(flavour, api_base=server.url, **asked)
    assert log[0].__name__ == kind
    (span,) = captured.model_calls
    assert (span.error_type, span.status) == (f"litellm.exceptions.{kind}", "ERROR")
    assert span.attributes["agentotel.error.category"] == category


async def test_an_error_that_ends_a_run_says_why() -> None:
    asked = {"model": "openai/gpt-4o", "messages": ASKED, "num_retries": 0, **KEYS}
    with (
        Replay(answering("{}", status=429)) as server,
        capture() as captured,
        contextlib.suppress(litellm.RateLimitError),
        agentotel.session(),
        agentotel.agent("a"),
    ):
        litellm.completion(api_base=server.url, **asked)
    (run,) = captured.runs
    assert run.attributes["agentotel.stop_reason"] == "rate_limited"


async def test_a_call_that_is_never_sent_is_no_model_call() -> None:
    with capture() as captured, pytest.raises(litellm.BadRequestError):
        litellm.completion(model="nobody-knows-this", messages=ASKED)
    assert captured.model_calls == []


async def test_an_answer_that_litellm_makes_up_is_no_model_call() -> None:
    with capture() as captured:
        answer = litellm.completion(model="openai/gpt-4o", messages=ASKED, mock_response="Good day.")
    assert answer.choices[0].message.content == "Good day."
    assert captured.model_calls == []


def twice(url: str) -> list[Any]:
    """Make the same call twice, with LiteLLM's cache."""
    before = litellm.cache
    asked = {"model": "openai/gpt-4o-mini", "messages": ASKED, "api_base": f"{url}/v1", **KEYS}
    try:
        litellm.cache = litellm.Cache(type="local")
        return [litellm.completion(**asked).choices[0].message.content for _ in range(2)]
    finally:
        litellm.cache = before


async def test_an_answer_from_litellms_cache_is_no_model_call() -> None:
    with playing(written("openai-chat-plain")) as server:
        try:
            bare = twice(server.url)
        except ImportError as missing:
            pytest.skip(f"LiteLLM's cache needs {missing.name}")
    with playing(written("openai-chat-plain")) as server, capture() as captured:
        assert twice(server.url) == bare
        assert len(server.requests) == 1
    assert len(captured.model_calls) == 1


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_call_that_is_cancelled_while_it_waits_to_be_sent_again_ends_as_cancelled(flavour: str) -> None:
    if flavour == "sync":
        pytest.skip("nothing cancels a thread")
    recording = written("openai-chat-plain")
    with playing(recording, fail_first="99:429") as server, capture() as captured:
        made = router({"gpt-4o-mini": [server.url]}, num_retries=3)
        made.retry_after = 30
        task = asyncio.create_task(made.acompletion(model="gpt-4o-mini", messages=ASKED))
        while not server.requests:  # noqa: ASYNC110 - the server is another thread
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert captured.model_calls == []
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (span,) = captured.model_calls
    assert (span.outcome, span.status) == ("cancelled", "UNSET")


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_calls_side_by_side_keep_their_own_failures(flavour: str) -> None:
    recording = written("openai-chat-plain")
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(playing(recording, fail_first=f"{number}:503")) for number in range(4)]
        captured: Captured = stack.enter_context(capture())
        asked = {"model": "openai/gpt-4o-mini", "messages": ASKED, "max_retries": 0, "num_retries": 4, **KEYS}
        calls = [
            litellm.acompletion(**asked, api_base=f"{server.url}/v1")
            if flavour == "async"
            else asyncio.to_thread(litellm.completion, **asked, api_base=f"{server.url}/v1")
            for server in servers
        ]
        await asyncio.gather(*calls)
    found = {span.attributes["server.port"]: span.retries for span in captured.model_calls}
    assert len(captured.model_calls) == 4
    assert found == {server.port: number or None for number, server in enumerate(servers)}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_nothing_answers(flavour: str) -> None:
    with refused() as url, capture() as captured:
        await call(flavour, model="anthropic/claude-sonnet-4-5", messages=ASKED, api_base=url, num_retries=1, **KEYS)
    (span,) = captured.model_calls
    assert span.attributes["agentotel.error.category"] == "network"
    assert len(span.events) == span.attributes["http.request.resend_count"] + 1


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.skipif(find_spec("mcp") is None, reason="LiteLLM's responses need mcp")
async def test_responses(flavour: str) -> None:
    recording = written("openai-responses-plain")
    with playing(recording, fail_first="1:500") as server, capture() as captured:
        asked = {"model": "openai/gpt-4o-mini", "input": "Hello", "api_base": f"{server.url}/v1", "num_retries": 1}
        await done(getattr(litellm, "a" * (flavour == "async") + "responses")(**asked, **KEYS))
    (span,) = captured.model_calls
    expected = recording.sent["expected"]
    found = {key: list(one) if isinstance(one, tuple) else one for key, one in span.attributes.items()}
    assert {key: found.get(key) for key in expected} == expected
    assert (span.provider, span.retries) == ("openai", 1)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_rerank(flavour: str) -> None:
    body = {
        "id": "rr-1",
        "results": [{"index": 1, "relevance_score": 0.9}],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
    }
    with Replay(answering(body)) as server, capture() as captured:
        asked = {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a", "b"], "api_base": server.url}
        await done(getattr(litellm, "a" * (flavour == "async") + "rerank")(**asked, **KEYS))
    (span,) = captured.model_calls
    assert (span.name, span.provider, span.attributes["gen_ai.response.id"]) == ("rerank rerank-v3.5", "cohere", "rr-1")


def test_the_functions_stay_functions() -> None:
    names = ("completion", "acompletion", "embedding", "aembedding", "text_completion", "rerank", "responses")
    before = [getattr(litellm, name) for name in names]
    with capture():
        for name, was in zip(names, before, strict=True):
            now = getattr(litellm, name)
            assert now is not was
            assert type(now) is type(was)
            assert (now.__name__, now.__module__, now.__doc__) == (was.__name__, was.__module__, was.__doc__)
            assert inspect.iscoroutinefunction(now) == inspect.iscoroutinefunction(was)
            assert inspect.signature(now) == inspect.signature(was)
            assert pickle.loads(pickle.dumps(now)) is now  # noqa: S301 - our own
    assert [getattr(litellm, name) for name in names] == before


def test_importing_agentotel_does_not_import_litellm() -> None:
    program = "import sys, agentotel; agentotel.instrument(); print('litellm' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
