"""What Cohere's endpoints share: tables of request fields, token counts, finish reasons."""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.facts.call import Usage
from agentotel.semconv import names
from agentotel.wire._openai import FORMAT_TYPE, SAMPLING
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import MISSING_REASON, Part, part, plain
from agentotel.wire.read import Rule, UsageTable, integer, items, number, text, texts, usage

REQUEST: tuple[Rule, ...] = (
    ("max_tokens", names.REQUEST_MAX_TOKENS, integer),
    *SAMPLING,
    ("p", names.REQUEST_TOP_P, number),
    ("k", names.REQUEST_TOP_K, integer),
    ("stop_sequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("response_format", names.OUTPUT_TYPE, FORMAT_TYPE),
)

_TOKENS: UsageTable = {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
_COUNTED: UsageTable = {**_TOKENS, "image_tokens": "image_input_tokens", "text_tokens": "text_input_tokens"}
_BILLED: UsageTable = {**_COUNTED, "search_units": "search_units"}

FINISH_REASONS: Mapping[str, str] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_call",
    "ERROR_TOXIC": "content_filter",
}
"""Cohere's words to those of the conventions' messages."""


def finish_reason(sent: Body) -> str:
    """Return the reason in Cohere's word; an answer without one was cut off: its reason is ``error``."""
    return text(sent.get("finish_reason")) or MISSING_REASON


def part_reason(reason: str) -> str:
    """Return the reason in the word of an output message."""
    return FINISH_REASONS.get(reason, reason.lower())


def documents(body: Body) -> list[Part]:
    """Read the documents of a request, which the model reads like a system text: texts, or tables of fields."""
    return [
        part("document", document={"text": one} if isinstance(one, str) else plain(one))
        for one in items(body.get("documents"))
    ]


def token_counts(body: Body) -> Usage | None:
    """Read what is billed, else what the model read and wrote: the conventions take the billed count of two.

    Chat (v2) sends them in ``usage``, every other endpoint in ``meta``. Cached tokens are some of those that were
    read, and are told only where they can be some of the input that is told.
    """
    sent = _sent(body)
    counted = usage(_whole(sent.get("billed_units")), _COUNTED)
    found = counted or usage(_whole(sent.get("tokens")), _TOKENS)
    cached = usage(_whole(sent), {"cached_tokens": "cache_read_tokens"})
    if found is None or cached is None:
        return found or cached
    fits = (cached.cache_read_tokens or 0) <= (found.input_tokens or 0)
    return found._replace(cache_read_tokens=cached.cache_read_tokens) if fits else found


def billed(body: Body) -> Usage | None:
    """Read what is billed, which is less than the tokens: Cohere does not bill its own prompts.

    Source: the extractors ``default`` and ``embeddings`` of provider ``cohere`` in genai-prices 0.2.3.
    """
    return usage(_whole(_sent(body).get("billed_units")), _BILLED)


def _sent(body: Body) -> Body:
    return fields(body.get("usage") or body.get("meta"))


def _whole(sent: object) -> Body:
    """Read counts that the API's schema calls floats, and that clients for other platforms send as such."""
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in fields(sent).items()
    }
