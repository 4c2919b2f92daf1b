from __future__ import annotations

import pytest

from agentotel.console import figures


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "cost ?"),
        (0.0, "$0"),
        (0.000412, "$0.0004"),
        (0.0001, "$0.0001"),
        (0.0000312, "$0.00003"),
        (4e-7, "$0.0000004"),
        (0.05, "$0.0500"),
        (0.99999, "$1.0000"),
        (12.345, "$12.35"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money(usd: float | None, text: str) -> None:
    assert figures.money(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "<1 ms"),
        (0.0012, "1 ms"),
        (0.312, "312 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.97, "1 m 00 s"),
        (125.4, "2 m 05 s"),
        (7200, "120 m 00 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


def test_counts() -> None:
    assert figures.count(None) == "-"
    assert figures.count(0) == "0"
    assert figures.count(15869) == "15,869"
    assert figures.several(1, "retry") == "1 retry"
    assert figures.several(2, "retry") == "2 retries"
    assert figures.several(1200, "call") == "1,200 calls"
