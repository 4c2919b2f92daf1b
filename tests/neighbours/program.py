"""Makes the calls of one neighbour's row in its own environment, and prints what was recorded.

python -m tests.neighbours.program <neighbour> <before | after | alone>
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fakes.replay import Replay, load
from tests.neighbours.table import NEIGHBOURS

EXCHANGES: Final = Path(__file__).parents[1] / "contract" / "exchanges"
FILES: Final = {"abandoned": "stream", "error": "error-400"}
KEY: Final = "test-key"
MODEL: Final = "gpt-4o-mini"
WAIT_S: Final = 2.0

exporter = InMemorySpanExporter()
reader = InMemoryMetricReader()


def main(name: str, order: str) -> None:
    """Set both up in the order asked for, make the calls, and print spans, metrics and what was sent."""
    neighbour = next(one for one in NEIGHBOURS if one.name == name)
    if name.startswith("logfire"):
        set_up: Callable[[], object] = _logfire
    else:
        _providers()
        set_up = globals()[f"_{name}"]
    if order == "before":
        _ours()
    set_up()
    if order == "after":
        _ours()
    sent = {}
    for kind in neighbour.calls:
        with Replay(_exchange(neighbour.sdk, kind)) as server:
            call = globals()[f"call_{neighbour.sdk}"]
            with trace.get_tracer("application").start_as_current_span(kind):
                call(server.url, kind)
                _settle(name)
            sent[kind] = [request["headers"].get("traceparent") for request in server.requests]
    if order != "alone":
        _flush()
    print(json.dumps({"spans": [*map(_span, exporter.get_finished_spans())], "metrics": [*_points()], "sent": sent}))


def _providers() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))


def _ours() -> None:
    import agentotel

    agentotel.instrument()


def _flush() -> None:
    """Let endings be recorded that were noticed while garbage was collected."""
    import agentotel

    agentotel.flush()


def _exchange(sdk: str, kind: str) -> dict[str, Any]:
    kind = kind.removeprefix("async ")
    prefix = "anthropic-messages" if sdk.endswith("anthropic") else "openai-chat"
    return load(EXCHANGES / f"{prefix}-{FILES.get(kind, kind)}.json")


def _settle(name: str) -> None:
    """Wait for a neighbour that tells of a call afterwards, from a thread of its own."""
    if name.startswith("litellm"):
        time.sleep(WAIT_S)


def _span(span: Any) -> dict[str, Any]:
    return {
        "scope": span.instrumentation_scope.name,
        "name": span.name,
        "id": format(span.context.span_id, "016x"),
        "trace": format(span.context.trace_id, "032x"),
        "parent": None if span.parent is None else format(span.parent.span_id, "016x"),
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes),
        "lasted_ns": span.end_time - span.start_time,
        "events": [event.name for event in span.events],
    }


def _points() -> Iterator[dict[str, Any]]:
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield {
                        "scope": scope.scope.name,
                        "name": metric.name,
                        "count": getattr(point, "count", None),
                        "sum": getattr(point, "sum", getattr(point, "value", None)),
                        "attributes": dict(point.attributes),
                    }


# -- set-up of the neighbours


def _instrument(module: str, name: str) -> None:
    import importlib

    getattr(importlib.import_module(module), name)().instrument()


def _genai_openai() -> None:
    _instrument("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor")


def _openai_v2() -> None:
    _instrument("opentelemetry.instrumentation.openai_v2", "OpenAIInstrumentor")


def _openinference_openai() -> None:
    _instrument("openinference.instrumentation.openai", "OpenAIInstrumentor")


def _openllmetry_openai() -> None:
    _instrument("opentelemetry.instrumentation.openai", "OpenAIInstrumentor")


def _openinference_and_openllmetry() -> None:
    _openinference_openai()
    _openllmetry_openai()


def _genai_anthropic() -> None:
    _instrument("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor")


def _openinference_anthropic() -> None:
    _instrument("openinference.instrumentation.anthropic", "AnthropicInstrumentor")


def _openllmetry_anthropic() -> None:
    _instrument("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor")


def _openinference_langchain() -> None:
    _instrument("openinference.instrumentation.langchain", "LangChainInstrumentor")


def _openllmetry_langchain() -> None:
    _instrument("opentelemetry.instrumentation.langchain", "LangchainInstrumentor")


def _logfire() -> None:
    import logfire

    logfire.configure(
        send_to_logfire=False,
        console=False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
        metrics=logfire.MetricsOptions(additional_readers=[reader]),
    )
    for package, instrument in (("openai", logfire.instrument_openai), ("anthropic", logfire.instrument_anthropic)):
        with contextlib.suppress(ImportError):
            __import__(package)
            instrument()


def _pydantic_ai() -> None:
    from pydantic_ai import Agent

    Agent.instrument_all(instrument=True)


def _litellm() -> None:
    import litellm

    litellm.callbacks = ["otel"]


def _anthropic() -> None:
    """Traces itself."""


_strands = _google_adk = _anthropic
_litellm_anthropic = _litellm


# -- calls


def _body(kind: str, sdk: str) -> dict[str, Any]:
    body: dict[str, Any] = _exchange(sdk, kind)["interactions"][0]["request"]["body"]
    return body


def _clients(sdk: str, url: str) -> tuple[Any, Any, Callable[[Any], Any]]:
    if sdk == "openai":
        import openai

        made = [kind(base_url=url, api_key=KEY, max_retries=0) for kind in (openai.OpenAI, openai.AsyncOpenAI)]
        return made[0], made[1], lambda client: client.chat.completions.create
    import anthropic

    made = [kind(base_url=url, api_key=KEY, max_retries=0) for kind in (anthropic.Anthropic, anthropic.AsyncAnthropic)]
    return made[0], made[1], lambda client: client.messages.create


def _call_sdk(sdk: str, url: str, kind: str) -> None:
    sync, asynchronous, create = _clients(sdk, url)
    body = _body(kind, sdk)
    if kind.startswith("async"):
        asyncio.run(_call_async(asynchronous, create, body))
        return
    with sync, contextlib.suppress(Exception) if kind == "error" else contextlib.nullcontext():
        answer = create(sync)(**body)
        if kind == "abandoned":
            next(iter(answer))
            del answer
            gc.collect()
        elif kind == "stream":
            assert list(answer)


async def _call_async(client: Any, create: Callable[[Any], Any], body: dict[str, Any]) -> None:
    async with client:
        answer = await create(client)(**body)
        if isinstance(answer, AsyncIterator) or hasattr(type(answer), "__aiter__"):
            assert [chunk async for chunk in answer]


def call_openai(url: str, kind: str) -> None:
    """Call a model with openai."""
    _call_sdk("openai", url, kind)


def call_anthropic(url: str, kind: str) -> None:
    """Call a model with anthropic."""
    _call_sdk("anthropic", url, kind)


def call_pydantic_ai(url: str, kind: str) -> None:
    """Run an agent of pydantic-ai."""
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


def call_langchain(url: str, kind: str) -> None:
    """Call a chat model of LangChain."""
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


def call_strands(url: str, kind: str) -> None:  # noqa: ARG001 - it always streams
    """Run an agent of Strands."""
    from strands import Agent
    from strands.models.openai import OpenAIModel

    model = OpenAIModel(client_args={"base_url": url, "api_key": KEY}, model_id=MODEL)
    Agent(model=model, callback_handler=None)("Hello")


def call_google_adk(url: str, kind: str) -> None:  # noqa: ARG001 - one kind only
    """Run an agent of the Agent Development Kit."""
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


def call_litellm(url: str, kind: str, model: str = f"openai/{MODEL}") -> None:
    """Call a model through LiteLLM."""
    import litellm
    from litellm import CustomStreamWrapper

    asked = {
        "model": model,
        "messages": [{"role": "user", "content": "Hello"}],
        "api_base": url,
        "api_key": KEY,
        "max_tokens": 50,
        "stream": kind.endswith("stream"),
    }

    async def call_async() -> None:
        answer = await litellm.acompletion(**asked)
        if kind.endswith("stream"):
            assert type(answer) is CustomStreamWrapper
            assert [chunk async for chunk in answer]

    if kind.startswith("async"):
        asyncio.run(call_async())
        return
    answer = litellm.completion(**asked)
    if kind == "stream":
        assert type(answer) is CustomStreamWrapper
        assert list(answer)


def call_litellm_anthropic(url: str, kind: str) -> None:
    """Call a model of Anthropic through LiteLLM, which sends the request itself."""
    call_litellm(url, kind, "anthropic/claude-sonnet-4-5")


if __name__ == "__main__":
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    main(*sys.argv[1:])
