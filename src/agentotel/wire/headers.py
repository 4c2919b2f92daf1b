"""Response headers to facts: request id, retry-after, rate-limit headroom, in every provider's dialect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from agentotel.facts.call import RateLimit

REQUEST_IDS: Final = (
    b"x-request-id",
    b"request-id",
    b"apim-request-id",
    b"x-amzn-requestid",
    b"mistral-correlation-id",
    b"x-debug-trace-id",  # Cohere's
)
"""Headers that name the request, the first one that is there wins."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": (
        "x-ratelimit-{field}",
        "x-ratelimit-{field}-requests",
        "anthropic-ratelimit-requests-{field}",
        "x-ratelimit-{field}-req-minute",
        "x-ratelimit-{field}-req-10-second",
        "x-ratelimit-{field}-req-second",
        "x-trial-endpoint-call-{field}",
    ),
    "tokens": (
        "x-tokenlimit-{field}",
        "x-ratelimit-{field}-tokens",
        "anthropic-ratelimit-tokens-{field}",
        "x-ratelimit-{field}-tokens-minute",
    ),
}
"""Headers by the kind of limit; ``field`` is limit, remaining or reset.

Of several that are there the last one wins: of Mistral's periods the shortest, since it is used up first. The
``trial`` is Cohere's; those that name no kind are Together's and OpenRouter's.
"""

_WAITS_MS: Final = (b"retry-after-ms", b"x-amz-retry-after")
_FIELDS: Final = ("limit", "remaining", "reset")
_STARTS: Final = {kind: number * len(_FIELDS) for number, kind in enumerate(_NAMES)}
"""Where the fields of each kind begin in a list of all of them."""

_PLACES: Final = {
    name.format(field=field).encode(): (rank, _STARTS[kind] + offset)
    for kind, names in _NAMES.items()
    for rank, name in enumerate(names)
    for offset, field in enumerate(_FIELDS)
}
"""Header names to their rank among those that say the same, and to the place of what they say."""

_OTHERS: Final = frozenset({*REQUEST_IDS, *_WAITS_MS, b"retry-after"})
_MOST_DIGITS: Final = 18
"""What an attribute can hold: 64 bits."""

_UNIX: Final = 1e9
"""From here on a number is a moment and not a time to wait."""

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class HeaderFacts(NamedTuple):
    """What the headers of one response say."""

    request_id: str | None = None
    retry_after_s: float | None = None
    limits: tuple[RateLimit, ...] = ()


def read_headers(headers: Iterable[tuple[bytes, bytes]], *, now: datetime) -> HeaderFacts:
    """Read raw header pairs. ``now`` is the time of the response, for headers that give a moment."""
    limits: list[tuple[int, bytes] | None] = [None] * (len(_STARTS) * len(_FIELDS))
    found: dict[bytes, str] = {}
    place_of = _PLACES.get
    for name, value in headers:
        key = name.lower()
        ranked = place_of(key)
        if ranked is not None:
            rank, place = ranked
            before = limits[place]
            if before is None or before[0] <= rank:
                limits[place] = rank, value
        elif key in _OTHERS:
            found[key] = value.decode("ascii", "replace")
    return HeaderFacts(
        request_id=next((found[name] for name in REQUEST_IDS if name in found), None) if found else None,
        retry_after_s=_retry_after(found, now) if found else None,
        limits=tuple(
            [
                _limit(kind, told, now)
                for kind, start in _STARTS.items()
                if any(told := limits[start : start + len(_FIELDS)])
            ]
        ),
    )


def _retry_after(found: Mapping[bytes, str], now: datetime) -> float | None:
    """Read the wait that the server asks for; the header in milliseconds is the more exact one."""
    exact = next((found[name] for name in _WAITS_MS if name in found), None)
    milliseconds = None if exact is None else _number(exact)
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = found.get(b"retry-after")
    return None if seconds is None else _moment(seconds, now)


def _limit(kind: str, told: Sequence[tuple[int, bytes] | None], now: datetime) -> RateLimit:
    limit, remaining, reset = told
    return RateLimit(
        kind=kind,
        limit=None if limit is None else _whole(limit[1]),
        remaining=None if remaining is None else _whole(remaining[1]),
        reset_s=None if reset is None else _moment(reset[1].decode("ascii", "replace"), now),
    )


def _whole(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else None


def _number(text: str) -> float | None:
    """Read a number that can be a time: finite and not negative."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


@lru_cache(maxsize=1024)
def _seconds(text: str) -> float | None:
    """Read seconds, or a duration; the same ones come again and again."""
    if (seconds := _number(text)) is not None:
        return seconds
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)
    return None


def _http_date(text: str) -> datetime:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, and rarely sent

    return parsedate_to_datetime(text)


def _until(unix: float, now: datetime) -> float:
    """Give the seconds until a Unix time, which OpenRouter sends in milliseconds."""
    return max((unix / 1000 if unix >= 1000 * _UNIX else unix) - now.timestamp(), 0.0)


def _moment(text: str, now: datetime) -> float | None:
    """Read seconds, a duration such as ``1m30s`` or ``20ms``, an HTTP date, an RFC 3339 time or a Unix time."""
    if (seconds := _seconds(text)) is not None:
        return seconds if seconds < _UNIX else _until(seconds, now)
    for parse in (datetime.fromisoformat, _http_date):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max((aware - now).total_seconds(), 0.0)
    return None
