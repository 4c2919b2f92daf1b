"""Settings that the caller changes while an answer streams are told as they were sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentotel.testing import capture
from tests.contract.matrix import endpoint
from tests.fakes.replay import Replay


def check(name: str, make: Callable[[str], Any], ask: Callable[[Any, dict[str, Any]], Any]) -> None:
    """Stream an answer, change the settings before it is read, and look at its span."""
    settings, stops = {"effort": "low"}, ["a"]
    exchange = endpoint(name).exchange("stream").sent
    (interaction,) = exchange["interactions"]
    anything = {**exchange, "interactions": [{**interaction, "request": {"method": "POST", "path": ""}}]}
    sent = interaction["request"]["body"]
    with Replay(anything) as server, capture() as captured, make(server.url) as client:
        stream = ask(client, {"sent": sent, "settings": settings, "stops": stops})
        settings["effort"] = "high"
        stops.append("b")
        list(stream)
    (call,) = captured.model_calls
    assert call.outcome == "completed"
    assert call.attributes["gen_ai.request.reasoning.level"] == "low"
    assert call.attributes["gen_ai.request.stop_sequences"] == ("a",)


def test_of_anthropic() -> None:
    anthropic = pytest.importorskip("anthropic")
    check(
        "anthropic-messages",
        lambda url: anthropic.Anthropic(base_url=url, api_key="key"),
        lambda client, given: client.messages.create(
            **given["sent"], output_config=given["settings"], stop_sequences=given["stops"]
        ),
    )


def test_of_a_field_that_the_sdk_does_not_know() -> None:
    openai = pytest.importorskip("openai")
    check(
        "openai-chat",
        lambda url: openai.OpenAI(base_url=url, api_key="key"),
        lambda client, given: client.chat.completions.create(
            **given["sent"], extra_body={"reasoning": given["settings"], "stop": given["stops"]}
        ),
    )
