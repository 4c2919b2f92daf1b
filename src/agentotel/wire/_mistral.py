"""What Mistral's endpoints share: token counts."""

from __future__ import annotations

from agentotel.wire._openai import USAGE as _OPENAI
from agentotel.wire.read import UsageTable

USAGE: UsageTable = {
    **_OPENAI,
    "prompt_token_details": {"cached_tokens": "cache_read_tokens"},
    "num_cached_tokens": "cache_read_tokens",
}
"""Token counts in all spellings that Mistral sends. Seconds of sound (``prompt_audio_seconds``) are no tokens."""
