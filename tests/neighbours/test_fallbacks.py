"""LangChain's fallbacks and retries: a call that stands in for a failed one, or repeats it, says so."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.neighbours.conftest import Run
from tests.neighbours.table import Neighbour

LANGCHAIN: Final = Neighbour(
    name="langchain_fallbacks", requires=("langchain-openai", "langchain-anthropic"), sdk="langchain"
)
OF: Final = "agentotel.fallback.of"
RESEND: Final = "agentotel.resend.of"


@pytest.fixture(params=["session", "loose"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(run: Run, place: str) -> dict[str, Any]:
    """The calls of each way, the failed ones first."""
    return run(LANGCHAIN, place, module="fallbacks_program")


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_with_fallbacks(made: dict[str, Any], way: str) -> None:
    failed, stood_in = made[way]
    assert (failed["status"], stood_in["status"]) == ("ERROR", "UNSET")
    assert stood_in["attributes"][OF] == failed["id"]
    assert stood_in["events"].count("agentotel.fallback") == 1
    assert not {OF, RESEND} & failed["attributes"].keys()


@pytest.mark.parametrize("way", ["retried invoke", "retried ainvoke"])
def test_with_retry(made: dict[str, Any], way: str) -> None:
    failed, again = made[way]
    assert (failed["status"], again["status"]) == ("ERROR", "UNSET")
    assert again["attributes"][RESEND] == failed["id"]


def test_a_batch_falls_back_in_other_threads(made: dict[str, Any]) -> None:
    calls = made["batch"]
    assert [call["status"] for call in calls] == ["ERROR", "ERROR", "UNSET", "UNSET"]
    assert {call["attributes"].get(OF) for call in calls[2:]} == {call["id"] for call in calls[:2]}
