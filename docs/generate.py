"""Writes the reference pages that are tables of the source: ``python docs/generate.py``."""  # noqa: INP001 - a script

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from agentotel.capture.registry import ADAPTERS, load_adapter, release, support
from agentotel.semconv import metrics, own
from agentotel.wire import error_tables

REFERENCE = Path(__file__).parent / "reference"
COVERAGE = Path(__file__).parent / "coverage"
"""What `nox -s sdk` saw, one file for each version of each SDK."""
_GENERATED = "<!-- Written by docs/generate.py from the tables in the source: edit those. -->"
_SHIPPED_ONLY = {one.name for one in metrics.SHIPPED_ONLY}
_SPEC_ONLY = {one.name for one in metrics.SPEC_ONLY}


def attributes() -> str:
    """Write the page of attributes and events."""
    return _page(
        "Attributes and events",
        "Model calls, tools and agent runs follow the semantic conventions for generative AI. This page lists what\n"
        "the conventions lack. An attribute whose value is not known is absent, never 0.",
        "## On every span inside a session",
        "Spans of other libraries included. `gen_ai.conversation.id` is there too, with the value of `session.id`.",
        _table(("Attribute", "Type", "Meaning"), map(_identity_row, (one for one in own.ATTRIBUTES if one.everywhere))),
        "## On spans of agentotel",
        "`run` is the conventions' `invoke_agent`. Where content is captured, a turn also carries its input and\n"
        "output as `gen_ai.input.messages` and `gen_ai.output.messages`.",
        _table(
            ("Attribute", "Type", "Unit", "Spans", "Meaning"),
            map(_attribute_row, (one for one in own.ATTRIBUTES if not one.everywhere)),
        ),
        "## Events",
        "Span events by default; log records, or both, with `init(events=)`. `event(kind, ...)` makes others, named\n"
        "`agentotel.<kind>` with attributes `agentotel.<kind>.<key>`; `evaluation()` makes the conventions'\n"
        "`gen_ai.evaluation.result`.",
        *(part for event in own.EVENTS for part in _event(event)),
    )


def metrics_page() -> str:
    """Write the page of metrics."""
    return _page(
        "Metrics",
        "Ids of sessions, users and runs are never attributes of a metric. Where a metric has more attribute sets\n"
        "than `init(metric_cardinality=)` allows, the rest is counted under `other`.",
        "## Of the conventions",
        "`init(metrics=)` chooses the family of names: those that the released packages emit (`shipped`, the\n"
        "default) or those on the main branch of the conventions (`spec`).",
        _table(
            ("Metric", "Family", "Instrument", "Unit", "Attributes", "Meaning"),
            ((row[0], _family(one), *row[1:]) for one, row in _instruments(lambda name: name.startswith("gen_ai."))),
        ),
        "## Of agentotel",
        "Counters are kept in the process and read when metrics are collected; histograms are recorded at the end\n"
        "of the unit, with exemplars: one in each bucket between two collections, any of its records alike.",
        _table(
            ("Metric", "Instrument", "Unit", "Attributes", "Meaning"),
            (row for _one, row in _instruments(lambda name: not name.startswith("gen_ai."))),
        ),
    )


def errors_page() -> str:
    """Write the page of errors."""
    return _page(
        "Errors",
        "`error.type` is what the provider's answer says where it says so, else the class of the exception, as the\n"
        "released official packages have it: `openai.RateLimitError`. For Google it is the HTTP status, `429`: its\n"
        "SDK has one class for all statuses from 400 and one for all from 500. An answer that a provider cut short\n"
        "or kept back for its content, a blocked prompt of Gemini too, is no error but has a finish reason.",
        "Beside it, a span that failed has `agentotel.error.category`: one word for every\n"
        "provider, SDK and tool. It is found in this order:\n\n"
        "1. the code that the provider sent;\n"
        "2. a class that its SDK gives no HTTP status, or one that no server sent;\n"
        "3. the HTTP status;\n"
        "4. pieces of the provider's message, where all of this only says that the request is wrong (`schema`);\n"
        "5. a part of the name of the class or of one of its bases.\n\n"
        "What none of them knows has no category. `agentotel.error.origin` is `model` for what a provider, its SDK or\n"
        "the way to it raised, `tool` for a tool, `agent` for a turn, run or session, and `host` for an error of your\n"
        "own program in the middle of a model call. `agentotel.error.retry` is `exhausted` where the SDK had used up\n"
        "its retries, and `did` where it had made some of them.",
        "## HTTP statuses",
        "Any other status from 500 is `server`.",
        _table(
            ("Status", "Category"), ((f"{status}", f"`{found}`") for status, found in error_tables.STATUSES.items())
        ),
        *(part for table in error_tables.TABLES for part in _errors(table)),
        "## Names of other classes",
        _table(
            ("Part of the name", "Category"),
            ((f"`{part}`", f"`{found}`") for part, found in error_tables.PARTS.items()),
        ),
    )


def coverage_page() -> str:
    """Write the page of what the contract tests saw of each SDK."""
    tested = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(COVERAGE.glob("*.json"))]
    versions = {package: [one["version"] for one in tested if one["package"] == package] for package in ADAPTERS}
    return _page(
        "What is recorded of each SDK",
        "`nox -s sdk` runs the oldest and the newest supported version of each SDK, in an environment of its own,\n"
        "against recorded and written exchanges over loopback HTTP, and compares every fact of every span with what\n"
        "the provider sent. This table is what the tests saw. A fact that a provider does not send is absent.",
        "## Versions",
        _table(
            ("Package", "Supported", "Tested"),
            (
                (f"`{package}`", support(load_adapter(package)).wanted, ", ".join(sorted(tested, key=release)))
                for package, tested in versions.items()
            ),
        ),
        "## Operations",
        "A call is the name of a contract test's endpoint or request. Every call has its outcome, its duration, its\n"
        "attempts and the server.",
        _table(
            ("Package", "Provider", "`gen_ai.operation.name`", "Call", "Sync", "Async", "Stream", "Facts"),
            (row for package in ADAPTERS for row in _covered(package, tested)),
        ),
    )


def _covered(package: str, tested: Sequence[dict[str, Any]]) -> Iterable[Sequence[str]]:
    """Give the rows of a package; a way or a fact counts if any tested version has it."""
    found: dict[tuple[str, str, str], tuple[set[str], dict[str, None]]] = {}
    for row in (row for one in tested if one["package"] == package for row in one["rows"]):
        ways, facts = found.setdefault((row["provider"], row["operation"], row["call"]), (set(), {}))
        ways.update(row["ways"])
        facts.update(dict.fromkeys(row["facts"]))
    for (provider, operation, call), (ways, facts) in sorted(found.items()):
        marks = (_mark(bool(ways & {flavour, f"{flavour} stream"})) for flavour in ("sync", "async"))
        streams = ", ".join(sorted(way.removesuffix(" stream") for way in ways if way.endswith(" stream")))
        yield f"`{package}`", f"`{provider}`", f"`{operation}`", call, *marks, streams, ", ".join(facts)


def _mark(here: bool) -> str:
    return "yes" if here else ""


def _errors(table: error_tables.ErrorTable) -> tuple[str, str]:
    kinds = (("Code", table.codes), ("Class", table.classes), ("Text", table.texts))
    rows = [
        (f"`{found}`", kind, ", ".join(_code(key) for key, one in known.items() if one == found))
        for kind, known in kinds
        for found in dict.fromkeys(known.values())
    ]
    return f"## {table.name}", _table(("Category", "Known by", "Which"), rows)


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


PAGES: dict[str, Callable[[], str]] = {
    "attributes.md": attributes,
    "coverage.md": coverage_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
}


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", _GENERATED, *parts)) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _name(one: own.Own) -> str:
    return f"`{one.name}<key>`" if one.name.endswith(".") else f"`{one.name}`"


def _identity_row(one: own.Own) -> Sequence[str]:
    return _name(one), one.type, one.brief


def _attribute_row(one: own.Own) -> Sequence[str]:
    values = f" One of {', '.join(f'`{value}`' for value in one.values)}." if one.values else ""
    spans = "all" if one.spans == own.EVERY else ", ".join(one.spans)
    return _name(one), one.type, one.unit or "", spans, one.brief + values


def _event(event: own.OwnEvent) -> tuple[str, ...]:
    rows = [(f"`{one.name}`", one.type, one.brief) for one in event.attributes]
    return f"### `{event.name}`", event.brief, _table(("Attribute", "Type", "Meaning"), rows)


def _instruments(wanted: Callable[[str], bool]) -> Iterable[tuple[metrics.Instrument, Sequence[str]]]:
    for one in metrics.ALL:
        if wanted(one.name):
            names = ", ".join(f"`{name}`" for name in one.attributes)
            yield one, (f"`{one.name}`", one.kind.replace("_", " "), f"`{one.unit}`", names, one.description)


def _family(one: metrics.Instrument) -> str:
    return "shipped" if one.name in _SHIPPED_ONLY else "spec" if one.name in _SPEC_ONLY else "both"


if __name__ == "__main__":
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
