"""Counts that are kept in the process and read by observable instruments when metrics are collected.

An addition costs a dictionary look-up and a lock, not a record of the SDK. The number of attribute
sets of one metric is capped: what comes after the cap is added under ``other``. A forked child counts from nothing:
what its parent counted is the parent's to send.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from weakref import WeakSet

from agentotel._core.locks import make_lock
from agentotel.semconv.metrics import Instrument

logger = logging.getLogger("agentotel")

OTHER = "other"

_Values = tuple[str | None, ...]


_tallies: WeakSet[Tally] = WeakSet()


class Tally:
    """Sums of one process, by instrument and attribute values."""

    __slots__ = ("__weakref__", "_cap", "_full", "_lock", "_sums")

    def __init__(self, cap: int = 2000) -> None:
        self._cap = cap
        self._lock = make_lock()
        self._sums: dict[str, dict[_Values, float]] = {}
        self._full: set[str] = set()
        _tallies.add(self)

    def forget(self) -> None:
        """Begin again."""
        self._sums, self._full = {}, set()

    def add(self, instrument: Instrument, amount: float, *values: str | None) -> None:
        """Add ``amount``; ``values`` are the attribute values in the order of the instrument."""
        with self._lock:
            sums = self._sums.get(instrument.name)
            if sums is not None and values in sums:
                sums[values] += amount
                return
            full = self._add_new(instrument, amount, values)
        if full:
            logger.warning(
                "metric %s has %d attribute sets; further ones are counted under %r", instrument.name, self._cap, OTHER
            )

    def _add_new(self, instrument: Instrument, amount: float, values: _Values) -> bool:
        """Add under values that are new; True where they are the first beyond the cap."""
        sums = self._sums.setdefault(instrument.name, {})
        full = len(sums) >= self._cap
        key = (OTHER,) * len(values) if full else values
        sums[key] = sums.get(key, 0) + amount
        said = instrument.name in self._full
        if full:
            self._full.add(instrument.name)
        return full and not said

    def read(self, instrument: Instrument) -> Iterator[tuple[float, dict[str, str]]]:
        """Give each sum with its attributes; an attribute without a value is left out."""
        with self._lock:
            sums = list(self._sums.get(instrument.name, {}).items())
        for key, amount in sums:
            yield amount, {name: value for name, value in zip(instrument.attributes, key, strict=True) if value}


def _fork() -> None:
    for tally in list(_tallies):
        tally.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork)
