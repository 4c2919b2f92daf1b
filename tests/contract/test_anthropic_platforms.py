"""The clients of anthropic for other platforms: the provider is theirs, the call is one span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentotel.adapters.providers import anthropic as adapter
from agentotel.testing import capture
from tests.contract.matrix import endpoint
from tests.fakes.replay import Replay

anthropic = pytest.importorskip("anthropic")

MESSAGE = endpoint("anthropic-messages").exchange("plain").sent
ASKED = MESSAGE["interactions"][0]["request"]["body"]

PLATFORMS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "bedrock": (
        "boto3",
        lambda url: anthropic.AnthropicBedrock(
            base_url=url, aws_access_key="a", aws_secret_key="s", aws_region="us-east-1"
        ),
        "aws.bedrock",
    ),
    "vertex": (
        "google.auth",
        lambda url: anthropic.AnthropicVertex(base_url=url, region="us-east5", project_id="p", access_token="t"),
        "gcp.vertex_ai",
    ),
    "foundry": ("anthropic", lambda url: anthropic.AnthropicFoundry(base_url=url, api_key="key"), "anthropic"),
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_platform(name: str) -> None:
    needed, make, provider = PLATFORMS[name]
    pytest.importorskip(needed)
    interaction = MESSAGE["interactions"][0]
    anywhere = {**MESSAGE, "interactions": [{**interaction, "request": {"method": "POST", "path": ""}}]}

    with Replay(anywhere) as server, capture() as captured, make(server.url) as client:
        client.messages.create(**ASKED)
    (call,) = captured.model_calls
    assert len(server.requests) == 1
    assert (call.outcome, call.attributes["server.port"]) == ("completed", server.port)
    assert (call.provider, call.input_tokens) == (provider, 11)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.anthropic.com", "anthropic"),
        ("gateway.example", "anthropic"),
        ("api.deepseek.com", "deepseek"),
        ("api.moonshot.ai", "moonshot_ai"),
        ("api.z.ai", "zai"),
        ("mine.services.ai.azure.com", "anthropic"),
    ],
)
def test_a_server_that_speaks_the_protocol_is_known_by_its_host(host: str, provider: str) -> None:
    with anthropic.Anthropic(base_url=f"https://{host}/anthropic", api_key="key") as client:
        assert adapter.provider(client) == provider
