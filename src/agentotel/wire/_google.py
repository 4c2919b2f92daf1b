"""What the Gemini formats share: fields in either spelling, tables of request fields and token counts, endings.

Source: ``google/genai/types.py`` of google-genai 3.4 and https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from agentotel.facts.call import AttributeValue, Failure, Request, Usage
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import MISSING_REASON
from agentotel.wire.read import Rule, failure, integer, items, number, text

FINISH_REASONS: Mapping[str, str] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "OTHER": MISSING_REASON,
    "IMAGE_OTHER": MISSING_REASON,
    "FINISH_REASON_UNSPECIFIED": MISSING_REASON,
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
"""Values of ``FinishReason`` in the words of the conventions; any other one is kept in lower case."""

_RPC: Mapping[int, str] = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
"""Names of ``google.rpc.Code``, which some errors hold in place of an HTTP status."""

_COUNTED: Mapping[str, str] = {"text": "text", "image": "image", "audio": "audio", "video": "video"}
_SIDES = (("input", ("input", "tools")), ("output", ("output",)), ("cache_read", ("cached",)))


@cache
def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def get(sent: Body, name: str) -> object:
    """Read a field by its name in camel case; the API takes and SDK objects have snake case as well."""
    value = sent.get(name)
    return sent.get(_snake(name)) if value is None else value


def spelled(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Add to rules for names in camel case those for the same names in snake case."""
    return (*rules, *((_snake(key), name, read) for key, name, read in rules if _snake(key) != key))


def whole(value: object) -> AttributeValue | None:
    """Return a whole number; the SDK sends ``top_k`` as a float."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def bare_model(value: object) -> str | None:
    """Name a model without the collection it is in: ``models/gemini-2.5-flash`` is ``gemini-2.5-flash``."""
    name = text(value)
    return name.rpartition("models/")[2] if name and "tunedModels/" not in name else name


def model_request(body: Body) -> Request:
    """Read what is asked where the answer is no stream: the model."""
    return Request(model=bare_model(body.get("model")))


def raw_reason(value: object) -> str:
    """Give a finish reason as the released official package writes it: the provider's word in lower case."""
    return (text(value) or MISSING_REASON).lower()


def finish_reason(value: object) -> str:
    """Give a finish reason in the words of the conventions for messages; a candidate without one was cut off."""
    reason = text(value)
    return FINISH_REASONS.get(reason.upper(), reason.lower()) if reason else MISSING_REASON


def refusal(error: object) -> Failure | None:
    """Read an error object: ``{"code": 503, "status": "UNAVAILABLE", "message": "..."}``."""
    found = failure(error)
    named = _RPC.get(integer(fields(error).get("code")) or 0)
    return replace(found, type=named) if found is not None and named else found


def counts(details: object, key: str) -> dict[str, int]:
    """Add up a list of counts by modality: ``[{"modality": "TEXT", "tokenCount": 7}]``."""
    found: dict[str, int] = {}
    for entry in map(fields, items(details)):
        kind = _COUNTED.get((text(entry.get("modality")) or "").lower())
        count = integer(get(entry, key))
        if kind and count is not None:
            found[kind] = found.get(kind, 0) + count
    return found


def made_usage(totals: Mapping[str, int | None], modalities: Mapping[str, Mapping[str, int]]) -> Usage | None:
    """Put counts together: thoughts beside the answer make up the output, prompts of tools are input.

    Args:
        totals: ``input``, ``tools``, ``output``, ``thoughts`` and ``cached``, None where not sent.
        modalities: Counts by modality of ``input``, ``tools``, ``output`` and ``cached``.
    """
    if all(count is None for count in totals.values()):
        return None
    given = {
        f"{kind}_{name}_tokens": count
        for name, sides in _SIDES
        for kind in _COUNTED
        if (count := _sum(*(modalities[side].get(kind) for side in sides))) is not None
    }
    return Usage(
        input_tokens=_sum(totals["input"], totals["tools"]),
        output_tokens=_sum(totals["output"], totals["thoughts"]),
        cache_read_tokens=totals["cached"],
        reasoning_tokens=totals["thoughts"],
        **given,
    )


def _sum(*counts: int | None) -> int | None:
    sent = [count for count in counts if count is not None]
    return sum(sent) if sent else None
