"""The neighbours: what to install for each, and which calls to make beside it. Imports the standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SDK_CALLS: Final = ("plain", "stream", "abandoned", "error", "async plain", "async stream")
MODEL_CALLS: Final = ("plain", "stream")
WITH_ASYNC: Final = ("plain", "stream", "async plain", "async stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Somebody else who traces. ``program.py`` has a function of the same name that sets it up.

    ``requires`` is installed beside the library, pre-releases included where only those exist. ``sdk`` says whose
    calls are made, ``calls`` which ones.
    """

    name: str
    requires: tuple[str, ...]
    sdk: str
    calls: tuple[str, ...] = SDK_CALLS
    prereleases: bool = False


NEIGHBOURS: Final = (
    Neighbour(
        name="genai_openai",
        requires=("opentelemetry-instrumentation-genai-openai", "openai>=3"),
        sdk="openai",
        prereleases=True,
    ),
    Neighbour(
        name="openai_v2",
        requires=(
            "opentelemetry-instrumentation-openai-v2",
            "opentelemetry-util-genai<1",
            "openai<3",
            "httpx",
        ),
        sdk="openai",
        prereleases=True,
    ),
    Neighbour(
        name="openinference_openai", requires=("openinference-instrumentation-openai", "openai>=3"), sdk="openai"
    ),
    Neighbour(name="openllmetry_openai", requires=("opentelemetry-instrumentation-openai", "openai>=3"), sdk="openai"),
    Neighbour(name="logfire_openai", requires=("logfire", "openai>=3"), sdk="openai"),
    Neighbour(name="anthropic", requires=("anthropic>=2",), sdk="anthropic"),
    Neighbour(
        name="genai_anthropic",
        requires=("opentelemetry-instrumentation-genai-anthropic", "anthropic>=2"),
        sdk="anthropic",
        prereleases=True,
    ),
    Neighbour(
        name="openinference_anthropic",
        requires=("openinference-instrumentation-anthropic", "anthropic>=2"),
        sdk="anthropic",
    ),
    Neighbour(
        name="openllmetry_anthropic",
        requires=("opentelemetry-instrumentation-anthropic", "anthropic>=2"),
        sdk="anthropic",
    ),
    Neighbour(name="logfire_anthropic", requires=("logfire", "anthropic>=2"), sdk="anthropic"),
    Neighbour(
        name="openinference_and_openllmetry",
        requires=("openinference-instrumentation-openai", "opentelemetry-instrumentation-openai", "openai>=3"),
        sdk="openai",
    ),
    Neighbour(name="pydantic_ai", requires=("pydantic-ai-slim[openai]>=2",), sdk="pydantic_ai", calls=MODEL_CALLS),
    Neighbour(
        name="openinference_langchain",
        requires=("langchain-openai", "openinference-instrumentation-langchain"),
        sdk="langchain",
        calls=WITH_ASYNC,
    ),
    Neighbour(
        name="openllmetry_langchain",
        requires=("langchain-openai", "opentelemetry-instrumentation-langchain"),
        sdk="langchain",
        calls=WITH_ASYNC,
    ),
    Neighbour(name="strands", requires=("strands-agents[openai]",), sdk="strands", calls=("stream",)),
    Neighbour(name="google_adk", requires=("google-adk>=2", "litellm", "openai"), sdk="google_adk", calls=("plain",)),
    Neighbour(name="litellm", requires=("litellm",), sdk="litellm", calls=WITH_ASYNC),
    Neighbour(name="litellm_anthropic", requires=("litellm",), sdk="litellm_anthropic", calls=WITH_ASYNC),
)

ORDERS: Final = ("before", "after")
"""Whether the library is set up before the neighbour or after it."""
