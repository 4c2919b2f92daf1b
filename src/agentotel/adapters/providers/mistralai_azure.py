"""The mistralai SDK's client for models that Azure serves.

Source: ``mistralai/azure/client`` of mistralai 3.7.
"""

from __future__ import annotations

from typing import Final

from agentotel.adapters.providers import _mistral
from agentotel.adapters.providers._paths import Routes
from agentotel.capture.spec import Call
from agentotel.wire import mistral_chat, mistral_tasks

PATHS: Final = {
    ("post", "/chat/completions"): Call(operation="chat", format=mistral_chat.CHAT),
    ("post", "/azure/ocr"): Call(operation="generate_content", format=mistral_tasks.OCR),
}
"""Ends of the request paths that are operations, which are all that the client has."""


ADAPTER: Final = _mistral.adapter("mistralai.azure.client", "azure.ai.inference", Routes(PATHS).find_end)
