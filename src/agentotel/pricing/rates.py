"""Rates of one model in one price period, compiled to arithmetic over a ``Usage``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from agentotel.facts.call import Usage
from agentotel.pricing.classes import CLASSES, TOTALS, TokenClass

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


class _Term(NamedTuple):
    """One priced class: the place of its count, its price, and the terms before it that are parts of it."""

    place: int
    usd: float
    parts: tuple[int, ...]
    evidence: _Evidence


class _Band(NamedTuple):
    """Prices that hold where the input is larger than ``above`` tokens."""

    above: int
    input: tuple[_Term, ...]
    output: tuple[_Term, ...]
    request_usd: float


class Rates:
    """Prices of one model in force over one period; immutable."""

    __slots__ = ("_bands", "_read", "_unsplit")

    def __init__(self, bands: tuple[_Band, ...], read: Callable[[Usage], _Counts], unsplit: _Evidence) -> None:
        """Take bands, the largest first, the reader of their counts, and overlaps that no count splits."""
        self._bands = bands
        self._read = read
        self._unsplit = unsplit

    def price(self, usage: Usage) -> tuple[float, float | None, float | None] | None:
        """Give what a usage costs in USD: all of it, its input, its output.

        Returns:
            Total, input and output; input or output is None where its total was not sent. None if
            the price is not certain: tokens without a rate, parts that exceed their whole, or a
            class with a rate of its own that was not sent although others show that it is not empty.
        """
        counts = self._read(usage)
        input_tokens, output_tokens = counts[0], counts[1]
        for above, input_terms, output_terms, request_usd in self._bands:  # noqa: B007 - the last one read is used
            if (input_tokens or 0) > above:
                break
        if self._unsplit and _is_evident(self._unsplit, usage):
            return None
        input_usd = _side(input_terms, counts, usage) if input_terms else _unpriced(input_tokens)
        output_usd = _side(output_terms, counts, usage) if output_terms else _unpriced(output_tokens)
        if input_usd is None or output_usd is None:
            return None
        return (
            input_usd + output_usd + request_usd,
            None if input_tokens is None else input_usd,
            None if output_tokens is None else output_usd,
        )


def _unpriced(tokens: int | None) -> float | None:
    return None if tokens else 0.0


def _side(terms: tuple[_Term, ...], counts: _Counts, usage: Usage) -> float | None:
    """Sum up the terms, each for those of its tokens that belong to none of its parts."""
    usd = 0.0
    own: list[int] = []
    for place, rate, parts, evidence in terms:
        count = counts[place]
        if count is None:
            if evidence and _is_evident(evidence, usage):
                return None
            count = 0
        for part in parts:
            count -= own[part]
        if count < 0:
            return None
        own.append(count)
        usd += count * rate
    return usd


def _is_evident(evidence: _Evidence, usage: Usage) -> bool:
    return any(all(getattr(usage, name) for name in group) for group in evidence)


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
    fields = (*_TOTAL_FIELDS, *(kind.field for kind in CLASSES if kind.field and kind.inside and kind.name in full))
    bands = tuple(_band(full, request, above, fields) for above in _thresholds((request, *rates.values())))
    unsplit = tuple(_overlapping(kind) for kind in CLASSES if not kind.field and kind.name in full)
    return Rates(bands, attrgetter(*fields), unsplit)


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
    return len(kind.inside) > 2  # noqa: PLR2004 - the total and two classes of it


def _thresholds(rates: Iterable[Rate]) -> list[int]:
    """Give the input sizes at which a price changes, the largest first, -1 (always) last."""
    steps = {above for rate in rates if not isinstance(rate, float) for above, _ in rate}
    return sorted(steps | {_ALWAYS}, reverse=True)


def _band(rates: Mapping[str, Rate], request: Rate, above: int, fields: Sequence[str]) -> _Band:
    at_size = {name: _at(rate, above) for name, rate in rates.items()}
    inputs, outputs = (_terms(at_size, side, fields) for side in TOTALS)
    return _Band(above, inputs, outputs, _at(request, above) / _MILLION)


def _terms(rates: Mapping[str, float], side: str, fields: Sequence[str]) -> tuple[_Term, ...]:
    """Give the terms of one side, parts before the class they are parts of."""
    kinds = [kind for kind in reversed(CLASSES) if kind.name in rates and side in (kind.name, *kind.inside)]
    sent = [(kind, kind.field) for kind in kinds if kind.field]
    return tuple(
        _Term(
            place=fields.index(field),
            usd=rates[kind.name] / _MILLION,
            parts=tuple(index for index, (part, _) in enumerate(sent) if kind.name in part.inside),
            evidence=_evidence(kind),
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
