"""Every SDK that is to be tested is installed and has a driver, and every scenario is played or named as impossible."""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agentotel.capture.registry import ADAPTERS, load_adapter, release
from tests.contract import recordings
from tests.contract.drivers._spec import Driver, Endpoint
from tests.contract.matrix import ALL, ASKED_FOR, DRIVERS, MISSING, NAMES, distribution
from tests.contract.scenarios import SCENARIOS

PLAYED = [(driver, endpoint) for driver in DRIVERS.values() for endpoint in driver.endpoints if endpoint.written]
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
COVERAGE = PYPROJECT.parent / "docs" / "coverage"


def _wanted(group: str) -> set[str]:
    """Name what a dependency group and those that it includes install."""
    groups: dict[str, list[Any]] = tomllib.loads(PYPROJECT.read_text())["dependency-groups"]
    named = {re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in groups[group] if isinstance(one, str)}
    return named.union(*(_wanted(one["include-group"]) for one in groups[group] if isinstance(one, dict)))


WANTED = _wanted("test") | _wanted("sdks") | {"boto3", "botocore"}
"""All that a run without ``CONTRACT_SDKS`` has; boto3 comes with aiobotocore."""


@pytest.mark.parametrize("name", ASKED_FOR)
def test_the_sdk_is_installed(name: str) -> None:
    if name in MISSING:
        wanted = bool(os.environ.get("CI")) and (not ALL or distribution(name) in WANTED)
        assert not wanted, f"the group test installs {name}, and it is not here"
        pytest.skip(f"{name} is not installed: its contract is not tested here")


def test_every_adapter_has_a_driver() -> None:
    assert {package.replace(".", "_") for package in ADAPTERS} <= set(NAMES)


def test_every_adapter_is_tested_alone() -> None:
    """The table of ``nox -s sdk`` names each package of the registry and what its driver says is installed."""
    tree = ast.parse((PYPROJECT.parent / "noxfile.py").read_text(encoding="utf-8"))
    (table,) = (one.value for one in tree.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "SDKS")
    sdks = ast.literal_eval(table)
    assert set(sdks) == set(ADAPTERS)
    assert {package: wanted.partition("[")[0] for package, wanted in sdks.items()} == {
        package: distribution(package.replace(".", "_")) for package in sdks
    }


@pytest.mark.parametrize("package", ADAPTERS)
def test_what_its_tests_saw_is_in_docs(package: str) -> None:
    """Run ``nox -t <package>`` after the supported versions change."""
    adapter = load_adapter(package)
    files = [COVERAGE / f"{package.replace('.', '_')}-{which}.json" for which in ("oldest", "newest")]
    oldest, newest = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    assert oldest["rows"]
    assert newest["rows"]
    assert release(oldest["version"])[: len(adapter.oldest)] == adapter.oldest
    assert adapter.oldest <= release(newest["version"]) < adapter.below


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_has_the_name_of_its_package(name: str) -> None:
    assert DRIVERS[name].package.replace(".", "_") == name


@pytest.mark.parametrize(("driver", "endpoint"), PLAYED, ids=[endpoint.name for _driver, endpoint in PLAYED])
def test_every_scenario_is_decided_on(driver: Driver, endpoint: Endpoint) -> None:
    missing = [one.name for one in SCENARIOS if not one.why_not(driver, endpoint) and not endpoint.has(one.exchange)]
    assert missing == []
    keys = {key for one in SCENARIOS for key in (one.name, one.exchange, one.act) if isinstance(key, str)}
    assert set(endpoint.without) <= keys | {"connection_refused"}
    assert set(endpoint.endings) <= {one.name for one in SCENARIOS}


def test_every_recorded_exchange_is_of_one_endpoint() -> None:
    for name, recording in recordings.recorded().items():
        found = {one.name for driver in DRIVERS.values() for one in driver.endpoints if one.recorded(recording)}
        assert len(found) <= 1, name
        if recording.sent["client"] in DRIVERS:
            assert len(found) == 1, name
