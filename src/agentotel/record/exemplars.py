"""Which records of a histogram are offered to the SDK as exemplars.

For each bucket the SDK keeps the record that was offered last, and an offer costs more than the record itself. Here the
n-th record of a bucket is offered with a chance of 1/n: each of them is as likely as any other to be the one that a
collection finds, and of thousands a few are offered.

Source: "uniformly-weighted sampling" of the aligned histogram bucket reservoir,
https://github.com/open-telemetry/opentelemetry-specification/blob/main/specification/metrics/sdk.md
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from random import Random
from typing import Any, Final

_AGGREGATION: Final = "_ExplicitBucketHistogramAggregation"
_RESERVOIR: Final = "AlignedHistogramBucketExemplarReservoir"

_chance = Random().random  # noqa: S311 - no secret; and the application's generator gives what it would without us


class Draw:
    """Draws one of the records of each bucket of an aggregation between two collections."""

    __slots__ = ("_aggregation", "_boundaries", "_counts", "_seen")

    def __init__(self, aggregation: Any) -> None:
        self._aggregation = aggregation
        self._boundaries = aggregation._boundaries  # noqa: SLF001 - see ``sdk``
        self._counts: list[int] | None = None
        self._seen: list[int] = []

    def __call__(self, value: float) -> bool:
        """Tell whether a record that may be an exemplar is to be offered."""
        counts = self._aggregation._value  # noqa: SLF001 - the SDK's; None after a collection, then a new list
        if counts is None or counts is not self._counts:
            if self._counts is not None or counts != self._seen:  # not the list that came of the record before
                self._seen = [0] * (len(self._boundaries) + 1)
            self._counts = counts
        bucket = bisect_left(self._boundaries, value)
        self._seen[bucket] = seen = self._seen[bucket] + 1
        return seen == 1 or _chance() * seen < 1


def _every(_value: float) -> bool:
    return True


def draw_of(aggregation: Any) -> Callable[[float], bool]:
    """Give what chooses the exemplars of an aggregation: every record where its reservoir is not the usual one."""
    reservoir = getattr(aggregation, "_reservoir", None)
    usual = type(aggregation).__name__ == _AGGREGATION and type(reservoir).__name__ == _RESERVOIR
    return Draw(aggregation) if usual else _every
