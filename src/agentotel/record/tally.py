"""Counts that are kept in the process and read by observable instruments when metrics are collected.

An addition costs a dictionary look-up and a lock, not a record of the SDK. The number of attribute
sets of one metric is capped: what comes after the cap is added under ``other``. A forked child counts from nothing:
what its parent counted is the parent's to send.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from weakref import WeakSet

from agentotel._core.locks import make_lock
from agentotel.semconv.metrics import Instrument

logger = logging.getLogger("agentotel")

OTHER = "other"

_Values = tuple[str | None, ...]

_Sum = list[float]
"""One number, which grows in place."""

Addition = tuple[Instrument, float, _Values]
"""An instrument, what is added, and the values of its attributes in their order."""

_tallies: WeakSet[Tally] = WeakSet()


class Tally:
    """Sums of one process, by instrument and attribute values."""

    __slots__ = ("__weakref__", "_cap", "_full", "_lock", "_sums")

    def __init__(self, cap: int = 2000) -> None:
        self._cap = cap
        self._lock = make_lock()
        self._sums: dict[str, dict[_Values, _Sum]] = {}
        self._full: set[str] = set()
        _tallies.add(self)

    def forget(self) -> None:
        """Begin again."""
        self._sums, self._full = {}, set()

    def add(self, instrument: Instrument, amount: float, *values: str | None) -> None:
        """Add ``amount``; ``values`` are the attribute values in the order of the instrument."""
        self.add_all(((instrument, amount, values),))

    def add_all(self, additions: Iterable[Addition]) -> None:
        """Add several amounts in one step."""
        full: list[str] = []
        with self._lock:
            for instrument, amount, values in additions:
                sums = self._sums.get(instrument.name)
                known = None if sums is None else sums.get(values)
                if known is None:
                    known = self._new(instrument, values, full)
                known[0] += amount
        for name in full:
            logger.warning("metric %s has %d attribute sets; further ones are counted under %r", name, self._cap, OTHER)

    def _new(self, instrument: Instrument, values: _Values, full: list[str]) -> _Sum:
        """Give the sum of values that have none: their own, or what is beyond the cap, noted in ``full`` at first."""
        sums = self._sums.setdefault(instrument.name, {})
        if len(sums) < self._cap:
            return sums.setdefault(values, [0])
        if instrument.name not in self._full:
            self._full.add(instrument.name)
            full.append(instrument.name)
        return sums.setdefault((OTHER,) * len(values), [0])

    def read(self, instrument: Instrument) -> Iterator[tuple[float, dict[str, str]]]:
        """Give each sum with its attributes; an attribute without a value is left out."""
        with self._lock:
            sums = [(key, amount) for key, (amount,) in self._sums.get(instrument.name, {}).items()]
        for key, amount in sums:
            yield amount, {name: value for name, value in zip(instrument.attributes, key, strict=True) if value}


def _fork() -> None:
    for tally in list(_tallies):
        tally.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork)
