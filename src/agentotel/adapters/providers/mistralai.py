"""The mistralai SDK's client for Mistral's own API.

Source: ``mistralai/client`` of mistralai 3.7.
"""

from __future__ import annotations

from typing import Final

from agentotel.adapters.providers import _mistral
from agentotel.adapters.providers._paths import Found, Routes
from agentotel.capture.spec import Call, Hook
from agentotel.wire import mistral_chat, mistral_conversations, mistral_tasks, openai_responses, retrieval

_TURN: Final = Call(operation="chat", format=mistral_conversations.FORMAT)

PATHS: Final = {
    ("post", "/v1/chat/completions"): Call(operation="chat", format=mistral_chat.CHAT),
    ("post", "/v1/agents/completions"): Call(operation="chat", format=mistral_chat.CHAT),
    ("post", "/v1/conversations"): _TURN,
    ("post", "/v1/conversations/{conversation_id}"): _TURN,
    ("post", "/v1/conversations/{conversation_id}/restart"): _TURN,
    ("post", "/v1/responses"): Call(operation="chat", format=openai_responses.FORMAT),
    ("post", "/v1/fim/completions"): Call(operation="text_completion", format=mistral_chat.FIM),
    ("post", "/v1/embeddings"): Call(operation="embeddings", format=mistral_tasks.EMBEDDINGS),
    ("post", "/v1/moderations"): Call(operation="moderation", format=mistral_tasks.MODERATION),
    ("post", "/v1/chat/moderations"): Call(operation="moderation", format=mistral_tasks.MODERATION),
    ("post", "/v1/classifications"): Call(operation="classify", format=mistral_tasks.CLASSIFICATION),
    ("post", "/v1/chat/classifications"): Call(operation="classify", format=mistral_tasks.CLASSIFICATION),
    ("post", "/v1/ocr"): Call(operation="generate_content", format=mistral_tasks.OCR),
    ("post", "/v1/audio/transcriptions"): Call(operation="generate_content", format=mistral_tasks.TRANSCRIPTION),
    ("post", "/v1/audio/speech"): Call(operation="generate_content", format=mistral_tasks.SPEECH),
    ("post", "/v1/context/search-indexes/{index_name}/search"): Call(
        operation="retrieval", format=retrieval.SEARCH_INDEX
    ),
}
"""Which request paths are operations; ``not_operations`` names the others."""

_ROUTES: Final = Routes(PATHS)


def find(method: str, path: str) -> Found | None:
    """Find the operation of a path, before which a gateway may have put another one."""
    return _ROUTES.find(method, path[max(path.rfind("/v1/"), 0) :])


TRACER: Final = Hook(module="mistralai.client._hooks.tracing", owner="", method="get_or_create_otel_tracer")
"""Where the SDK gets its tracer, for each request anew: always in version 2, where it is asked to in version 3."""

ADAPTER: Final = _mistral.adapter("mistralai.client", "mistral_ai", find, tracers=(TRACER,))
