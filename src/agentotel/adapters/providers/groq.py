"""The groq SDK, whose bodies are OpenAI's, with the usage of a stream in ``x_groq``.

Source: ``groq/_base_client.py`` and ``groq/resources`` of groq 1.0 and 1.7.
"""

from __future__ import annotations

from typing import Final

from agentotel.adapters.providers import _stainless, openai
from agentotel.capture.spec import Adapter

PATHS: Final = _stainless.under("/openai/v1", openai.PATHS, ("/chat/completions", "/embeddings", *openai.AUDIO))
"""Which request paths are operations; ``not_operations`` names the others."""

ADAPTER: Final = Adapter(
    package="groq",
    oldest=(1,),
    below=(2,),
    hooks=_stainless.hooks("groq"),
    read=_stainless.reader(PATHS, lambda _client: "groq"),
)
