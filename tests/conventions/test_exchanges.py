"""What recorded exchanges of openai, Azure and anthropic become holds to the conventions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

import agentotel
from tests.contract import recordings
from tests.contract.flavour import FLAVOURS, close, done, each
from tests.contract.recordings import Recording
from tests.conventions.recorded import recorded
from tests.conventions.tables import require

require()

RECORDINGS = recordings.load()


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with recordings.replay_server().ReplayServer() as running:
        yield running


async def _call(recording: Recording, flavour: str, server: Any) -> None:
    client = recording.client(server.url, flavour)
    method = recording.resource(client).create
    with contextlib.suppress(openai.OpenAIError, anthropic.AnthropicError):
        value = await done(method(**recording.arguments(method)))
        if recording.streams:
            async for _chunk in each(value):
                pass
    await close(client)


@pytest.mark.parametrize(
    "settings", [{}, {"content": "SPAN_AND_EVENT", "events": "both", "metrics": "spec"}], ids=["off", "on"]
)
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS)
async def test_exchange(recording: Recording, flavour: str, settings: dict[str, str], server: Any) -> None:
    server.load(recording.sent)
    with recorded(**settings) as made, agentotel.session(), agentotel.agent("a"):
        await _call(recording, flavour, server)
    assert made.problems() == []
    assert len(made.spans) == 3
