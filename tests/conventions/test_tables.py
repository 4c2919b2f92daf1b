"""Names, own attributes and metrics agree with the conventions and with DESIGN."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest

from agentotel.adapters import providers
from agentotel.capture.spec import Call
from agentotel.semconv import metrics as m
from agentotel.semconv import names, own
from tests.conventions.tables import SHARED, conventions, require

require()

DESIGN = (SHARED / "DESIGN.md").read_text("utf-8")
OWN = {one.name: one for one in own.ATTRIBUTES}
LATER = re.compile(r"agentotel\.(budget|loop)\.")
ADDED = {
    "agentotel.tool.result.bytes",
    *(f"agentotel.usage.cache_write_{lifetime}.input_tokens" for lifetime in ("5m", "30m", "1h", "12h")),
    *(f"agentotel.usage.prediction_{fate}.output_tokens" for fate in ("accepted", "rejected")),
    *(f"agentotel.usage.beside.{side}_tokens" for side in ("input", "output")),
    "agentotel.server_tool.calls.",
    "agentotel.response.logprobs",
    "agentotel.resend.calls",
    "agentotel.resend.of",
    "agentotel.fallback.of",
}
"""Sizes of tools are asked for in both directions, where DESIGN's table names one; for the others see
``docs/adr/0010-facts-inside-one-answer.md`` and ``docs/adr/0012-calls-that-follow-a-failed-one.md``."""


def expanded(cell: str) -> set[str]:
    """Write out the names of a cell: ``agentotel.run.id`` followed by ``.run.parent_id``, and braces."""
    found: set[str] = set()
    for name in re.findall(r"`([^`]+)`", cell):
        whole = f"agentotel{name}" if name.startswith(".") else name
        options = [whole.replace("<key>", "")]
        while any("{" in one for one in options):
            options = [
                one.replace(f"{{{group[1]}}}", choice, 1)
                for one in options
                if (group := re.search(r"{([^}]+)}", one))
                for choice in group[1].split(",")
            ]
        found.update(options)
    return found


def design_attributes() -> set[str]:
    section = DESIGN.partition("## 6.")[2].partition("## 7.")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in expanded(row)}


def design_metrics() -> set[str]:
    text = DESIGN.partition("Metrics beside the conventions")[2].partition("Session, user and run ids")[0]
    return {name for name in expanded(text) if name.startswith(("agent.", "agentotel."))}


def test_own_attributes_are_those_of_the_design() -> None:
    events = {"agentotel.attempt"}
    wanted = {name for name in design_attributes() if not name.startswith("gen_ai.") and not LATER.match(name)} - events
    assert set(OWN) - ADDED == wanted


def test_no_attribute_of_our_own_is_one_of_the_conventions() -> None:
    assert not set(OWN) & set(conventions()["attributes"])
    assert all(name.startswith(("agentotel.", "session.", "user.", "http.request.resend_count")) for name in OWN)


def test_every_name_is_known_to_a_table() -> None:
    known = {*conventions()["attributes"], *OWN}
    for constant, value in vars(names).items():
        if constant.isupper():
            assert value in known or any(one.startswith(value) and value.endswith(".") for one in known), constant


def test_closed_sets_are_those_of_the_design() -> None:
    for row in DESIGN.splitlines():
        if "`agentotel.error.category`" in row:
            said = re.findall(r"`([a-z_]+)`", row.split("|")[2])
            given = [*OWN["agentotel.error.category"].values, *OWN["agentotel.error.origin"].values]
            assert said == [*given, *OWN["agentotel.error.retry"].values]
    reasons = DESIGN.partition("Stop reasons: ")[2].partition("Given by the caller")[0]
    assert tuple(re.findall(r"`([a-z_]+)`", reasons)) == OWN["agentotel.stop_reason"].values


def test_metrics_are_those_of_the_design_and_of_the_conventions() -> None:
    ours = {one.name for one in m.ALL if not one.name.startswith("gen_ai.")}
    later = {name for name in design_metrics() if re.match(r"agentotel\.journal|agent\.(loop|budget)\.", name)}
    assert ours == design_metrics() - later
    assert len({one.name for one in m.ALL}) == len(m.ALL)


@pytest.mark.parametrize("one", [one for one in m.ALL if one.name.startswith("gen_ai.")], ids=lambda one: one.name)
def test_a_metric_of_the_conventions_is_as_they_have_it(one: m.Instrument) -> None:
    entry = conventions()["metrics"][one.name]
    assert (one.kind, one.unit) == (entry["instrument"], entry["unit"])
    assert [float(edge) for edge in one.buckets or ()] == [float(edge) for edge in entry.get("buckets", ())]
    assert set(one.attributes) <= set(entry["attributes"])
    wanted = {name for name, rule in entry["attributes"].items() if rule["level"] != "opt_in"}
    assert wanted - set(one.attributes) <= {"gen_ai.request.model"}


def _calls() -> Iterator[Call]:
    """Give what the adapters of providers name as operations, in tables of their modules."""
    for module in pkgutil.iter_modules(providers.__path__):
        tables = [*vars(import_module(f"{providers.__name__}.{module.name}")).values()]
        while tables:
            one = tables.pop()
            if isinstance(one, Call):
                yield one
            elif isinstance(one, Mapping):
                tables += one.values()


def test_operations_of_adapters_are_those_of_the_conventions_or_listed_beside_them() -> None:
    values = conventions()["attributes"]["gen_ai.operation.name"]["values"]
    found = {call.operation for call in _calls()}
    assert {"chat", "embeddings", "rerank"} <= found
    assert found - set(values) == set(own.OPERATIONS)
