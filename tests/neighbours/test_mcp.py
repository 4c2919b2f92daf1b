"""Tools over MCP: the client of mcp 2 traces itself, and each call is one tool call, at its server too."""

from __future__ import annotations

from typing import Any, Final

import pytest

from agentotel.semconv import names as n
from tests.neighbours.conftest import Run
from tests.neighbours.table import MCP, ORDERS

TRANSPORTS: Final = ("stdio", "streamable-http")
SENT: Final = "MCP send tools/call add"

pytestmark = pytest.mark.quick


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ORDERS)
def found(run: Run, request: pytest.FixtureRequest, transport: str) -> dict[str, Any]:
    return run(MCP, str(request.param), transport, module="mcp_program")


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


def test_nothing_is_lost_beside_what_it_tells_alone(run: Run, transport: str, found: dict[str, Any]) -> None:
    alone = run(MCP, "alone", transport, module="mcp_program")
    now = [{**span["attributes"], "name": span["name"]} for span in found["spans"]]
    for span in alone["spans"]:
        theirs = {**span["attributes"], "name": span["name"]}
        assert any(theirs.items() <= one.items() for one in now), theirs
