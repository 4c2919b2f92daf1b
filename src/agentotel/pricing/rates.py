"""Rates of one model in one price period, compiled to arithmetic over a ``Usage``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from agentotel.facts.call import Usage
from agentotel.pricing.classes import CLASSES, SEARCHES, TOTALS, TokenClass

__all__ = ["Rate", "Rates", "compile_rates"]

Rate = float | Sequence[tuple[int, float]]
"""USD per million: one number, or steps ``[(-1, base), (above, rate), ...]`` in ascending order, of
which the last with ``input_tokens > above`` holds for every token of the call."""

_ALWAYS: Final = -1
_MILLION: Final = 1_000_000
_TOTAL_FIELDS: Final = ("input_tokens", "output_tokens")
_FIELDS: Final = {kind.name: kind.field for kind in CLASSES if kind.field}

_Counts = Sequence[int | None]
_Evidence = tuple[tuple[str, ...], ...]
"""Groups of ``Usage`` fields: if all of a group are positive, a class that was not sent is not empty."""


_Term = tuple[int, float, tuple[int, ...], _Evidence]
"""One priced class: place of its count, USD per token, positions of the terms before it that are parts of it.

Plain tuples, as terms and bands are unpacked in every call, which takes three times as long for named ones."""

_Band = tuple[int, tuple[tuple[_Term, ...], ...], float]
"""Prices that hold where the input is larger than a size: that size, input and output terms, USD per request."""


class Rates:
    """Prices of one model in force over one period; immutable."""

    __slots__ = ("_bands", "_read", "_searches", "_unpriced")

    def __init__(
        self,
        bands: tuple[_Band, ...],
        read: Callable[[Usage], _Counts],
        unpriced: _Evidence,
        searches: tuple[tuple[str, float | None], ...],
    ) -> None:
        """Take bands, the largest first, the reader of their counts, and evidence of tokens without a price.

        ``searches`` are fields of ``Usage`` and USD for each one counted, None where it has no price.
        """
        self._bands = bands
        self._read = read
        self._unpriced = unpriced
        self._searches = searches

    def price(self, usage: Usage) -> tuple[float, float | None, float | None] | None:
        """Give what a usage costs in USD: all of it, its input, its output.

        Returns:
            Total, input and output; input or output is None where its total was not sent. None if
            the price is not certain: tokens without a rate, parts that exceed their whole, or a
            class with a rate of its own that was not sent although others show that it is not empty.
        """
        counts = self._read(usage)
        size = counts[0] or 0
        for above, sides, request_usd in self._bands:  # noqa: B007 - the last one read is used
            if size > above:
                break
        amounts = _amounts(sides, counts, usage)
        if amounts is None or (self._unpriced and _is_evident(self._unpriced, usage)):
            return None
        input_usd, output_usd = amounts
        for field, usd in self._searches:
            if count := getattr(usage, field):
                if usd is None:
                    return None
                request_usd += count * usd
        return (
            input_usd + output_usd + request_usd,
            None if counts[0] is None else input_usd,
            None if counts[1] is None else output_usd,
        )


def _amounts(sides: tuple[tuple[_Term, ...], ...], counts: _Counts, usage: Usage) -> list[float] | None:
    """Sum up each side: every term for those of its tokens that belong to none of its parts.

    One loop over both sides, since this runs in every call.
    """
    amounts = []
    for terms in sides:
        usd = 0.0
        own: list[int] = []
        for place, rate, parts, evidence in terms:
            count = counts[place]
            if count is None:
                if evidence and _is_evident(evidence, usage):
                    return None
                count = 0
            elif parts:
                for part in parts:
                    count -= own[part]
            if count < 0:
                return None
            own.append(count)
            usd += count * rate
        amounts.append(usd)
    return amounts


def _is_evident(evidence: _Evidence, usage: Usage) -> bool:
    for group in evidence:
        for name in group:
            if not getattr(usage, name):
                break
        else:
            return True
    return False


def compile_rates(
    rates: Mapping[str, Rate], *, request: Rate = 0.0, searches: Mapping[str, float] | None = None
) -> Rates | None:
    """Compile rates by class into arithmetic.

    Args:
        rates: USD per million tokens by class, ``{"input": 1.25, "output": 10.0}``. A class that
            is absent costs what the class around it costs.
        request: USD per million requests, beside their tokens.
        searches: USD per million searches, by the field of ``Usage`` that counts them; without it, a call
            that made some has no price.

    Returns:
        The compiled rates, or None if a class has a rate but its total (``TOTALS``) has none, or
        nothing has a rate.
    """
    around = {name for kind in CLASSES if kind.name in rates for name in kind.inside}
    if not (rates or searches) or not rates.keys() >= around & set(TOTALS):
        return None
    full = _fill(rates, around)
    fields = (*_TOTAL_FIELDS, *(kind.field for kind in CLASSES if kind.field and kind.inside and kind.name in full))
    bands = tuple(_band(full, request, above, fields) for above in _thresholds((request, *rates.values())))
    known = searches or {}
    by_search = tuple((field, known[field] / _MILLION if field in known else None) for field in SEARCHES)
    return Rates(bands, attrgetter(*fields), _unpriced(full), by_search)


def _fill(rates: Mapping[str, Rate], around: set[str]) -> dict[str, Rate]:
    """Add classes around and overlaps of those with a rate, so that no token is subtracted twice."""
    full: dict[str, Rate] = {}
    for kind in CLASSES:
        if kind.name in rates:
            full[kind.name] = rates[kind.name]
        elif kind.name in around or (_is_overlap(kind) and full.keys() >= set(kind.inside)):
            full[kind.name] = full[kind.inside[0]]
    return full


def _unpriced(rates: Mapping[str, Rate]) -> _Evidence:
    """Give evidence of tokens on a side without rates, or in an overlap that no provider counts."""
    kinds = [kind for side in TOTALS if side not in rates for kind in CLASSES if _is_on(kind, side)]
    fields = tuple((kind.field,) for kind in kinds if kind.field)
    return fields + tuple(_overlapping(kind) for kind in CLASSES if kind.name in rates and not kind.field)


def _is_on(kind: TokenClass, side: str) -> bool:
    return side in (kind.name, *kind.inside)


def _is_overlap(kind: TokenClass) -> bool:
    return len(kind.inside) > 2  # noqa: PLR2004 - the total and two classes of it


def _thresholds(rates: Iterable[Rate]) -> list[int]:
    """Give the input sizes at which a price changes, the largest first, -1 (always) last."""
    steps = {above for rate in rates if not isinstance(rate, float) for above, _ in rate}
    return sorted(steps | {_ALWAYS}, reverse=True)


def _band(rates: Mapping[str, Rate], request: Rate, above: int, fields: Sequence[str]) -> _Band:
    at_size = {name: _at(rate, above) for name, rate in rates.items()}
    return (above, tuple(_terms(at_size, side, fields) for side in TOTALS), _at(request, above) / _MILLION)


def _terms(rates: Mapping[str, float], side: str, fields: Sequence[str]) -> tuple[_Term, ...]:
    """Give the terms of one side, parts before the class they are parts of."""
    kinds = [kind for kind in reversed(CLASSES) if kind.name in rates and _is_on(kind, side)]
    sent = [(kind, kind.field) for kind in kinds if kind.field]
    return tuple(
        (
            fields.index(field),
            rates[kind.name] / _MILLION,
            tuple(index for index, (part, _) in enumerate(sent) if kind.name in part.inside),
            _evidence(kind),
        )
        for kind, field in sent
    )


def _at(rate: Rate, above: int) -> float:
    if isinstance(rate, float):
        return rate
    return [usd for start, usd in rate if start <= above][-1]


def _evidence(kind: TokenClass) -> _Evidence:
    parts = tuple((part.field,) for part in CLASSES if part.field and kind.name in part.inside)
    return (*parts, _overlapping(kind)) if _is_overlap(kind) else parts


def _overlapping(kind: TokenClass) -> tuple[str, ...]:
    """Give the fields of the two classes that an overlap is of."""
    return tuple(_FIELDS[name] for name in kind.inside[:2])
