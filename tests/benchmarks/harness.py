"""Batches of several variants, alternating in one process, so that a busy machine hits all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


def alternate(variants: Mapping[str, Work], *, batches: int, per_batch: int) -> dict[str, float]:
    """Give the microseconds of one operation of each variant, as the least mean of a batch.

    The batches take turns, the garbage collector is on, and the first batches warm up.
    """
    least = dict.fromkeys(variants, float("inf"))
    for batch in range(batches + 1):
        for name, work in variants.items():
            started = time.perf_counter_ns()
            for _ in range(per_batch):
                work()
            spent = (time.perf_counter_ns() - started) / per_batch / 1000
            if batch:
                least[name] = min(least[name], spent)
        if batch % 10 == 0:
            gc.collect()
    return least
