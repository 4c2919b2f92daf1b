"""Each call ends as one inference span with the facts of both, in its place, and is counted once."""

from __future__ import annotations

import functools
import json
import subprocess
from typing import Any, Final

import pytest

from agentotel.semconv import names as n
from agentotel.wire.spans import CALLS, OPERATION, TOTALS, USAGE
from tests.neighbours.environments import environment_of, installed
from tests.neighbours.table import NEIGHBOURS, ORDERS, Neighbour

TIME_LIMIT_S: Final = 300.0
SIDES: Final = {"gen_ai.usage.input_tokens": "input", "gen_ai.usage.output_tokens": "output"}
UNTOLD: Final = frozenset({"abandoned", "error"})

_COUNTS: Final = {name for _field, names in USAGE for name in names} | set(TOTALS)


def run(neighbour: Neighbour, order: str) -> dict[str, Any]:
    """Give what the program of a neighbour printed."""
    ran = _ran(neighbour, order)
    assert not ran.returncode, ran.stderr[-3000:]
    assert "internal error" not in ran.stderr, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


@functools.cache
def _ran(neighbour: Neighbour, order: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed(neighbour)), "-m", "tests.neighbours.program", neighbour.name, order],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
        **environment_of(neighbour),
    )


def _marks(neighbour: Neighbour) -> list[pytest.MarkDecorator]:
    """Keep the tests of a neighbour in one process, which runs its program once."""
    return [pytest.mark.xdist_group(neighbour.name), *([pytest.mark.quick] if neighbour.quick else [])]


@pytest.fixture(params=[pytest.param(one, id=one.name, marks=_marks(one)) for one in NEIGHBOURS], scope="module")
def neighbour(request: pytest.FixtureRequest) -> Neighbour:
    found: Neighbour = request.param
    installed(found)
    return found


@pytest.fixture(params=ORDERS)
def order(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _traces(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Give the spans of each call, by the name of the application's own span."""
    roots = {span["trace"]: span["name"] for span in found["spans"] if span["scope"] == "application"}
    return {
        name: [span for span in found["spans"] if span["trace"] == trace and span["scope"] != "application"]
        for trace, name in roots.items()
    }


def _inferences(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [span for span in spans if span["attributes"].get(OPERATION) in CALLS]


def test_one_span_for_each_call(neighbour: Neighbour, order: str) -> None:
    found = run(neighbour, order)
    traces = _traces(found)
    assert traces.keys() == set(neighbour.calls)
    for kind, spans in traces.items():
        assert len(_inferences(spans)) == 1, (kind, spans)
    assert len(_inferences(found["spans"])) == len(neighbour.calls)


def test_tokens_are_told_once(neighbour: Neighbour, order: str) -> None:
    found = run(neighbour, order)
    for kind, spans in _traces(found).items():
        for name in SIDES:
            told = [span["attributes"][name] for span in spans if name in span["attributes"]]
            assert told == (told[:1] if kind in UNTOLD else [found["answers"][kind][name]]), (kind, name)
        if kind == "error":
            assert not any(name.startswith("gen_ai.usage.") for span in spans for name in span["attributes"])


def test_it_holds_our_facts(neighbour: Neighbour, order: str) -> None:
    for kind, spans in _traces(run(neighbour, order)).items():
        (span,) = _inferences(spans)
        attributes = span["attributes"]
        outcome = {"abandoned": "abandoned", "error": "error"}.get(kind, "completed")
        assert attributes[n.OUTCOME] == outcome, kind
        priced = neighbour.priced and "gen_ai.usage.input_tokens" in attributes
        assert (n.COST_USD in attributes) is priced, kind
        if kind not in UNTOLD:
            assert attributes[n.USAGE_SOURCE] == "provider"
        assert span["events"].count("agentotel.attempt") == neighbour.seen, kind
        if neighbour.seen:
            assert span["name"] == f"{attributes[OPERATION]} {attributes[n.REQUEST_MODEL]}"
            assert attributes[n.SERVER_ADDRESS] == "127.0.0.1"


def test_it_is_in_its_place(neighbour: Neighbour, order: str) -> None:
    found = run(neighbour, order)
    ids = {span["id"]: span for span in found["spans"]}
    for span in found["spans"]:
        assert span["parent"] is None or span["parent"] in ids, span
    for kind, spans in _traces(found).items():
        (span,) = _inferences(spans)
        while span["parent"] is not None:
            span = ids[span["parent"]]
        assert (span["scope"], span["name"]) == ("application", kind)


def test_nothing_of_the_neighbour_is_lost(neighbour: Neighbour, order: str) -> None:
    alone = _traces(run(neighbour, "alone"))
    for kind, spans in _traces(run(neighbour, order)).items():
        theirs = {name for span in alone[kind] for name in span["attributes"]} - _COUNTS
        theirs.difference_update(neighbour.left_out)
        now = {name for span in spans for name in span["attributes"]}
        assert not {name for name in theirs if not name.startswith("gen_ai.usage.")} - now, kind


def test_what_is_sent_points_to_the_span(neighbour: Neighbour, order: str) -> None:
    found, alone = run(neighbour, order), run(neighbour, "alone")
    for kind, spans in _traces(found).items():
        (span,) = _inferences(spans)
        for header, before in zip(found["sent"][kind], alone["sent"][kind], strict=True):
            assert header is not None or before is None, kind
            if header is not None:
                _version, trace, around, _flags = header.split("-")  # one header only
                assert trace == span["trace"]
                assert span["id"] in _line(spans, around) or around in _plain(spans, span["id"]), kind


def _line(spans: list[dict[str, Any]], lowest: str) -> list[str]:
    """Give the ids of a span and of what is around it."""
    parents = {span["id"]: span["parent"] for span in spans}
    line = [lowest]
    while parents.get(line[-1]):
        line.append(parents[line[-1]])
    return line


def _plain(spans: list[dict[str, Any]], lowest: str) -> list[str]:
    """Give the ids of what is around a span and is no operation: an HTTP library's span, for a call without an SDK."""
    plain = {span["id"] for span in spans if OPERATION not in span["attributes"]}
    return [one for one in _line(spans, lowest) if one in plain]


def test_what_is_given_has_its_type(neighbour: Neighbour, order: str) -> None:
    assert run(neighbour, order)["given"] == run(neighbour, "alone")["given"]


def test_it_is_counted_once(neighbour: Neighbour, order: str) -> None:
    found = run(neighbour, order)
    durations = [one for one in found["metrics"] if one["name"] == "gen_ai.client.operation.duration"]
    assert sum(one["count"] for one in durations) == len(neighbour.calls)
    for name, side in SIDES.items():
        told = [span["attributes"][name] for span in _inferences(found["spans"]) if name in span["attributes"]]
        counted = [
            one
            for one in found["metrics"]
            if one["name"] == "gen_ai.client.token.usage" and one["attributes"]["gen_ai.token.type"] == side
        ]
        assert sum(one["count"] for one in counted) == len(told), side
        assert sum(one["sum"] for one in counted) == sum(told), side
