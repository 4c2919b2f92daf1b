"""The demo's session holds to the conventions."""

from __future__ import annotations

import pytest

from agentotel.demo.desk import RefundDesk
from agentotel.demo.models import emulated
from tests.conventions.recorded import recorded
from tests.conventions.tables import require

require()


@pytest.mark.parametrize(
    "settings", [{}, {"content": "SPAN_AND_EVENT", "events": "both", "metrics": "spec"}], ids=["off", "on"]
)
def test_demo(settings: dict[str, str]) -> None:
    with recorded(**settings) as made, emulated(fast=True) as models:
        RefundDesk(*models).serve()
    assert made.problems() == []
    assert len(made.spans) > 20
