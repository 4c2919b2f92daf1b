"""The openai SDK: OpenAI, Azure OpenAI, and every server that speaks its protocol.

Source: ``openai/_base_client.py`` and ``openai/resources`` of openai 3.52.
"""

from __future__ import annotations

from typing import Any, Final

from agentotel.adapters.providers import _stainless
from agentotel.capture.spec import Adapter, Call
from agentotel.wire import openai_chat, openai_completions, openai_embeddings, openai_media, openai_responses

PATHS: Final = {
    ("post", "/chat/completions"): Call(operation="chat", format=openai_chat.FORMAT),
    ("post", "/responses"): Call(operation="chat", format=openai_responses.FORMAT),
    ("post", "/responses/compact"): Call(operation="chat", format=openai_responses.COMPACTION),
    ("get", "/responses/{id}"): Call(operation="fetch_response", format=openai_responses.FETCH),
    ("post", "/completions"): Call(operation="text_completion", format=openai_completions.FORMAT),
    ("post", "/embeddings"): Call(operation="embeddings", format=openai_embeddings.FORMAT),
    ("post", "/images/generations"): Call(operation="generate_content", format=openai_media.IMAGES),
    ("post", "/images/edits"): Call(operation="generate_content", format=openai_media.IMAGES),
    ("post", "/images/variations"): Call(operation="generate_content", format=openai_media.IMAGES),
    ("post", "/audio/speech"): Call(operation="generate_content", format=openai_media.SPEECH),
    ("post", "/audio/transcriptions"): Call(operation="generate_content", format=openai_media.TRANSCRIPTION),
    ("post", "/audio/translations"): Call(operation="generate_content", format=openai_media.TRANSCRIPTION),
    ("post", "/moderations"): Call(operation="moderation", format=openai_media.MODERATION),
    ("post", "/decisions"): Call(operation="generate_content", format=openai_media.DECISION),
}
"""Which request paths are operations; ``not_operations`` names the others."""

HOSTS: Final = (
    ("openai.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.openai"),
    ("api.openai.com", "openai"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("api.groq.com", "groq"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.moonshot.ai", "moonshot_ai"),
    ("api.moonshot.cn", "moonshot_ai"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("openrouter.ai", "openrouter"),
    ("api.together.xyz", "together"),
    ("api.together.ai", "together"),
    ("api.fireworks.ai", "fireworks"),
)
"""Ends of host names and the provider behind them; any other host is taken for ``openai``."""


def provider(client: Any) -> str:
    """Name the provider of a client, by its class and its host."""
    if any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__):
        return "azure.ai.openai"
    host = client.base_url.host
    return next((name for end, name in HOSTS if host == end or host.endswith("." + end)), "openai")


ADAPTER: Final = Adapter(
    package="openai",
    oldest=(3,),
    below=(4,),
    hooks=_stainless.hooks("openai"),
    read=_stainless.reader(PATHS, provider),
)
