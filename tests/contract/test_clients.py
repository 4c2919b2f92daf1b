"""Clients made and used in every way the SDKs allow: the span names the right server, provider and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentotel.testing import ModelCall, capture
from tests.contract.matrix import endpoint
from tests.fakes.replay import Replay

openai = pytest.importorskip("openai")
httpx2 = pytest.importorskip("httpx2")

KEY = "test-key"
CHAT = endpoint("openai-chat").exchange("plain").sent
BODY = CHAT["interactions"][0]["request"]["body"]


class Subclass(openai.OpenAI):
    """A client of somebody's own, which makes requests through ``super()`` and compares by its address."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return super().request(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subclass) and self.base_url == other.base_url

    __hash__ = None  # type: ignore[assignment]


def _chat(client: Any, **more: Any) -> Any:
    with client:
        return client.chat.completions.create(**BODY, **more)


def _called(use: Callable[[str], Any], exchange: dict[str, Any] = CHAT) -> tuple[ModelCall, Replay]:
    with Replay(exchange) as server, capture() as captured:
        use(server.url)
    (call,) = captured.model_calls
    assert (call.outcome, call.attributes["server.address"]) == ("completed", "127.0.0.1")
    assert call.attributes["server.port"] == server.port
    return call, server


def _openai(url: str, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key=KEY, **options)


def test_subclass() -> None:
    call, _server = _called(lambda url: _chat(Subclass(base_url=url, api_key=KEY)))
    assert call.provider == "openai"


def test_with_options_points_elsewhere() -> None:
    call, _server = _called(lambda url: _chat(_openai("http://192.0.2.1").with_options(base_url=url, max_retries=7)))
    assert call.attributes["agentotel.retry.limit"] == 7


def test_an_address_that_changes() -> None:
    client = _openai("http://192.0.2.1")

    def use(url: str) -> None:
        client.base_url = url  # type: ignore[assignment] - the SDK takes text
        client.chat.completions.create(**BODY)

    with client:
        _called(use)
        _called(use)


def test_a_whole_url() -> None:
    with _openai("http://192.0.2.1/v1") as client:
        call, _server = _called(lambda url: client.post(f"{url}/v1/chat/completions", body=BODY, cast_to=object))
    assert call.name == "chat gpt-4o-mini"


def test_a_raw_post_for_the_http_response() -> None:
    with _openai("http://192.0.2.1/v1") as client:
        call, _server = _called(
            lambda url: client.post(f"{url}/v1/chat/completions", body=BODY, cast_to=httpx2.Response)
        )
    assert call.response_id == "chatcmpl-1"


def test_module_level_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def use(url: str) -> None:
        monkeypatch.setattr(openai, "api_key", KEY)
        monkeypatch.setattr(openai, "base_url", f"{url}/")
        monkeypatch.setattr(openai, "_client", None)
        openai.chat.completions.create(**BODY)
        openai._client.close()

    _called(use)


def test_azure_with_a_token_fetched_over_http() -> None:
    """What the token costs in requests is no attempt of the model call."""

    def use(url: str) -> None:
        def token() -> str:
            return str(httpx2.get(f"{url}/token").status_code)

        _chat(openai.AzureOpenAI(azure_endpoint=url, azure_ad_token_provider=token, api_version="2024-10-21"))

    call, server = _called(use)
    assert call.provider == "azure.ai.openai"
    assert len(server.requests) == 2
    assert [event.attributes["http.response.status_code"] for event in call.events] == [200]


def test_extra_body_and_headers() -> None:
    call, server = _called(
        lambda url: _chat(_openai(url), extra_body={"top_k": 3, "temperature": 0.9}, extra_headers={"x-mine": "1"})
    )
    assert server.requests[0]["body"]["top_k"] == 3
    assert server.requests[0]["headers"]["x-mine"] == "1"
    assert call.attributes["gen_ai.request.top_k"] == 3
    assert call.attributes["gen_ai.request.temperature"] == 0.9


@pytest.mark.parametrize("package", ["httpx", "httpx2"])
def test_an_http_client_of_the_application(package: str) -> None:
    library = pytest.importorskip(package)

    class Mine(library.Client):
        """A client of somebody's own."""

    call, _server = _called(lambda url: _chat(_openai(url, http_client=Mine(timeout=3.5))))
    assert call.attributes["agentotel.timeout_s"] == 3.5
    assert [event.attributes["http.response.status_code"] for event in call.events] == [200]


TIMEOUTS: dict[str, tuple[dict[str, Any], dict[str, Any], float | None]] = {
    "of the client": ({"timeout": 12}, {}, 12.0),
    "of the call": ({"timeout": 12}, {"timeout": 1.5}, 1.5),
    "as parts": ({}, {"timeout": httpx2.Timeout(4.0, read=9.0)}, 9.0),
    "none": ({"timeout": 12}, {"timeout": None}, None),
    "none to read": ({"timeout": 12}, {"timeout": httpx2.Timeout(4.0, read=None)}, None),
    "the default": ({}, {}, 600.0),
}


@pytest.mark.parametrize("name", TIMEOUTS)
def test_timeout(name: str) -> None:
    of_client, of_call, expected = TIMEOUTS[name]
    call, _server = _called(lambda url: _chat(_openai(url, **of_client), **of_call))
    assert call.attributes.get("agentotel.timeout_s") == expected


def test_no_retries() -> None:
    call, _server = _called(lambda url: _chat(_openai(url, max_retries=0)))
    assert call.attributes["agentotel.retry.limit"] == 0
