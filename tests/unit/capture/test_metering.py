from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import Histogram

from agentotel.capture import metering

ROUNDS = 100


@pytest.fixture
def eager() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager")
def test_neighbours_heard_by_many_threads_at_once_are_patched_once() -> None:
    original = Histogram.record
    for _ in range(ROUNDS):
        start = threading.Barrier(4)

        def hear(scope: str, start: threading.Barrier = start) -> None:
            start.wait()
            metering.heard(scope)

        threads = [threading.Thread(target=hear, args=(f"scope {number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Histogram.record.__wrapped__ is original
        metering.forget()
        assert Histogram.record is original
