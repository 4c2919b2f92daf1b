"""Each call ends as one inference span with the facts of both, in its place, and is counted once."""

from __future__ import annotations

from typing import Any, Final

import pytest

from agentotel.semconv import names as n
from agentotel.wire.spans import CALLS, OPERATION, TOTALS, USAGE
from tests.neighbours.conftest import Run
from tests.neighbours.table import NEIGHBOURS, ORDERS, Neighbour

SIDES: Final = {"gen_ai.usage.input_tokens": "input", "gen_ai.usage.output_tokens": "output"}
UNTOLD: Final = frozenset({"abandoned", "error"})

_COUNTS: Final = {name for _field, names in USAGE for name in names} | set(TOTALS)


@pytest.fixture(
    params=[pytest.param(one, id=one.name, marks=[pytest.mark.quick] if one.quick else []) for one in NEIGHBOURS],
    scope="module",  # so that the tests of a neighbour follow each other
)
def neighbour(request: pytest.FixtureRequest) -> Neighbour:
    found: Neighbour = request.param
    return found


@pytest.fixture(params=ORDERS)
def order(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def found(run: Run, neighbour: Neighbour, order: str) -> dict[str, Any]:
    """What was recorded beside the neighbour."""
    return run(neighbour, neighbour.name, order)


@pytest.fixture
def alone(run: Run, neighbour: Neighbour) -> dict[str, Any]:
    """What the neighbour tells without the library."""
    return run(neighbour, neighbour.name, "alone")


def _traces(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Give the spans of each call, by the name of the application's own span."""
    roots = {span["trace"]: span["name"] for span in found["spans"] if span["scope"] == "application"}
    return {
        name: [span for span in found["spans"] if span["trace"] == trace and span["scope"] != "application"]
        for trace, name in roots.items()
    }


def _inferences(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [span for span in spans if span["attributes"].get(OPERATION) in CALLS]


def test_one_span_for_each_call(neighbour: Neighbour, found: dict[str, Any]) -> None:
    traces = _traces(found)
    assert traces.keys() == set(neighbour.calls)
    for kind, spans in traces.items():
        assert len(_inferences(spans)) == 1, (kind, spans)
    assert len(_inferences(found["spans"])) == len(neighbour.calls)


def test_tokens_are_told_once(found: dict[str, Any]) -> None:
    for kind, spans in _traces(found).items():
        for name in SIDES:
            told = [span["attributes"][name] for span in spans if name in span["attributes"]]
            assert told == (told[:1] if kind in UNTOLD else [found["answers"][kind][name]]), (kind, name)
        if kind == "error":
            assert not any(name.startswith("gen_ai.usage.") for span in spans for name in span["attributes"])


def test_it_holds_our_facts(neighbour: Neighbour, found: dict[str, Any]) -> None:
    for kind, spans in _traces(found).items():
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


def test_it_is_in_its_place(found: dict[str, Any]) -> None:
    ids = {span["id"]: span for span in found["spans"]}
    for span in found["spans"]:
        assert span["parent"] is None or span["parent"] in ids, span
    for kind, spans in _traces(found).items():
        (span,) = _inferences(spans)
        while span["parent"] is not None:
            span = ids[span["parent"]]
        assert (span["scope"], span["name"]) == ("application", kind)


def test_nothing_of_the_neighbour_is_lost(neighbour: Neighbour, found: dict[str, Any], alone: dict[str, Any]) -> None:
    told = _traces(alone)
    for kind, spans in _traces(found).items():
        theirs = {name for span in told[kind] for name in span["attributes"]} - _COUNTS
        theirs.difference_update(neighbour.left_out)
        now = {name for span in spans for name in span["attributes"]}
        assert not {name for name in theirs if not name.startswith("gen_ai.usage.")} - now, kind


def test_what_is_sent_points_to_the_span(found: dict[str, Any], alone: dict[str, Any]) -> None:
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


def test_what_is_given_has_its_type(found: dict[str, Any], alone: dict[str, Any]) -> None:
    assert found["given"] == alone["given"]


def test_it_is_counted_once(neighbour: Neighbour, found: dict[str, Any]) -> None:
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
