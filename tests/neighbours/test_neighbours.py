"""Each call ends as one inference span with the facts of both, in its place, and is counted once."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from typing import Any, Final

import pytest

from agentotel.semconv import names as n
from agentotel.wire.spans import CALLS, OPERATION, TOTALS, USAGE
from tests.neighbours.environments import ROOT, UnavailableError, python_of
from tests.neighbours.table import NEIGHBOURS, ORDERS, Neighbour

TIME_LIMIT_S: Final = 300.0
TOKENS: Final = {"input": 11, "output": 4}
"""What the recorded exchanges say of each call that is answered whole."""
UNTOLD: Final = frozenset({"abandoned", "error"})

_COUNTS: Final = {name for _field, names in USAGE for name in names} | set(TOTALS)


@functools.cache
def run(neighbour: Neighbour, order: str) -> dict[str, Any]:
    """Run the program of a neighbour, once for each order."""
    python = python_of(neighbour)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    environment |= {"PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(
        [str(python), "-m", "tests.neighbours.program", neighbour.name, order],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
        env=environment,
        cwd=ROOT,
    )
    assert not ran.returncode, ran.stderr[-3000:]
    assert "internal error" not in ran.stderr, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(params=[pytest.param(one, id=one.name) for one in NEIGHBOURS], scope="module")
def neighbour(request: pytest.FixtureRequest) -> Neighbour:
    found: Neighbour = request.param
    try:
        python_of(found)
    except UnavailableError as error:
        pytest.skip(f"{found.name} cannot be installed: {error}")
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
    for kind, spans in _traces(run(neighbour, order)).items():
        for side, sent in TOKENS.items():
            told = [span["attributes"].get(f"gen_ai.usage.{side}_tokens") for span in spans]
            told = [one for one in told if one is not None]
            assert told == ([sent] if kind not in UNTOLD else told[:1]), (kind, side)
        if kind == "error":
            assert not any(name.startswith("gen_ai.usage.") for span in spans for name in span["attributes"])


def test_it_holds_our_facts(neighbour: Neighbour, order: str) -> None:
    for kind, spans in _traces(run(neighbour, order)).items():
        (span,) = _inferences(spans)
        attributes = span["attributes"]
        outcome = {"abandoned": "abandoned", "error": "error"}.get(kind, "completed")
        assert attributes[n.OUTCOME] == outcome, kind
        assert span["name"] == f"chat {attributes[n.REQUEST_MODEL]}"
        assert attributes[n.SERVER_ADDRESS] == "127.0.0.1"
        assert span["events"].count("agentotel.attempt") == 1, kind
        assert (n.COST_USD in attributes) is ("gen_ai.usage.input_tokens" in attributes), kind
        if kind not in UNTOLD:
            assert attributes[n.USAGE_SOURCE] == "provider"


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
        now = {name for span in spans for name in span["attributes"]}
        assert not {name for name in theirs if not name.startswith("gen_ai.usage.")} - now, kind


def test_what_is_sent_points_to_the_span(neighbour: Neighbour, order: str) -> None:
    found, alone = run(neighbour, order), run(neighbour, "alone")
    for kind, spans in _traces(found).items():
        (span,) = _inferences(spans)
        for header, before in zip(found["sent"][kind], alone["sent"][kind], strict=True):
            assert header is not None or before is None, kind
            if header is not None:
                assert header.split("-")[1:3] == [span["trace"], span["id"]], kind


def test_it_is_counted_once(neighbour: Neighbour, order: str) -> None:
    points = run(neighbour, order)["metrics"]
    durations = [one for one in points if one["name"] == "gen_ai.client.operation.duration"]
    assert sum(one["count"] for one in durations) == len(neighbour.calls)
    answered = [kind for kind in neighbour.calls if kind not in UNTOLD]
    partial = "abandoned" in neighbour.calls and neighbour.sdk == "anthropic"
    for side, sent in TOKENS.items():
        counted = [
            one
            for one in points
            if one["name"] == "gen_ai.client.token.usage" and one["attributes"]["gen_ai.token.type"] == side
        ]
        assert sum(one["count"] for one in counted) == len(answered) + partial, side
        if not partial:
            assert sum(one["sum"] for one in counted) == len(answered) * sent
