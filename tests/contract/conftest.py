from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.contract import results
from tests.contract.matrix import DRIVERS


def pytest_sessionfinish(exitstatus: int) -> None:
    """Write what was seen, if nothing failed."""
    if exitstatus == pytest.ExitCode.OK:
        results.write(DRIVERS)


@pytest.fixture(autouse=True)
def _collected_by_the_tests_alone() -> Iterator[None]:
    """Let no collection free a dropped stream where httpcore holds the lock of its pool, for which closing waits.

    A stream that was read is in a cycle with its generator, with and without agentotel: httpcore 1.0 would then
    wait for itself for ever.
    """
    gc.disable()
    yield
    gc.enable()
