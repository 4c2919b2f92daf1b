from __future__ import annotations

import pytest

from tests.contract import results
from tests.contract.matrix import DRIVERS


def pytest_sessionfinish(exitstatus: int) -> None:
    """Write what was seen, if nothing failed."""
    if exitstatus == pytest.ExitCode.OK:
        results.write(DRIVERS)
