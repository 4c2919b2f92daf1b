"""The neighbours: what to install for each, and which calls to make beside it. Imports the standard library only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SDK_CALLS: Final = ("plain", "stream", "abandoned", "error", "async plain", "async stream")
SYNC_CALLS: Final = ("plain", "stream", "abandoned", "error")
MODEL_CALLS: Final = ("plain", "stream")
WITH_ASYNC: Final = ("plain", "stream", "async plain", "async stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Somebody else who traces.

    Attributes:
        requires: What is installed beside the library, pre-releases included where only those exist.
        sdk: Whose calls are made: a driver of the contract tests, one of its endpoints, or a framework of ``calls.py``.
        calls: Which calls are made.
        instrumentors: What sets it up, ``module:class``; what has none traces by itself, or is set up in ``setups.py``.
        environment: Variables that it is switched on by, or that settings of ours are given in.
        seen: Whether our hooks see the calls; where they do not, they are known from the neighbour's spans alone.
        left_out: Attributes of its own that our settings decide on: the content that an SDK's own tracing would tell.
        priced: Whether the catalogue has a price for the model.
        also: Further endpoints of the driver; the calls of each are a row of their own.
        quick: Whether it is one of the few that every commit is checked beside.
    """

    name: str
    requires: tuple[str, ...]
    sdk: str
    calls: tuple[str, ...] = SDK_CALLS
    instrumentors: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    prereleases: bool = False
    seen: bool = True
    left_out: tuple[str, ...] = ()
    priced: bool = True
    also: tuple[str, ...] = ()
    quick: bool = False


OPENAI: Final = "OpenAIInstrumentor"
ANTHROPIC: Final = "AnthropicInstrumentor"

_ROWS: Final = (
    Neighbour(
        name="genai_openai",
        requires=("opentelemetry-instrumentation-genai-openai", "openai>=3"),
        sdk="openai",
        instrumentors=(f"opentelemetry.instrumentation.genai.openai:{OPENAI}",),
        prereleases=True,
        quick=True,
        also=("openai-responses",),
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
        instrumentors=(f"opentelemetry.instrumentation.openai_v2:{OPENAI}",),
        prereleases=True,
    ),
    Neighbour(
        name="openinference_openai",
        requires=("openinference-instrumentation-openai", "openai>=3"),
        sdk="openai",
        instrumentors=(f"openinference.instrumentation.openai:{OPENAI}",),
        also=("openai-responses",),
    ),
    Neighbour(
        name="openllmetry_openai",
        requires=("opentelemetry-instrumentation-openai", "openai>=3"),
        sdk="openai",
        instrumentors=(f"opentelemetry.instrumentation.openai:{OPENAI}",),
        also=("openai-responses",),
    ),
    Neighbour(
        name="logfire_openai",
        requires=("logfire", "openai>=3"),
        sdk="openai",
        also=("openai-responses",),
        quick=True,
    ),
    Neighbour(name="anthropic", requires=("anthropic>=2",), sdk="anthropic", quick=True),
    Neighbour(
        name="genai_anthropic",
        requires=("opentelemetry-instrumentation-genai-anthropic", "anthropic>=2"),
        sdk="anthropic",
        instrumentors=(f"opentelemetry.instrumentation.genai.anthropic:{ANTHROPIC}",),
        prereleases=True,
    ),
    Neighbour(
        name="openinference_anthropic",
        requires=("openinference-instrumentation-anthropic", "anthropic>=2"),
        sdk="anthropic",
        instrumentors=(f"openinference.instrumentation.anthropic:{ANTHROPIC}",),
    ),
    Neighbour(
        name="openllmetry_anthropic",
        requires=("opentelemetry-instrumentation-anthropic", "anthropic>=2"),
        sdk="anthropic",
        instrumentors=(f"opentelemetry.instrumentation.anthropic:{ANTHROPIC}",),
        quick=True,
    ),
    Neighbour(name="logfire_anthropic", requires=("logfire", "anthropic>=2"), sdk="anthropic"),
    Neighbour(
        name="openinference_and_openllmetry",
        requires=("openinference-instrumentation-openai", "opentelemetry-instrumentation-openai", "openai>=3"),
        sdk="openai",
        instrumentors=(
            f"openinference.instrumentation.openai:{OPENAI}",
            f"opentelemetry.instrumentation.openai:{OPENAI}",
        ),
        quick=True,
    ),
    Neighbour(
        name="official_google_genai",
        requires=("opentelemetry-instrumentation-google-genai", "google-genai<3"),
        sdk="google_genai",
        instrumentors=("opentelemetry.instrumentation.google_genai:GoogleGenAiSdkInstrumentor",),
        prereleases=True,
        quick=True,
    ),
    Neighbour(
        name="openinference_google_genai",
        requires=("openinference-instrumentation-google-genai", "google-genai"),
        sdk="google_genai",
        instrumentors=("openinference.instrumentation.google_genai:GoogleGenAIInstrumentor",),
    ),
    Neighbour(
        name="openllmetry_google_genai",
        requires=("opentelemetry-instrumentation-google-generativeai", "google-genai"),
        sdk="google_genai",
        instrumentors=("opentelemetry.instrumentation.google_generativeai:GoogleGenerativeAiInstrumentor",),
    ),
    Neighbour(
        name="botocore_bedrock",
        requires=("opentelemetry-instrumentation-botocore", "boto3"),
        sdk="botocore",
        instrumentors=("opentelemetry.instrumentation.botocore:BotocoreInstrumentor",),
        calls=SYNC_CALLS,
        prereleases=True,
        quick=True,
        also=("bedrock-invoke",),
    ),
    Neighbour(
        name="botocore_bedrock_async",
        requires=("opentelemetry-instrumentation-botocore", "aiobotocore[boto3]"),
        sdk="aiobotocore",
        instrumentors=("opentelemetry.instrumentation.botocore:AiobotocoreInstrumentor",),
        calls=("async plain", "async stream"),
        prereleases=True,
    ),
    Neighbour(
        name="genai_bedrock",
        requires=("opentelemetry-instrumentation-genai-bedrock", "boto3"),
        sdk="botocore",
        instrumentors=("opentelemetry.instrumentation.genai.bedrock:BedrockInstrumentor",),
        calls=SYNC_CALLS,
        prereleases=True,
        also=("bedrock-invoke",),
    ),
    Neighbour(
        name="openinference_bedrock",
        requires=("openinference-instrumentation-bedrock", "boto3"),
        sdk="botocore",
        instrumentors=("openinference.instrumentation.bedrock:BedrockInstrumentor",),
        calls=SYNC_CALLS,
        also=("bedrock-invoke",),
    ),
    Neighbour(
        name="openllmetry_bedrock",
        requires=("opentelemetry-instrumentation-bedrock", "boto3"),
        sdk="botocore",
        instrumentors=("opentelemetry.instrumentation.bedrock:BedrockInstrumentor",),
        calls=SYNC_CALLS,
        also=("bedrock-invoke",),
    ),
    Neighbour(
        name="mistralai",
        requires=("mistralai>=3",),
        sdk="mistralai_client",
        environment=(("MISTRAL_SDK_TELEMETRY", "global"),),
        left_out=("gen_ai.input.messages", "gen_ai.output.messages"),
        quick=True,
    ),
    Neighbour(
        name="openinference_mistralai",
        requires=("openinference-instrumentation-mistralai", "mistralai>=3"),
        sdk="mistralai_client",
        instrumentors=("openinference.instrumentation.mistralai:MistralAIInstrumentor",),
    ),
    Neighbour(
        name="openllmetry_groq",
        requires=("opentelemetry-instrumentation-groq", "groq"),
        sdk="groq",
        instrumentors=("opentelemetry.instrumentation.groq:GroqInstrumentor",),
    ),
    Neighbour(
        name="openllmetry_ollama",
        requires=("opentelemetry-instrumentation-ollama", "ollama"),
        sdk="ollama",
        instrumentors=("opentelemetry.instrumentation.ollama:OllamaInstrumentor",),
        priced=False,
    ),
    Neighbour(
        name="openllmetry_cohere",
        requires=("opentelemetry-instrumentation-cohere", "cohere<6"),
        sdk="cohere",
        instrumentors=("opentelemetry.instrumentation.cohere:CohereInstrumentor",),
    ),
    Neighbour(
        name="http_of_openai",
        requires=("opentelemetry-instrumentation-httpx>=0.66b1", "openai>=3"),
        sdk="openai",
        instrumentors=("opentelemetry.instrumentation.httpx:HTTPX2ClientInstrumentor",),
        prereleases=True,
        quick=True,
    ),
    Neighbour(
        name="http_of_groq",
        requires=("opentelemetry-instrumentation-httpx", "groq", "httpx<1"),
        sdk="groq",
        instrumentors=("opentelemetry.instrumentation.httpx:HTTPXClientInstrumentor",),
        prereleases=True,
    ),
    Neighbour(
        name="http_of_bedrock",
        requires=("opentelemetry-instrumentation-urllib3", "boto3"),
        sdk="botocore",
        instrumentors=("opentelemetry.instrumentation.urllib3:URLLib3Instrumentor",),
        calls=SYNC_CALLS,
        prereleases=True,
    ),
    Neighbour(
        name="http_of_aiobotocore",
        requires=("opentelemetry-instrumentation-aiohttp-client", "aiobotocore[boto3]"),
        sdk="aiobotocore",
        instrumentors=("opentelemetry.instrumentation.aiohttp_client:AioHttpClientInstrumentor",),
        calls=("async plain", "async stream"),
        prereleases=True,
    ),
    Neighbour(
        name="http_without_an_sdk",
        requires=("opentelemetry-instrumentation-requests", "opentelemetry-instrumentation-urllib3", "requests"),
        sdk="requests",
        instrumentors=(
            "opentelemetry.instrumentation.requests:RequestsInstrumentor",
            "opentelemetry.instrumentation.urllib3:URLLib3Instrumentor",
        ),
        calls=MODEL_CALLS,
        prereleases=True,
        quick=True,
    ),
    Neighbour(
        name="instructor", requires=("instructor", "openai"), sdk="instructor", calls=("structured", "async structured")
    ),
    Neighbour(
        name="openinference_of_a_call_unseen",
        requires=("openinference-instrumentation-litellm", "litellm"),
        sdk="litellm_anthropic",
        instrumentors=("openinference.instrumentation.litellm:LiteLLMInstrumentor",),
        environment=(("AGENTOTEL_IGNORED_HOSTS", "127.0.0.1"),),
        calls=("plain", "async plain"),  # of streams it tells no tokens
        seen=False,
        quick=True,
    ),
    Neighbour(
        name="openllmetry_of_a_call_unseen",
        requires=("opentelemetry-instrumentation-writer", "writer-sdk<3"),
        sdk="writer",
        instrumentors=("opentelemetry.instrumentation.writer:WriterInstrumentor",),
        calls=WITH_ASYNC,
        priced=False,
        seen=False,
        quick=True,
    ),
    Neighbour(
        name="pydantic_ai",
        requires=("pydantic-ai-slim[openai]>=2",),
        sdk="pydantic_ai",
        calls=MODEL_CALLS,
        quick=True,
    ),
    Neighbour(
        name="openinference_langchain",
        requires=("langchain-openai", "openinference-instrumentation-langchain"),
        sdk="langchain",
        instrumentors=("openinference.instrumentation.langchain:LangChainInstrumentor",),
        calls=WITH_ASYNC,
        quick=True,
    ),
    Neighbour(
        name="openllmetry_langchain",
        requires=("langchain-openai", "opentelemetry-instrumentation-langchain"),
        sdk="langchain",
        instrumentors=("opentelemetry.instrumentation.langchain:LangchainInstrumentor",),
        calls=WITH_ASYNC,
    ),
    Neighbour(
        name="genai_langchain",
        requires=("langchain-openai", "opentelemetry-instrumentation-genai-langchain"),
        sdk="langchain",
        instrumentors=("opentelemetry.instrumentation.genai.langchain:LangChainInstrumentor",),
        calls=WITH_ASYNC,
        prereleases=True,
    ),
    Neighbour(
        name="genai_openai_agents",
        requires=("openai-agents", "opentelemetry-instrumentation-genai-openai-agents"),
        sdk="openai_agents",
        instrumentors=("opentelemetry.instrumentation.genai.openai_agents:OpenAIAgentsInstrumentor",),
        calls=MODEL_CALLS,
        prereleases=True,
    ),
    Neighbour(
        name="openinference_openai_agents",
        requires=("openai-agents", "openinference-instrumentation-openai-agents"),
        sdk="openai_agents",
        instrumentors=("openinference.instrumentation.openai_agents:OpenAIAgentsInstrumentor",),
        calls=MODEL_CALLS,
    ),
    Neighbour(
        name="autogen",
        requires=("autogen-agentchat", "autogen-ext[openai]"),
        sdk="autogen",
        calls=("async plain", "async stream"),
    ),
    Neighbour(
        name="openinference_crewai",
        requires=("crewai", "openinference-instrumentation-crewai"),
        sdk="crewai",
        instrumentors=("openinference.instrumentation.crewai:CrewAIInstrumentor",),
        environment=(("CREWAI_DISABLE_TELEMETRY", "true"), ("CREWAI_TRACING_ENABLED", "false")),
        calls=("plain",),
    ),
    Neighbour(
        name="langsmith",
        requires=("langsmith[otel]", "openai>=3"),
        sdk="langsmith",
        environment=(
            ("LANGSMITH_TRACING", "true"),
            ("LANGSMITH_TRACING_MODE", "otel"),
        ),
        calls=("stream", "async stream"),  # the others it puts below a span that it never sends
    ),
    Neighbour(
        name="openinference_litellm",
        requires=("openinference-instrumentation-litellm", "litellm"),
        sdk="litellm",
        instrumentors=("openinference.instrumentation.litellm:LiteLLMInstrumentor",),
        calls=WITH_ASYNC,
    ),
    Neighbour(
        name="openinference_groq",
        requires=("openinference-instrumentation-groq", "groq"),
        sdk="groq",
        instrumentors=("openinference.instrumentation.groq:GroqInstrumentor",),
    ),
    Neighbour(name="strands", requires=("strands-agents[openai]",), sdk="strands", calls=("stream",)),
    Neighbour(name="google_adk", requires=("google-adk>=2", "litellm", "openai"), sdk="google_adk", calls=("plain",)),
    Neighbour(name="litellm", requires=("litellm",), sdk="litellm", calls=WITH_ASYNC, quick=True),
    Neighbour(name="litellm_anthropic", requires=("litellm",), sdk="litellm_anthropic", calls=WITH_ASYNC),
)

NEIGHBOURS: Final = (
    *_ROWS,
    *(
        replace(row, name=f"{row.name}@{endpoint}", sdk=f"{row.sdk}:{endpoint}", quick=False)
        for row in _ROWS
        for endpoint in row.also
    ),
)

MCP: Final = Neighbour(name="mcp", requires=("mcp>=2",), sdk="mcp")
"""It traces tools, not models, and has a test of its own."""

ORDERS: Final = ("before", "after")
"""Whether the library is set up before the neighbour or after it."""
