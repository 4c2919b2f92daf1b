"""Numbers for people: money, tokens, durations. What is not known is said, never shown as 0."""

from __future__ import annotations

import math

_MINUTE_S = 60
_CENTS_USD = 1.0
_SMALL_USD = 0.0001
_MOST_DECIMALS = 12


def money(usd: float | None) -> str:
    """Write an amount: ``$12.35``, ``$0.0004``, ``$0.00003``, ``cost ?``."""
    if usd is None:
        return "cost ?"
    if usd == 0:
        return "$0"
    if abs(usd) >= _CENTS_USD:
        return f"${usd:,.2f}"
    if abs(usd) >= _SMALL_USD:
        return f"${usd:.4f}"
    return f"${usd:.{min(-math.floor(math.log10(abs(usd))), _MOST_DECIMALS)}f}"


def count(number: int | None) -> str:
    """Write a count: ``1,204``, ``-`` where it is not known."""
    return "-" if number is None else f"{number:,}"


def several(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 retry``, ``3 model calls``."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"


def duration(seconds: float) -> str:
    """Write a duration: ``<1 ms``, ``312 ms``, ``1.2 s``, ``2 m 05 s``."""
    milliseconds = round(seconds * 1e3)
    if milliseconds < 1:
        return "<1 ms"
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{milliseconds} ms"
    if seconds < _MINUTE_S - 0.05:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return f"{minutes:,} m {rest:02d} s"
