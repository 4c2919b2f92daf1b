"""Response headers to facts: request id, retry-after, rate-limit headroom, in every provider's dialect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from agentotel.facts.call import RateLimit

REQUEST_IDS: Final = frozenset({b"x-request-id", b"request-id", b"apim-request-id"})

LIMITS: Final[Mapping[bytes, tuple[str, str]]] = {
    f"{prefix}{name}".encode(): (kind, field)
    for prefix, kinds in (
        ("x-ratelimit-", {"requests": "requests", "tokens": "tokens"}),
        ("anthropic-ratelimit-", {"requests": "requests", "tokens": "tokens"}),
    )
    for word, kind in kinds.items()
    for field in ("limit", "remaining", "reset")
    for name in ((f"{field}-{word}",) if prefix == "x-ratelimit-" else (f"{word}-{field}",))
}
"""Header names to the kind of limit and its field."""

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderFacts:
    """What the headers of one response say."""

    request_id: str | None = None
    retry_after_s: float | None = None
    limits: tuple[RateLimit, ...] = ()


def read_headers(headers: Iterable[tuple[bytes, bytes]], *, now: datetime) -> HeaderFacts:
    """Read raw header pairs. ``now`` is the time of the response, for headers that give a moment."""
    request_id: str | None = None
    retry_after: float | None = None
    limits: dict[str, dict[str, str]] = {}
    for raw_name, raw_value in headers:
        name = raw_name.lower()
        if (limit := LIMITS.get(name)) is not None:
            limits.setdefault(limit[0], {})[limit[1]] = raw_value.decode("ascii", "replace")
        elif name in REQUEST_IDS:
            request_id = raw_value.decode("ascii", "replace")
        elif name == b"retry-after-ms":
            milliseconds = _number(raw_value.decode("ascii", "replace"))
            retry_after = None if milliseconds is None else milliseconds / 1000
        elif name == b"retry-after" and retry_after is None:
            retry_after = _moment(raw_value.decode("ascii", "replace"), now)
    return HeaderFacts(
        request_id=request_id,
        retry_after_s=retry_after,
        limits=tuple(_limit(kind, values, now) for kind, values in limits.items()),
    )


def _limit(kind: str, values: Mapping[str, str], now: datetime) -> RateLimit:
    reset = values.get("reset")
    return RateLimit(
        kind=kind,
        limit=_whole(values.get("limit")),
        remaining=_whole(values.get("remaining")),
        reset_s=None if reset is None else _moment(reset, now),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str, now: datetime) -> float | None:
    """Read seconds, a duration such as ``1m30s`` or ``20ms``, an HTTP date or an RFC 3339 time."""
    if (seconds := _number(text)) is not None:
        return seconds
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except ValueError:
            continue
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max((aware - now).total_seconds(), 0.0)
    return None
