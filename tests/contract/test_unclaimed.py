"""Model calls that no adapter knows, by every HTTP library and every way of reading: one span with the facts, and a
caller who sees what they would see without agentotel."""

# ruff: noqa: ASYNC210, ASYNC212 - libraries that block are among those under test

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import pytest
import requests
import urllib3

import agentotel
from agentotel._core import guard
from agentotel.testing import capture
from tests.fakes.replay import Replay, load

EXCHANGES = Path(__file__).parent / "exchanges"
Read = Callable[[str, bytes], Awaitable[list[Any]]]
JSON = {"content-type": "application/json"}


async def httpx_whole(url: str, body: bytes) -> list[Any]:
    with httpx.Client(trust_env=False) as client:
        response = client.post(url, content=body, headers=JSON)
        return [type(response), response.status_code, response.content]


async def httpx2_async_whole(url: str, body: bytes) -> list[Any]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(url, json=json.loads(body))
        return [type(response), response.status_code, response.content]


async def httpx_lines(url: str, body: bytes) -> list[Any]:
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("POST", url, content=body, headers=JSON) as response,
    ):
        return [type(response), response.status_code, *response.iter_lines(), response.is_closed]


async def httpx2_async_bytes(url: str, body: bytes) -> list[Any]:
    async with (
        httpx2.AsyncClient(trust_env=False) as client,
        client.stream("POST", url, content=body, headers=JSON) as response,
    ):
        return [response.status_code, b"".join([part async for part in response.aiter_bytes()])]


async def requests_whole(url: str, body: bytes) -> list[Any]:
    response = requests.post(url, data=body, headers=JSON, timeout=5)
    return [type(response), response.status_code, response.content]


async def requests_lines(url: str, body: bytes) -> list[Any]:
    with requests.post(url, data=body, headers=JSON, timeout=5, stream=True) as response:
        return [response.status_code, *response.iter_lines()]


async def requests_raw(url: str, body: bytes) -> list[Any]:
    with requests.post(url, json=json.loads(body), timeout=5, stream=True) as response:
        parts = []
        while part := response.raw.read(20, decode_content=True):
            parts.append(part)
        return [type(response.raw), b"".join(parts)]


async def urllib3_whole(url: str, body: bytes) -> list[Any]:
    with urllib3.PoolManager() as pool:
        response = pool.request("POST", url, body=body, headers=JSON)
        return [type(response), response.status, response.data]


async def urllib3_stream(url: str, body: bytes) -> list[Any]:
    with urllib3.PoolManager() as pool:
        response = pool.request("POST", url, body=body, headers=JSON, preload_content=False)
        found = [type(response), b"".join(response.stream(32))]
        response.release_conn()
        return [*found, response.closed]


async def aiohttp_whole(url: str, body: bytes) -> list[Any]:
    async with aiohttp.ClientSession() as session, session.post(url, json=json.loads(body)) as response:
        return [type(response), response.status, await response.read()]


async def aiohttp_lines(url: str, body: bytes) -> list[Any]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=JSON) as response:
        return [
            isinstance(response.content, aiohttp.StreamReader),
            [line async for line in response.content],
            response.content.at_eof(),
        ]


async def aiohttp_chunks(url: str, body: bytes) -> list[Any]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=JSON) as response:
        return [b"".join([part async for part in response.content.iter_chunked(16)])]


READS: Mapping[str, Read] = {
    read.__name__: read
    for read in (
        httpx_whole,
        httpx2_async_whole,
        httpx_lines,
        httpx2_async_bytes,
        requests_whole,
        requests_lines,
        requests_raw,
        urllib3_whole,
        urllib3_stream,
        aiohttp_whole,
        aiohttp_lines,
        aiohttp_chunks,
    )
}
CALLS = {
    "openai-chat-plain": "/some/gateway/v1/chat/completions",
    "openai-chat-stream": "/v1/chat/completions",
    "openai-responses-stream": "/v1/responses",
    "anthropic-messages-plain": "/v1/messages",
    "anthropic-messages-stream": "/v1/messages",
    "openai-chat-error-404": "/v1/chat/completions",
    "cohere-chat-plain": "/v2/chat",
    "cohere-chat-stream": "/v2/chat",
    "ollama-chat-plain": "/api/chat",
    "ollama-chat-stream": "/api/chat",
}


def exchange(name: str, path: str) -> dict[str, Any]:
    """Load an exchange, and let it be played at a path."""
    found = load(EXCHANGES / f"{name}.json")
    for one in found["interactions"]:
        one["request"]["path"] = path
    return found


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    gc.collect()


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize(("name", "path"), CALLS.items(), ids=CALLS)
async def test_a_call_is_one_span(name: str, path: str, read: Read, gzip: bool) -> None:
    played = exchange(name, path)
    body = json.dumps(played["interactions"][0]["request"]["body"]).encode()
    with Replay(played, gzip=gzip) as server:
        bare = await read(server.url + path, body)
        with capture() as captured:
            seen = await read(server.url + path, body)
    assert seen == bare
    (call,) = captured.model_calls
    said = dict(call.attributes)
    assert said["gen_ai.provider.name"] == name.partition("-")[0]
    assert said["gen_ai.request.model"] == json.loads(body)["model"]
    assert said["server.port"] == server.port
    assert [event.attributes["http.response.status_code"] for event in call.events] == [server.statuses[0]]
    if "error" in name:
        assert said["agentotel.outcome"] == "error"
        assert said["agentotel.error.category"] == "schema"
        return
    assert said["agentotel.outcome"] == "completed"
    assert said["agentotel.usage.source"] == "provider"
    assert said.get("gen_ai.response.id") == played["expected"].get("gen_ai.response.id")
    assert said["gen_ai.usage.input_tokens"] > 0
    assert said["gen_ai.usage.output_tokens"] > 0


@pytest.mark.parametrize("library", ["httpx", "requests", "urllib3", "aiohttp"])
async def test_a_stream_left_early_is_abandoned(library: str) -> None:
    path = CALLS["openai-chat-stream"]
    played = exchange("openai-chat-stream", path)
    body = json.dumps(played["interactions"][0]["request"]["body"]).encode()
    with Replay(played, hold_after=3) as server, capture() as captured:
        url = server.url + path
        if library == "httpx":
            with httpx.Client(trust_env=False) as client, client.stream("POST", url, content=body) as answer:
                next(answer.iter_raw())
        elif library == "requests":
            with requests.post(url, data=body, timeout=5, stream=True) as response:
                next(response.iter_content(None))
        elif library == "urllib3":
            with urllib3.PoolManager() as pool:
                raw = pool.request("POST", url, body=body, preload_content=False)
                next(raw.stream(4096))
                raw.close()
        else:
            async with aiohttp.ClientSession() as session, session.post(url, data=body) as reply:
                await reply.content.readany()
        server.release()
        gc.collect()
    (call,) = captured.model_calls
    assert call.attributes["agentotel.outcome"] == "abandoned"
    assert call.attributes["gen_ai.response.id"]


async def test_what_is_no_model_call_is_left_alone() -> None:
    path = "/v1/chat/completions"
    with Replay(exchange("openai-chat-plain", path)) as server, capture() as captured:
        url = server.url
        httpx.post(f"{url}{path}", json={"model": "gpt-4o"}, trust_env=False)
        httpx.post(f"{url}{path}", content=b"messages", trust_env=False)
        httpx.post(f"{url}/v1/traces", json={"messages": []}, trust_env=False)
        httpx.get(f"{url}{path}", trust_env=False)
        requests.post(f"{url}{path}", data=iter([b"{}"]), timeout=5)
        sent = iter([b'{"model": "m", "messages": []}'])
        httpx.post(f"{url}{path}", content=sent, trust_env=False)
        assert list(sent) == []
    assert captured.spans == []


async def test_what_is_no_url_is_refused_by_the_library_alone() -> None:
    before = guard.counts()
    with capture():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.InvalidURL):
                await session.get("http://[::1")
    assert guard.counts() == before


async def test_hosts_are_left_alone_when_told() -> None:
    path = "/v1/chat/completions"
    played = exchange("openai-chat-plain", path)
    with Replay(played) as server, capture(ignored_hosts="example.com, 127.0.0.1") as captured:
        httpx.post(server.url + path, json=played["interactions"][0]["request"]["body"], trust_env=False)
    assert captured.spans == []


async def test_requests_inside_a_tool_are_its_attempts() -> None:
    played = exchange("openai-chat-plain", "/stock")
    with Replay(played, fail_first="1:503") as server, capture() as captured:

        @agentotel.tool
        def stock(order: str) -> int:
            with requests.Session() as session:
                retry = urllib3.Retry(
                    total=2, status_forcelist=[503], allowed_methods=None, respect_retry_after_header=False
                )
                session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
                session.post(f"{server.url}/stock", json={"order": order}, timeout=5)
                return session.get(f"{server.url}/other", timeout=5).status_code

        assert stock("A-1") == 599
    (call,) = captured.tool_calls
    attempts = [event.attributes for event in call.events if event.name == "agentotel.attempt"]
    assert [one["http.response.status_code"] for one in attempts] == [503, 200, 599]
    assert [one.get("agentotel.attempt.reason") for one in attempts] == [None, "server", None]
    assert {one["server.address"] for one in attempts} == {"127.0.0.1"}
    assert call.attributes["http.request.resend_count"] == 1
    assert call.attributes["agentotel.retry.wait_s"] > 0
    assert captured.spans == [call]
    (point,) = [point for point in captured.metrics if point.name == "agent.tool.retries"]
    assert (point.value, dict(point.attributes)) == (1, {"gen_ai.tool.name": "stock", "reason": "server"})


async def _asyncio_cancels(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(client.get(url), 0.1)
        sending = asyncio.create_task(client.get(url))
        await asyncio.sleep(0.1)
        sending.cancel()
        await asyncio.wait([sending])


async def _anyio_cancels(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(2):
            with anyio.move_on_after(0.1):
                await client.get(url)


async def _interrupted(url: str, error: BaseException) -> None:
    """Raise what is no ``Exception`` in a request, as a signal or a generator that is closed does."""

    def stop(_request: Any) -> None:
        raise error

    with httpx2.Client(trust_env=False, event_hooks={"request": [stop]}) as client:
        for _ in range(2):
            with contextlib.suppress(type(error)):
                client.get(url)


CANCELLED: dict[str, tuple[str, Callable[[str], Awaitable[None]]]] = {
    "asyncio": ("asyncio", _asyncio_cancels),
    "anyio": ("asyncio", _anyio_cancels),
    "trio": ("trio", _anyio_cancels),
    **{
        kind.__name__: ("asyncio", functools.partial(_interrupted, error=kind()))
        for kind in (KeyboardInterrupt, GeneratorExit, SystemExit)
    },
}


@pytest.mark.parametrize("name", CANCELLED)
def test_a_cancelled_request_of_a_tool_is_no_failure_of_the_network(name: str) -> None:
    backend, cancel = CANCELLED[name]
    with Replay(exchange("openai-chat-plain", "/stock"), hold_head=True) as server, capture() as captured:
        anyio.run(agentotel.tool(name="stock")(cancel), server.url, backend=backend)
    (call,) = captured.tool_calls
    first, second = (event.attributes for event in call.events if event.name == "agentotel.attempt")
    assert first["error.type"] == second["error.type"]
    assert (first.get("agentotel.attempt.reason"), second["agentotel.attempt.reason"]) == (None, "cancelled")
