"""What recorded exchanges become holds to the conventions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

import agentotel
from tests.contract import recordings, ways
from tests.contract.drivers._spec import calling
from tests.contract.test_exchanges import FOUND, Case
from tests.conventions.recorded import recorded
from tests.conventions.tables import require

require()

CASES = [
    pytest.param(case, flavour, id=f"{case.recording.name}-{flavour}")
    for case in FOUND
    for flavour in case.driver.flavours
]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with recordings.replay_server().ReplayServer() as running:
        yield running


@pytest.mark.parametrize(
    "settings", [{}, {"content": "SPAN_AND_EVENT", "events": "both", "metrics": "spec"}], ids=["off", "on"]
)
@pytest.mark.parametrize(("case", "flavour"), CASES)
async def test_exchange(case: Case, flavour: str, settings: dict[str, str], server: Any) -> None:
    server.load(case.recording.sent)
    with recorded(**settings) as made, agentotel.session(), agentotel.agent("a"):
        async with calling(case.endpoint, flavour, case.recording, server.url) as caller:
            with contextlib.suppress(Exception):
                await ways.create(caller)
    assert made.problems() == []
    assert len(made.spans) == 3
