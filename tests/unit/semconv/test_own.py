from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from agentotel.facts.stop import Outcome, Result, StopReason
from agentotel.semconv import metrics as m
from agentotel.semconv import names, own

ROOT = Path(__file__).resolve().parents[3]
OWN = {one.name: one for one in own.ATTRIBUTES}
TYPES = {own.STRING, own.INT, own.DOUBLE, own.BOOLEAN, own.STRINGS, own.ANY}


def test_each_name_stands_once_in_a_table() -> None:
    assert len(OWN) == len(own.ATTRIBUTES)
    assert len({one.name for one in own.EVENTS}) == len(own.EVENTS)
    assert len({one.name for one in m.ALL}) == len(m.ALL)
    constants = [value for name, value in vars(names).items() if name.isupper()]
    assert len(set(constants)) == len(constants)


def test_every_attribute_says_what_it_is() -> None:
    for one in (*own.ATTRIBUTES, *(attribute for event in own.EVENTS for attribute in event.attributes)):
        assert one.type in TYPES, one.name
        assert one.brief.endswith("."), one.name
        assert set(one.spans) <= set(own.EVERY), one.name
    assert all(one.spans for one in own.ATTRIBUTES)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("agentotel.stop_reason", StopReason),
        ("agentotel.result", Result),
        ("agentotel.outcome", Outcome),
        ("agentotel.kind", own.STRUCTURAL),
    ],
)
def test_closed_sets_are_those_of_the_facts(name: str, values: object) -> None:
    assert OWN[name].values == tuple(values)  # type: ignore[arg-type]


def test_units_are_where_the_name_says_one() -> None:
    for one in own.ATTRIBUTES:
        if one.type in {own.INT, own.DOUBLE} and not one.everywhere:
            assert one.unit, one.name
        for suffix, unit in (("_s", "s"), ("usd", "USD"), (".bytes", "By")):
            if one.name.endswith(suffix):
                assert one.unit == unit, one.name


def test_histograms_have_buckets_and_nothing_else_has() -> None:
    for one in m.ALL:
        assert (one.buckets is not None) is (one.kind == m.HISTOGRAM), one.name
        assert list(one.buckets or ()) == sorted(set(one.buckets or ())), one.name


def test_no_metric_has_an_id_for_an_attribute() -> None:
    for one in m.ALL:
        assert not [name for name in one.attributes if name.endswith(".id") or name.startswith(("session.", "user."))]


@pytest.mark.parametrize("page", ["attributes.md", "metrics.md"])
def test_reference_pages_are_current(page: str) -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
    written = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    assert written == pages[page](), "run docs/generate.py"
