from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from agentotel._core import guard
from tests.conventions.provider import Provider
from tests.faults.injected import forget
from tests.faults.scenario import Application


@pytest.fixture(autouse=True)
def _fresh_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_counts", {})
    forget()


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    gc.freeze()  # so that a collection looks at what the application made only, and is quick
    gc.disable()  # so that a finalizer runs where the application collects, not in a thread of the server
    with Provider() as server:
        yield Application(server)
    gc.enable()
    gc.unfreeze()


@pytest.fixture(scope="module")
def expected(application: Application) -> list[Any]:
    """What the application sees without agentotel recording."""
    return application.run()
