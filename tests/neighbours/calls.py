"""The calls of a row: an SDK's by its driver of the contract tests, those of frameworks by a function here."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.contract.drivers._spec import calling
from tests.contract.flavour import done
from tests.contract.recordings import Recording, written
from tests.contract.ways import is_stream

KEY: Final = "test-key"
MODEL: Final = "gpt-4o-mini"
FILES: Final = {"abandoned": "stream", "error": "error-400"}
"""Exchanges by kind of call, where they have another name."""

OPENAI: Final = "openai-chat"
ANTHROPIC: Final = "anthropic-messages"


def exchange(sdk: str, kind: str) -> Recording:
    """Load the exchange of a kind of call."""
    kind = kind.removeprefix("async ")
    prefix = _EXCHANGES[sdk] if sdk in _EXCHANGES else _endpoint(sdk).written
    found = written(f"{prefix}-{FILES.get(kind, kind)}")
    return _at(_PATHS[sdk], found) if sdk in _PATHS else found


def _at(path: str, recording: Recording) -> Recording:
    """Move an exchange to another path."""
    (one,) = recording.sent["interactions"]
    moved = {**one, "request": {**one["request"], "path": path}}
    return replace(recording, sent={**recording.sent, "interactions": [moved]})


def make(sdk: str, url: str, kind: str) -> str | None:
    """Make one call, and name the type of what it gave; None for a framework that gives what it makes of it."""
    return CALLS[sdk](url, kind) if sdk in CALLS else asyncio.run(_drive(sdk, url, kind))


def _endpoint(sdk: str) -> Any:
    """Find the endpoint of a driver: ``google_genai``, or ``botocore:bedrock-invoke``, else the first one."""
    module, _, name = sdk.partition(":")
    endpoints = importlib.import_module(f"tests.contract.drivers.{module}").DRIVER.endpoints
    return next(one for one in endpoints if not name or one.name == name)


async def _drive(sdk: str, url: str, kind: str) -> str | None:
    flavour = "async" if kind.startswith("async") else "sync"
    async with calling(_endpoint(sdk), flavour, exchange(sdk, kind), url, retries=0) as caller:
        random.seed()  # a driver may have seeded what ids are drawn from
        if kind == "error":
            with contextlib.suppress(Exception):
                await caller.call()
            return None
        answer = await caller.call()
        named = _named(answer)
        if kind == "abandoned":
            next(iter(answer))
            del answer
            gc.collect()
        elif is_stream(answer):
            assert await _read(answer, flavour)
        return named


async def _read(stream: Any, flavour: str) -> list[Any]:
    """Read a stream; one that a neighbour has wrapped may seem to be of both flavours."""
    return [chunk async for chunk in stream] if flavour == "async" else list(stream)


def _named(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


# -- frameworks


def _pydantic_ai(url: str, kind: str) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=url, api_key=KEY)))

    async def stream() -> None:
        async with agent.run_stream("Hello") as result:
            assert [text async for text in result.stream_text()]

    if kind == "stream":
        asyncio.run(stream())
    else:
        agent.run_sync("Hello")


def _langchain(url: str, kind: str) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model=MODEL, base_url=url, api_key=KEY, stream_usage=True)

    async def call_async() -> None:
        if kind == "async stream":
            assert [chunk async for chunk in model.astream("Hello")]
        else:
            await model.ainvoke("Hello")

    if kind.startswith("async"):
        asyncio.run(call_async())
    elif kind == "stream":
        assert list(model.stream("Hello"))
    else:
        model.invoke("Hello")


def _strands(url: str, _kind: str) -> None:
    from strands import Agent
    from strands.models.openai import OpenAIModel

    model = OpenAIModel(client_args={"base_url": url, "api_key": KEY}, model_id=MODEL)
    Agent(model=model, callback_handler=None)("Hello")


def _google_adk(url: str, _kind: str) -> None:
    from google.adk.agents import LlmAgent
    from google.adk.models.lite_llm import LiteLlm
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    agent = LlmAgent(name="desk", model=LiteLlm(model=f"openai/{MODEL}", api_base=url, api_key=KEY))

    async def run() -> None:
        runner = InMemoryRunner(agent=agent, app_name="desk")
        session = await runner.session_service.create_session(app_name="desk", user_id="user")
        message = types.Content(role="user", parts=[types.Part(text="Hello")])
        async for _event in runner.run_async(user_id="user", session_id=session.id, new_message=message):
            pass

    asyncio.run(run())


def _litellm(url: str, kind: str, model: str = f"openai/{MODEL}") -> str:
    import litellm

    asked = {
        "model": model,
        "messages": [{"role": "user", "content": "Hello"}],
        "api_base": url,
        "api_key": KEY,
        "max_tokens": 50,
        "stream": kind.endswith("stream"),
    }

    async def call_async() -> str:
        answer = await litellm.acompletion(**asked)
        if kind.endswith("stream"):
            assert await _read(answer, "async")
        return _named(answer)

    if kind.startswith("async"):
        return asyncio.run(call_async())
    answer = litellm.completion(**asked)
    if kind == "stream":
        assert list(answer)
    return _named(answer)


def _litellm_anthropic(url: str, kind: str) -> str:
    """Call a model of Anthropic through LiteLLM, which sends the request itself."""
    return _litellm(url, kind, "anthropic/claude-sonnet-4-5")


def _instructor(url: str, kind: str) -> None:
    """Ask for a structured output: a call of openai inside one of instructor."""
    import instructor
    import openai
    import pydantic

    class Answer(pydantic.BaseModel):
        wrong: bool

    flavour = openai.AsyncOpenAI if kind.startswith("async") else openai.OpenAI
    client = instructor.from_openai(flavour(base_url=url, api_key=KEY, max_retries=0), mode=instructor.Mode.JSON)
    messages = [{"role": "user", "content": "Hello"}]

    async def call() -> None:
        answer = await done(client.create(response_model=Answer, model=MODEL, messages=messages))
        assert answer.wrong

    asyncio.run(call())


def _openai_agents(url: str, kind: str) -> None:
    import openai
    from agents import Agent, OpenAIChatCompletionsModel, Runner

    async def run() -> None:
        client = openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0)
        agent = Agent(name="desk", model=OpenAIChatCompletionsModel(model=MODEL, openai_client=client))
        if kind == "plain":
            await Runner.run(agent, "Hello")
        else:
            assert [event async for event in Runner.run_streamed(agent, "Hello").stream_events()]

    asyncio.run(run())


def _autogen(url: str, kind: str) -> None:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    async def run() -> None:
        streams = kind == "async stream"
        client = OpenAIChatCompletionClient(
            model=MODEL, base_url=url, api_key=KEY, max_retries=0, include_usage_in_stream=True
        )
        agent = AssistantAgent("desk", model_client=client, model_client_stream=streams)
        assert [event async for event in agent.run_stream(task="Hello")]

    asyncio.run(run())


def _crewai(url: str, _kind: str) -> None:
    from crewai import LLM, Agent, Crew, Task

    clerk = Agent(role="clerk", goal="greet", backstory="", llm=LLM(model=MODEL, base_url=url, api_key=KEY))
    Crew(agents=[clerk], tasks=[Task(description="Greet.", expected_output="Words.", agent=clerk)]).kickoff()


def _langsmith(url: str, kind: str) -> None:
    import openai
    from langsmith.run_trees import get_cached_client
    from langsmith.wrappers import wrap_openai

    flavour = openai.AsyncOpenAI if kind.startswith("async") else openai.OpenAI
    client = wrap_openai(flavour(base_url=url, api_key=KEY, max_retries=0))

    async def call() -> None:
        answer = await done(client.chat.completions.create(**exchange("langsmith", kind).body))
        if kind.endswith("stream"):
            assert await _read(answer, "async" if kind.startswith("async") else "sync")

    asyncio.run(call())
    get_cached_client().flush()  # it tells from a thread of its own


def _writer(url: str, kind: str) -> str:
    """Call a model with an SDK that the library has no adapter for, at a path that it does not know."""
    import writerai

    flavour = writerai.AsyncWriter if kind.startswith("async") else writerai.Writer
    client = flavour(base_url=url, api_key=KEY, max_retries=0)
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": kind.endswith("stream")}

    async def call() -> str:
        answer = await done(client.chat.chat(**asked))
        if asked["stream"]:
            assert await _read(answer, "async" if kind.startswith("async") else "sync")
        return _named(answer)

    return asyncio.run(call())


def _requests(url: str, kind: str) -> None:
    """Send what an SDK would send, with nothing but an HTTP library."""
    import requests

    answer = requests.post(
        f"{url}/v1/chat/completions",
        json=exchange("requests", kind).body,
        headers={"authorization": f"Bearer {KEY}"},
        stream=kind == "stream",
        timeout=20,
    )
    assert [*answer.iter_lines()]


CALLS: Final[dict[str, Callable[[str, str], str | None]]] = {
    "pydantic_ai": _pydantic_ai,
    "langchain": _langchain,
    "strands": _strands,
    "google_adk": _google_adk,
    "litellm": _litellm,
    "litellm_anthropic": _litellm_anthropic,
    "instructor": _instructor,
    "openai_agents": _openai_agents,
    "autogen": _autogen,
    "crewai": _crewai,
    "langsmith": _langsmith,
    "requests": _requests,
    "writer": _writer,
}

_PATHS: Final = {"writer": "/v1/chat"}
_EXCHANGES: Final = {**dict.fromkeys(CALLS, OPENAI), "litellm_anthropic": ANTHROPIC}
