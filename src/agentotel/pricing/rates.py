"""Rates of one model in one price period, compiled to arithmetic over a ``Usage``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from agentotel.facts.call import Usage
from agentotel.pricing.classes import CLASSES, TOTALS, TokenClass

__all__ = ["Rate", "Rates", "compile_rates"]

Rate = float | Sequence[tuple[int, float]]
"""USD per million: one number, or steps ``[(-1, base), (above, rate), ...]`` in ascending order, of
which the last with ``input_tokens > above`` holds for every token of the call."""

_COUNTED: Final = tuple(kind for kind in CLASSES if kind.field)
_INDEX: Final = {kind.name: index for index, kind in enumerate(_COUNTED)}
_read: Final = attrgetter(*(kind.field for kind in _COUNTED if kind.field))
_NEVER_SENT: Final = len(_COUNTED)
_ALWAYS: Final = -1
_MILLION: Final = 1_000_000


class _Term(NamedTuple):
    """One priced class: where its count is, its price, and what else has to be known.

    ``parts`` are positions of earlier terms that are parts of this one. ``evidence`` lists groups
    of counts: if all counts of a group are positive, the class cannot be assumed to be empty.
    """

    index: int
    usd: float
    parts: tuple[int, ...]
    evidence: tuple[tuple[int, ...], ...]


class _Band(NamedTuple):
    above: int
    input: tuple[_Term, ...]
    output: tuple[_Term, ...]
    request_usd: float


class Rates:
    """Prices of one model in force over one period; immutable."""

    __slots__ = ("_bands",)

    def __init__(self, bands: tuple[_Band, ...]) -> None:
        self._bands = bands

    def price(self, usage: Usage) -> tuple[float, float | None, float | None] | None:
        """Give what a usage costs in USD: all of it, its input, its output.

        Returns:
            Total, input and output; input or output is None where its total was not sent. None if
            the price is not certain: tokens without a rate, parts that exceed their whole, or a
            class with a rate of its own that was not sent although others show that it is not empty.
        """
        counts = (*_read(usage), None)
        size = counts[0] or 0
        for above, input_terms, output_terms, request_usd in self._bands:  # noqa: B007 - the band that the loop stops at
            if size > above:
                break
        input_usd = _side(input_terms, counts, 0)
        output_usd = _side(output_terms, counts, _OUTPUT)
        if input_usd is None or output_usd is None:
            return None
        return (
            input_usd + output_usd + request_usd,
            None if counts[0] is None else input_usd,
            None if counts[_OUTPUT] is None else output_usd,
        )


_OUTPUT: Final = _INDEX["output"]


def _side(terms: tuple[_Term, ...], counts: tuple[int | None, ...], total: int) -> float | None:
    if not terms:
        return None if counts[total] else 0.0
    usd = 0.0
    own: list[int] = []
    for index, rate, parts, evidence in terms:
        count = counts[index]
        if count is None:
            if evidence and _is_evident(evidence, counts):
                return None
            count = 0
        for part in parts:
            count -= own[part]
        if count < 0:
            return None
        own.append(count)
        usd += count * rate
    return usd


def _is_evident(evidence: tuple[tuple[int, ...], ...], counts: tuple[int | None, ...]) -> bool:
    return any(all(counts[index] for index in group) for group in evidence)


def compile_rates(rates: Mapping[str, Rate], *, request: Rate = 0.0) -> Rates | None:
    """Compile rates by class into arithmetic.

    Args:
        rates: USD per million tokens by class, ``{"input": 1.25, "output": 10.0}``. A class that
            is absent costs what the class around it costs.
        request: USD per million requests, beside their tokens.

    Returns:
        The compiled rates, or None if a class has a rate but its total (``TOTALS``) has none, or
        nothing has a rate.
    """
    around = {name for kind in CLASSES if kind.name in rates for name in kind.inside}
    if not rates or not rates.keys() >= around & set(TOTALS):
        return None
    full = _fill(rates, around)
    return Rates(tuple(_band(full, request, above) for above in _thresholds((request, *rates.values()))))


def _fill(rates: Mapping[str, Rate], around: set[str]) -> dict[str, Rate]:
    """Add classes around and overlaps of those with a rate, so that no token is subtracted twice."""
    full: dict[str, Rate] = {}
    for kind in CLASSES:
        if kind.name in rates:
            full[kind.name] = rates[kind.name]
        elif kind.name in around or (_is_overlap(kind) and full.keys() >= set(kind.inside)):
            full[kind.name] = full[kind.inside[0]]
    return full


def _is_overlap(kind: TokenClass) -> bool:
    return len(kind.inside) > 2  # noqa: PLR2004


def _thresholds(rates: Iterable[Rate]) -> list[int]:
    """Give the input sizes at which a price changes, the largest first, -1 (always) last."""
    steps = {above for rate in rates if not isinstance(rate, float) for above, _ in rate}
    return sorted(steps | {_ALWAYS}, reverse=True)


def _band(rates: Mapping[str, Rate], request: Rate, above: int) -> _Band:
    at_size = {name: _at(rate, above) for name, rate in rates.items()}
    return _Band(above, _terms(at_size, "input"), _terms(at_size, "output"), _at(request, above) / _MILLION)


def _terms(rates: Mapping[str, float], side: str) -> tuple[_Term, ...]:
    """Give the terms of one side, parts before the class they are parts of."""
    kinds = [kind for kind in reversed(CLASSES) if kind.name in rates and side in (kind.name, *kind.inside)]
    return tuple(
        _Term(
            _INDEX.get(kind.name, _NEVER_SENT),
            rates[kind.name] / _MILLION,
            tuple(place for place, part in enumerate(kinds) if kind.name in part.inside),
            _evidence(kind),
        )
        for kind in kinds
    )


def _at(rate: Rate, above: int) -> float:
    if isinstance(rate, float):
        return rate
    return [usd for start, usd in rate if start <= above][-1]


def _evidence(kind: TokenClass) -> tuple[tuple[int, ...], ...]:
    parts = tuple((_INDEX[part.name],) for part in _COUNTED if kind.name in part.inside)
    overlapping = (tuple(_INDEX[name] for name in kind.inside[:2]),) if _is_overlap(kind) else ()
    return parts + overlapping
