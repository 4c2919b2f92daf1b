"""The pytest plugin. Every pytest run of an environment loads it, so it imports nothing until a fixture is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agentotel.testing import Captured


@pytest.fixture
def agentotel_capture(request: pytest.FixtureRequest) -> Iterator[Captured]:
    """Record the spans, metrics and events of this test; a failure shows their tree."""
    from agentotel.testing import capture  # noqa: PLC0415 - only where it is used

    with capture() as captured:
        yield captured
    request.node.add_report_section("teardown", "agentotel", captured.tree())


@pytest.fixture
def agentotel_strict() -> Iterator[None]:
    """Raise agentotel's internal errors in this test."""
    from agentotel.testing import strict  # noqa: PLC0415 - only where it is used

    with strict():
        yield
