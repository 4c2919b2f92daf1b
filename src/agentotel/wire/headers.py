"""Response headers to facts: request id, retry-after, rate-limit headroom, in every provider's dialect."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from agentotel.facts.call import AttributeValue
from agentotel.semconv import names as n

REQUEST_IDS: Final = (
    b"x-request-id",
    b"request-id",
    b"apim-request-id",
    b"x-amzn-requestid",
    b"mistral-correlation-id",
    b"x-debug-trace-id",  # Cohere's
)
"""Headers that name the request, the first one that is there wins."""

_WAITS_MS: Final = (b"retry-after-ms", b"x-amz-retry-after")
_WAIT: Final = b"retry-after"
_MOST_DIGITS: Final = 18
"""What an attribute can hold: 64 bits."""

_UNIX: Final = 1e9
"""From here on a number is a moment and not a time to wait."""

_DURATION: Final = re.compile(rb"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_SECONDS: Final = {b"ms": 0.001, b"s": 1.0, b"m": 60.0, b"h": 3600.0, b"d": 86400.0}


class HeaderFacts:
    """What the headers of one response say, each read when it is asked for.

    ``found`` are the headers among ``WANTED`` by their names; ``at_ns`` is the Unix time of the response, for those
    that give a moment.
    """

    __slots__ = ("_at_ns", "_found")

    def __init__(self, found: Mapping[bytes, bytes], at_ns: int) -> None:
        self._found = found
        self._at_ns = at_ns

    @property
    def request_id(self) -> str | None:
        """What the server calls the request."""
        for name in REQUEST_IDS:
            if name in self._found:
                return _text(self._found[name])
        return None

    @property
    def retry_after_s(self) -> float | None:
        """The wait that the server asks for; the header in milliseconds is the more exact one."""
        for name in _WAITS_MS:
            if name in self._found and (milliseconds := _number(self._found[name])) is not None:
                return milliseconds / 1000
        return _moment(self._found[_WAIT], self._at_ns) if _WAIT in self._found else None

    def limits(self) -> dict[str, AttributeValue]:
        """Read the headroom, under the names of its attributes."""
        found, at_ns = self._found, self._at_ns
        return {
            attribute: said
            for attribute, (name, read) in _telling(tuple(found))
            if (said := read(found[name], at_ns)) is not None
        }


def wanted(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Choose the headers that ``HeaderFacts`` reads; of several of one name the last."""
    return {name: value for sent, value in headers if (name := sent.lower()) in WANTED}


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _whole(text: bytes, _at_ns: int) -> int | None:
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else None


def _number(text: bytes) -> float | None:
    """Read a number that can be a time: finite and not negative."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


@lru_cache(maxsize=1024)
def _seconds(text: bytes) -> float | None:
    """Read seconds, or a duration; the same ones come again and again."""
    if (seconds := _number(text)) is not None:
        return seconds
    parts = _DURATION.findall(text)
    if parts and b"".join(number + unit for number, unit in parts) == text:
        return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)
    return None


def _http_date(text: str) -> datetime:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, and rarely sent

    return parsedate_to_datetime(text)


def _until(unix: float, at_ns: int) -> float:
    """Give the seconds until a Unix time, which OpenRouter sends in milliseconds."""
    return max((unix / 1000 if unix >= 1000 * _UNIX else unix) - at_ns / 1e9, 0.0)


def _moment(value: bytes, at_ns: int) -> float | None:
    """Read seconds, a duration such as ``1m30s`` or ``20ms``, an HTTP date, an RFC 3339 time or a Unix time."""
    if (seconds := _seconds(value)) is not None:
        return seconds if seconds < _UNIX else _until(seconds, at_ns)
    text = _text(value)
    for parse in (datetime.fromisoformat, _http_date):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max((aware - datetime.fromtimestamp(at_ns / 1e9, UTC)).total_seconds(), 0.0)
    return None


Reader = Callable[[bytes, int], AttributeValue | None]
"""Reads the value of a header of a response that came at a Unix time in nanoseconds."""

_FIELDS: Final[tuple[tuple[str, str, Reader], ...]] = (
    ("limit", "limit", _whole),
    ("remaining", "remaining", _whole),
    ("reset", "reset_s", _moment),
)
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

_LIMITS: Final = {
    name.format(field=field).encode(): (rank, f"{n.RATE_LIMIT_PREFIX}{kind}.{attribute}", read)
    for kind, names in _NAMES.items()
    for rank, name in enumerate(names)
    for field, attribute, read in _FIELDS
}
"""Header names to their rank among those that say the same, to the attribute that holds it, and to what reads it."""

WANTED: Final = frozenset({*_LIMITS, *REQUEST_IDS, *_WAITS_MS, _WAIT})
"""The names of all headers that are read, in lower case."""


@lru_cache(maxsize=256)
def _telling(names: tuple[bytes, ...]) -> tuple[tuple[str, tuple[bytes, Reader]], ...]:
    """Choose what to read of the headers that are there, which are the same in every answer of a server."""
    places = sorted((*_LIMITS[name][:2], name) for name in names if name in _LIMITS)
    return tuple({attribute: (name, _LIMITS[name][2]) for _, attribute, name in places}.items())
