"""Every SDK that is to be tested is installed and has a driver, and every scenario is played or named as impossible."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agentotel.capture.registry import ADAPTERS
from tests.contract import recordings
from tests.contract.drivers._spec import Driver, Endpoint
from tests.contract.matrix import ASKED_FOR, DRIVERS, MISSING, NAMES
from tests.contract.scenarios import SCENARIOS

PLAYED = [(driver, endpoint) for driver in DRIVERS.values() for endpoint in driver.endpoints if endpoint.written]
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def _wanted(group: str) -> str:
    """Give the requirements of a dependency group and of those that it includes."""
    groups: dict[str, list[Any]] = tomllib.loads(PYPROJECT.read_text())["dependency-groups"]
    parts = [one if isinstance(one, str) else _wanted(one["include-group"]) for one in groups[group]]
    return " ".join(parts)


@pytest.mark.parametrize("name", ASKED_FOR)
def test_the_sdk_is_installed(name: str) -> None:
    if name in MISSING:
        assert not os.environ.get("CI"), f"{name} belongs to the group test and is not installed"
        pytest.skip(f"{name} is not installed: its contract is not tested here")


def test_every_adapter_has_a_driver() -> None:
    assert set(ADAPTERS) <= set(NAMES)


@pytest.mark.parametrize("name", DRIVERS)
def test_the_group_test_installs_it(name: str) -> None:
    assert DRIVERS[name].package == name
    assert DRIVERS[name].distribution in _wanted("test")


@pytest.mark.parametrize(("driver", "endpoint"), PLAYED, ids=[endpoint.name for _driver, endpoint in PLAYED])
def test_every_scenario_is_decided_on(driver: Driver, endpoint: Endpoint) -> None:
    missing = [one.name for one in SCENARIOS if not one.why_not(driver, endpoint) and not endpoint.has(one.exchange)]
    assert missing == []
    keys = {key for one in SCENARIOS for key in (one.name, one.exchange, one.act) if isinstance(key, str)}
    assert set(endpoint.without) <= keys
    assert set(endpoint.endings) <= {one.name for one in SCENARIOS}


def test_every_recorded_exchange_is_of_one_endpoint() -> None:
    for name, recording in recordings.recorded().items():
        found = [one.name for driver in DRIVERS.values() for one in driver.endpoints if one.recorded(recording)]
        assert len(found) <= 1, name
        if recording.sent["client"] in DRIVERS:
            assert len(found) == 1, name
