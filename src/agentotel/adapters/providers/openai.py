"""The openai SDK: OpenAI, Azure OpenAI, and every server that speaks its protocol.

Source: ``openai/_base_client.py`` and ``openai/resources`` of openai 2.0 to 3.54.
"""

from __future__ import annotations

from typing import Any, Final

from agentotel.adapters.providers import _stainless, openai_sockets
from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Call, Hook
from agentotel.wire import (
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_media,
    openai_responses,
    retrieval,
)

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
    ("post", "/vector_stores/{vector_store_id}/search"): Call(operation="retrieval", format=retrieval.VECTOR_STORE),
    ("post", "/decisions"): Call(operation="generate_content", format=openai_media.DECISION),
}
"""Which request paths are operations; ``not_operations`` names the others."""

AUDIO: Final = ("/audio/speech", "/audio/transcriptions", "/audio/translations")


def provider(client: Any) -> str:
    """Name the provider of a client, by its class and its host; any host that is not known is taken for ``openai``."""
    if any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__):
        return "azure.ai.openai"
    return hosts.provider_of(client.base_url.host, "openai")


def api_version(client: Any) -> str | None:
    """Give the version that a client of Azure asks for; those that are no date are newer than any."""
    version = client.default_query.get("api-version")
    return version if isinstance(version, str) else None


VALIDATORS: Final = (
    Hook(module="openai._legacy_response", owner="LegacyAPIResponse", method="parse"),
    *_stainless.validators(
        "openai",
        ("lib.streaming.chat._completions", ("ChatCompletionStream", "AsyncChatCompletionStream")),
        ("lib.streaming.responses._responses", ("ResponseStream", "AsyncResponseStream")),
    ),
    *(
        Hook(module="openai.lib.streaming.chat._completions", owner=owner, method="get_final_completion")
        for owner in ("ChatCompletionStream", "AsyncChatCompletionStream")
    ),
)
"""What parses structured outputs outside the request methods."""

ADAPTER: Final = Adapter(
    package="openai",
    oldest=(2,),
    below=(4,),
    hooks=_stainless.hooks("openai"),
    read=_stainless.reader(PATHS, provider),
    sockets=openai_sockets.SOCKETS,
    validators=VALIDATORS,
    parsed=_stainless.PARSED,
    with_body=_stainless.with_body,
    api_version=api_version,
)
