"""Tools over MCP: the client of mcp 2 traces itself, and each call is one tool call, at its server too."""

from __future__ import annotations

import functools
import json
import subprocess
from typing import Any, Final

import pytest

from agentotel.semconv import names as n
from tests.neighbours.environments import environment_of, installed
from tests.neighbours.table import MCP, ORDERS

TRANSPORTS: Final = ("stdio", "streamable-http")
TIME_LIMIT_S: Final = 120.0
SENT: Final = "MCP send tools/call add"

pytestmark = [pytest.mark.quick, pytest.mark.xdist_group("mcp")]


@functools.cache
def _ran(order: str, transport: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed(MCP)), "-m", "tests.neighbours.mcp_program", order, transport],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
        **environment_of(MCP),
    )


@pytest.fixture(params=[(order, transport) for order in ORDERS for transport in TRANSPORTS], ids="-".join)
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    ran = _ran(*request.param)
    assert not ran.returncode, ran.stderr[-3000:]
    assert "internal error" not in ran.stderr, ran.stderr[-3000:]
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


def _spans(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [span for span in found["spans"] if span["name"] == name]


def _tools(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [span for span in found["spans"] if span["attributes"].get(n.OPERATION_NAME) == "execute_tool"]


def test_each_call_is_one_tool_call(found: dict[str, Any]) -> None:
    inside, alone = _tools(found)
    assert (inside["name"], alone["name"]) == ("execute_tool add", SENT)
    for span in (inside, alone):
        assert span["attributes"][n.TOOL_NAME] == "add"
        assert span["attributes"][n.OUTCOME] == "completed"


def test_what_is_sent_hangs_below_the_tool(found: dict[str, Any]) -> None:
    inside, alone = _tools(found)
    (session,) = _spans(found, "session")
    below = next(span for span in _spans(found, SENT) if span["id"] != alone["id"])
    assert below["parent"] == inside["id"]
    assert inside["parent"] == alone["parent"] == session["id"]
    assert not any(name.startswith(("gen_ai.tool.", "agentotel.tool.")) for name in below["attributes"])


def test_spans_of_the_session_carry_its_identity(found: dict[str, Any]) -> None:
    (session,) = _spans(found, "session")
    for span in found["spans"]:
        if span["trace"] == session["trace"]:
            assert span["attributes"][n.SESSION_ID] == span["attributes"][n.CONVERSATION_ID] == "s-1"


def test_the_server_continues_the_trace(found: dict[str, Any]) -> None:
    sent = {span["id"]: span for span in _spans(found, SENT)}
    assert [answer["sum"] for answer in found["answers"]] == [3, 7]
    for answer in found["answers"]:
        assert sent[answer["parent"]]["trace"] == answer["trace"]
        assert answer["attributes"][n.OPERATION_NAME] == "execute_tool"


def test_tool_calls_are_counted_once(found: dict[str, Any]) -> None:
    sums = {one["name"]: one["sum"] for one in found["metrics"] if one["attributes"].get(n.TOOL_NAME) in {"add", None}}
    assert sums["agent.session.tool_calls"] == 2
    counted = [one["sum"] for one in found["metrics"] if one["name"] == "agent.tool.calls"]
    assert counted == [2]
    (session,) = _spans(found, "session")
    assert session["attributes"]["agentotel.total.tool_calls"] == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nothing_is_lost_beside_what_it_tells_alone(transport: str) -> None:
    alone, with_us = (json.loads(_ran(order, transport).stdout.splitlines()[-1]) for order in ("alone", "after"))
    theirs = [{**span["attributes"], "name": span["name"]} for span in alone["spans"]]
    now = [{**span["attributes"], "name": span["name"]} for span in with_us["spans"]]
    for one in theirs:
        assert any(one.items() <= other.items() for other in now), one
