"""The litellm SDK and its router, which send by way of the openai SDK and of HTTP libraries.

A call is recorded there, in the provider's own numbers. What litellm adds are the provider behind an address that
nobody knows, its retries, which are attempts of the one call, and its exceptions.

Source: ``litellm/main.py``, ``litellm/utils.py``, ``litellm/router.py``, ``LlmProviders`` in ``litellm/types/utils.py``
and ``litellm/litellm_core_utils/streaming_handler.py`` of litellm 1.90 and 1.106.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from agentotel.capture.spec import Adapter, Brokered, Hook

PROVIDERS: Final[Mapping[str, str]] = {
    "aiohttp_openai": "openai",
    "anthropic_text": "anthropic",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "cohere_chat": "cohere",
    "codestral": "mistral_ai",
    "custom_openai": "openai",
    "fireworks_ai": "fireworks",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "ollama_chat": "ollama",
    "text-completion-codestral": "mistral_ai",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""LiteLLM's names of providers where the conventions have another one."""

CALLS: Final = (
    "completion",
    "acompletion",
    "text_completion",
    "atext_completion",
    "embedding",
    "aembedding",
    "rerank",
    "arerank",
    "responses",
    "aresponses",
)
STREAM: Final = ("litellm.litellm_core_utils.streaming_handler", "CustomStreamWrapper")
"""The stream of litellm, some of which send their request when they are first read."""


def broker(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Brokered:
    """Read the arguments of a function of litellm, of the router's loop, or a stream that is about to be sent."""
    retries = kwargs.get("num_retries")
    if owner is None:
        model = kwargs.get("model", args[0] if args else None)
        named = kwargs.get("custom_llm_provider") or _prefix(model)
        retries = next((one for one in (retries, kwargs.get("max_retries"), _shared("num_retries")) if one), retries)
    else:
        named = _provider_of_stream(owner)
        retries = getattr(owner, "num_retries", None) if retries is None else retries
    return Brokered(
        provider=PROVIDERS.get(named, named) if isinstance(named, str) else None,
        retry_limit=retries if isinstance(retries, int) else None,
    )


def _provider_of_stream(stream: Any) -> Any:
    """Give the provider that was asked for; a stream of Gemini's API takes itself for one of Vertex."""
    details = getattr(getattr(stream, "logging_obj", None), "model_call_details", {})
    return details.get("custom_llm_provider") or getattr(stream, "custom_llm_provider", None)


def _prefix(model: object) -> str | None:
    """Give the provider that a model's name begins with: ``groq`` of ``groq/llama-3.1-8b-instant``."""
    before, found, _ = model.partition("/") if isinstance(model, str) else ("", "", "")
    return before if found and before in _shared("provider_list", ()) else None


def _shared(name: str, otherwise: Any = None) -> Any:
    """Read a setting of the package, which is loaded where its functions are called."""
    return getattr(sys.modules.get("litellm"), name, otherwise)


ADAPTER: Final = Adapter(
    package="litellm",
    oldest=(1, 90),
    below=(2,),
    hooks=(
        *(Hook(module="litellm", owner="", method=method) for method in CALLS),
        Hook(module="litellm.router", owner="Router", method="async_function_with_fallbacks"),
        *(Hook(module=STREAM[0], owner=STREAM[1], method=method) for method in ("fetch_sync_stream", "fetch_stream")),
    ),
    broker=broker,
)
