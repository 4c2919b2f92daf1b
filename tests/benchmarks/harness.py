"""Batches of several variants, alternating in one process, so that a busy machine hits all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds of one operation, as the median over batches of each batch's mean."""

    median_us: float
    best_us: float


def alternate(variants: Mapping[str, Work], *, batches: int = 41, per_batch: int = 200) -> dict[str, Timing]:
    """Time every variant in alternating batches, the garbage collector on, after one batch of warming up."""
    samples: dict[str, list[float]] = {name: [] for name in variants}
    for batch in range(batches + 1):
        for name, work in variants.items():
            started = time.perf_counter_ns()
            for _ in range(per_batch):
                work()
            spent = (time.perf_counter_ns() - started) / per_batch / 1000
            if batch:
                samples[name].append(spent)
        if batch % 10 == 0:
            gc.collect()
    return {name: Timing(statistics.median(values), min(values)) for name, values in samples.items()}
