"""Bedrock without its SDK: requests that somebody signs and sends himself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import urllib3

from agentotel.testing import capture
from tests.fakes.replay import Replay, content, load

EXCHANGES = Path(__file__).parent / "exchanges"
KINDS = ("converse-plain", "converse-stream", "invoke-plain", "invoke-stream", "invoke-cached")


def _with_httpx(url: str, body: object) -> bytes:
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("POST", url, json=body, headers={"authorization": "AWS4-HMAC-SHA256 ..."}) as response,
    ):
        return b"".join(response.iter_bytes(50))


def _with_urllib3(url: str, body: object) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, json=body).data


@pytest.mark.parametrize("send", [_with_httpx, _with_urllib3])
@pytest.mark.parametrize("kind", KINDS)
def test_call(kind: str, send: Callable[[str, object], bytes]) -> None:
    exchange = load(EXCHANGES / f"bedrock-{kind}.json")
    (interaction,) = exchange["interactions"]
    asked = interaction["request"]
    with Replay(exchange) as server, capture() as captured:
        got = send(server.url + asked["path"], asked["body"])
    assert got == content(interaction["response"])
    (call,) = captured.model_calls
    assert (call.provider, call.outcome) == ("aws.bedrock", "completed")
    assert call.name == f"chat {asked['path'].split('/')[2].replace('%3A', ':')}"
    assert bool(call.stream) == kind.endswith("stream")
    said = {name: list(value) if isinstance(value, tuple) else value for name, value in call.attributes.items()}
    assert {name: said.get(name) for name in exchange["expected"]} == exchange["expected"]


@pytest.mark.parametrize("path", ["/chains/invoke", "/converse"])
def test_paths_of_others(path: str) -> None:
    exchange = load(EXCHANGES / "bedrock-converse-plain.json")
    exchange["interactions"][0]["request"]["path"] = path
    with Replay(exchange) as server, capture() as captured:
        _with_urllib3(server.url + path, {"messages": [], "prompt": "Hi"})
    assert captured.spans == []
