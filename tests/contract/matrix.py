"""The SDKs under test: every file of ``drivers`` whose SDK is installed.

``CONTRACT_SDKS=groq,together`` restricts the tests to these, as ``nox -s sdk`` does.
"""

from __future__ import annotations

import importlib
import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import pytest

from tests.contract import drivers
from tests.contract.drivers._spec import Driver, Endpoint

NAMES: Final = tuple(sorted(path.stem for path in Path(drivers.__path__[0]).glob("[!_]*.py")))
"""All SDKs that have a driver."""

ASKED_FOR: Final = tuple(filter(None, os.environ.get("CONTRACT_SDKS", "").split(","))) or NAMES


def distribution(name: str) -> str:
    """Name what is installed for an SDK, from its driver's source: without the SDK the driver cannot be imported."""
    found = re.search(r'distribution="([^"]*)"', (Path(drivers.__path__[0]) / f"{name}.py").read_text(encoding="utf-8"))
    assert found, f"{name} says of no distribution"
    return found[1]


def _load(name: str) -> Driver | None:
    """Import a driver; None where its SDK is not installed."""
    try:
        version(distribution(name))
    except PackageNotFoundError:
        return None
    driver: Driver = importlib.import_module(f"{drivers.__name__}.{name}").DRIVER
    return driver


ALL: Final = ASKED_FOR == NAMES

_LOADED: Final = {name: _load(name) for name in ASKED_FOR}
DRIVERS: Final = {name: driver for name, driver in _LOADED.items() if driver}
"""The drivers whose SDK is installed."""

MISSING: Final = tuple(name for name, driver in _LOADED.items() if driver is None)


def release_of(name: str) -> int:
    """Give the first number of the installed version of an SDK."""
    return int(version(distribution(name)).partition(".")[0])


def endpoint(name: str) -> Endpoint:
    """Give an endpoint by its name; a module of tests that asks for one whose SDK is not installed is skipped."""
    found = [one for driver in DRIVERS.values() for one in driver.endpoints if one.name == name]
    if not found:
        pytest.skip(f"the SDK of {name} is not installed, or not asked for", allow_module_level=True)
    return found[0]
