from __future__ import annotations

import pytest

from agentotel._core import guard
from agentotel.testing import capture


def test_internal_errors_count_from_the_start_of_the_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_counts", {})
    guard.report("test.before", ValueError())
    with capture(strict=False) as captured:
        guard.report("test.inside", ValueError())
    errors = [one for one in captured.metrics if one.name == "agentotel.internal_errors"]
    assert [(one.attributes["site"], one.value) for one in errors] == [("test.inside", 1)]
