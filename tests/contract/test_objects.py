"""What callers hold of an SDK is as without us: it is copied, pickled and freed as before, and nothing piles up."""

from __future__ import annotations

import asyncio
import copy
import gc
import heapq
import pickle
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider

import agentotel
from agentotel._core import late
from agentotel.capture import bodies
from agentotel.testing import capture
from tests.contract.drivers._spec import Caller, Driver, Endpoint, Settings
from tests.contract.flavour import FLAVOURS, close, done, each, take
from tests.contract.matrix import DRIVERS
from tests.contract.matrix import endpoint as found_endpoint
from tests.contract.scenarios import dropped, settled
from tests.contract.ways import create
from tests.fakes.replay import Replay

CASES = [
    pytest.param(endpoint, flavour, kind, id=f"{endpoint.name}-{flavour}-{kind}")
    for driver in DRIVERS.values()
    for endpoint in driver.endpoints
    if endpoint.written
    for flavour in driver.flavours
    for kind in ("plain", "stream")
    if endpoint.has(kind)
]
FIRST = [
    pytest.param(driver, flavour, id=f"{name}-{flavour}")
    for name, driver in DRIVERS.items()
    if name != "aiobotocore"  # fills up over some hundred calls before it is level
    for flavour in driver.flavours
]
ROUNDS, CALLS = 4, 50
MOST_GROWTH = 0.25
"""Objects per call, in the round with the least: the first one warms up, and what is freed late is no leak."""


@contextmanager
def instrumented() -> Iterator[None]:
    """Record, and keep nothing of it."""
    agentotel.instrument(tracer_provider=TracerProvider(), meter_provider=NoOpMeterProvider())
    try:
        yield
    finally:
        agentotel.uninstrument()


async def _caller(endpoint: Endpoint, flavour: str, kind: str, url: str) -> Caller:
    recording = endpoint.exchange(kind)
    settings = Settings(flavour=flavour, url=url, recording=recording)
    return Caller(endpoint, flavour, recording, endpoint.client(settings))


def _again(way: Callable[[Any], Any], value: Any) -> Any:
    """Tell what becomes of a value: a type, or the class of the error."""
    try:
        return type(way(value))
    except Exception as error:  # noqa: BLE001 - many SDKs cannot copy what they give
        return type(error), str(error)


WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own
}


async def _twins(endpoint: Endpoint, flavour: str, kind: str, url: str) -> list[Any]:
    caller = await _caller(endpoint, flavour, kind, url)
    answer = await caller.call()
    seen = [(name, _again(way, value)) for value in (caller.client, answer) for name, way in WAYS.items()]
    if kind == "stream":
        await close(answer)
    await close(caller.client)
    await settled()
    return seen


@pytest.mark.filterwarnings("ignore:Exception ignored in. <http.client.HTTPResponse")  # half made by copy, in 3.13
@pytest.mark.parametrize(("endpoint", "flavour", "kind"), CASES)
async def test_clients_and_answers_are_copied_and_pickled_as_without_us(
    endpoint: Endpoint, flavour: str, kind: str
) -> None:
    with Replay(endpoint.exchange(kind).sent) as server:
        bare = await _twins(endpoint, flavour, kind, server.url)
        with instrumented():
            assert await _twins(endpoint, flavour, kind, server.url) == bare


async def _copied_bodies(endpoint: Endpoint, flavour: str, url: str) -> list[Any]:
    """Tell what becomes of the body of a stream that is half read, and what is read of it after that."""
    caller = await _caller(endpoint, flavour, "stream", url)
    stream = await caller.call()
    read = await take(stream, 1)
    seen: list[Any] = [(name, _again(way, stream.response.stream)) for name, way in WAYS.items()]
    gc.collect()
    seen += [item.id for item in read] + [item.id async for item in each(stream)]
    await close(caller.client)
    await settled()
    return seen


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_the_body_of_a_stream_is_copied_as_without_us(flavour: str) -> None:
    endpoint = found_endpoint("openai-chat")
    with Replay(endpoint.exchange("stream").sent) as server:
        bare = await _copied_bodies(endpoint, flavour, server.url)
        with capture() as captured:
            assert await _copied_bodies(endpoint, flavour, server.url) == bare
    assert [call.outcome for call in captured.model_calls] == ["completed"]


@pytest.mark.parametrize("kind", ["SyncByteStream", "AsyncByteStream"])
def test_a_body_that_is_being_made_is_bare(kind: str) -> None:
    made = bodies._body_class((getattr(httpx, kind),))
    empty = made.__new__(made)
    assert not hasattr(empty, "anything")
    del empty  # pytest fails for what its finalizer raises


async def _freed(endpoint: Endpoint, flavour: str, kind: str, url: str) -> list[bool]:
    """Tell whether an answer, and the HTTP response below it, are gone as soon as nobody holds them."""
    caller = await _caller(endpoint, flavour, kind, url)
    await create(replace(caller, log=[]))
    answer = await caller.call()
    held = [one for one in (answer, getattr(answer, "response", None)) if hasattr(type(one), "__weakref__")]
    seen = [weakref.ref(one) for one in held]
    if kind == "stream":
        await take(answer, 1)
        await close(answer)
    del held, answer
    gone = [one() is None for one in seen]
    await close(caller.client)
    await settled()
    return gone


@pytest.mark.parametrize(("endpoint", "flavour", "kind"), CASES)
async def test_no_cycle_of_ours_keeps_an_answer(endpoint: Endpoint, flavour: str, kind: str) -> None:
    with Replay(endpoint.exchange(kind).sent) as server:
        gc.collect()
        gc.disable()
        try:
            bare = await _freed(endpoint, flavour, kind, server.url)
            with instrumented():
                ours = await _freed(endpoint, flavour, kind, server.url)
        finally:
            gc.enable()
    assert not [one for one, other in zip(bare, ours, strict=True) if one and not other], (bare, ours)


async def _freed_unclosed(endpoint: Endpoint, flavour: str, url: str) -> list[bool]:
    """Tell whether a stream that is half read, and its HTTP response, are gone once they are dropped."""
    caller = await _caller(endpoint, flavour, "stream", url)
    stream = await caller.call()
    await take(stream, 1)
    held = [one for one in (stream, getattr(stream, "response", None)) if hasattr(type(one), "__weakref__")]
    seen = [weakref.ref(one) for one in held]
    del held, stream
    await asyncio.sleep(0.05)  # an event loop closes generators that are dropped
    gone = [one() is None for one in seen]
    gc.collect()
    await close(caller.client)
    await settled()
    return gone


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("endpoint", "flavour", "kind"), [case for case in CASES if case.values[2] == "stream"])
async def test_no_cycle_of_ours_keeps_a_stream_that_is_dropped(endpoint: Endpoint, flavour: str, kind: str) -> None:
    with Replay(endpoint.exchange(kind).sent, hold_after=2) as server:
        gc.collect()
        gc.disable()
        try:
            bare = await _freed_unclosed(endpoint, flavour, server.url)
            with instrumented():
                ours = await _freed_unclosed(endpoint, flavour, server.url)
        finally:
            gc.enable()
    assert not [one for one, other in zip(bare, ours, strict=True) if one and not other], (bare, ours)


class Counting:
    """Stands before the lock of a connection pool, and counts who takes it."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.taken = 0

    def __enter__(self) -> Any:
        self.taken += 1
        return self.lock.__enter__()

    def __exit__(self, *raised: object) -> Any:
        return self.lock.__exit__(*raised)


class Ring:
    """Holds something that only the collector frees."""

    def __init__(self, held: object) -> None:
        self.held = held
        self.ring = self


async def _collected(endpoint: Endpoint, url: str) -> tuple[int, int]:
    """Count how often the pool's lock is taken while a half-read stream is collected, and by what we put off then."""
    caller = await _caller(endpoint, "sync", "stream", url)
    stream = await caller.call()
    await take(stream, 1)
    pool = caller.client._client._transport_for_url(stream.response.url)._pool
    pool._optional_thread_lock = lock = Counting(pool._optional_thread_lock)
    Ring(stream)
    del stream
    gc.collect()
    there = lock.taken
    late.settle()
    after = lock.taken - there
    await close(caller.client)
    return there, after


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic-messages", "groq-chat"])
async def test_a_collection_takes_no_lock_of_a_pool_because_of_us(name: str) -> None:
    """httpcore waits for itself where a stream is collected under its lock: no more of that with us than without."""
    endpoint = found_endpoint(name)
    with Replay(endpoint.exchange("stream").sent, hold_after=2) as server:
        gc.collect()
        gc.disable()
        try:
            bare = await _collected(endpoint, server.url)
            assert bare[0] > 0
            with instrumented():
                assert await _collected(endpoint, server.url) == bare
        finally:
            gc.enable()


async def _left(caller: Caller) -> None:
    stream = await caller.call()
    await take(stream, 1)
    await close(stream)


async def _dropped(caller: Caller) -> None:
    await take(await caller.call(), 1)


async def _failed(caller: Caller) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the SDK raises
        await caller.call()


ACTS = (("plain", create), ("stream", create), ("stream", _left), ("stream", _dropped), ("error-400", _failed))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pytest would keep each of them
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the connections of streams that are dropped
@pytest.mark.parametrize(("driver", "flavour"), FIRST)
def test_nothing_grows_with_the_number_of_calls(driver: Driver, flavour: str) -> None:
    grown = {}
    gc.collect()
    gc.freeze()
    try:
        for endpoint in driver.endpoints:
            for kind, act in ACTS:
                if endpoint.written and endpoint.has(kind) and kind not in endpoint.without:
                    with instrumented():
                        growth = _grown(endpoint, flavour, kind, act)
                    if growth > MOST_GROWTH:  # what the SDK and the server leave behind by themselves is not ours
                        growth -= _grown(endpoint, flavour, kind, act)
                    grown[f"{endpoint.name} {act.__name__}"] = growth
    finally:
        gc.unfreeze()
    assert {name: growth for name, growth in grown.items() if growth > MOST_GROWTH} == {}
    assert grown


def _grown(endpoint: Endpoint, flavour: str, kind: str, act: Any) -> float:
    with Replay(endpoint.exchange(kind).sent) as server, asyncio.Runner() as runner:
        return runner.run(_growth(endpoint, flavour, kind, act, server))


def _forget_cancelled_timers() -> None:
    """Let go of the timers of the SDKs that were cancelled, and of the contexts that they were made in.

    asyncio does so once there are more than a hundred. Source: ``BaseEventLoop._run_once``.
    """
    loop: Any = asyncio.get_running_loop()
    for timer in loop._scheduled:
        timer._scheduled = not timer.cancelled()
    loop._scheduled = [timer for timer in loop._scheduled if timer._scheduled]
    heapq.heapify(loop._scheduled)
    loop._timer_cancelled_count = 0


async def _settled() -> int:
    """Count the objects once nothing more is freed."""
    counts = [0]
    for _ in range(20):
        _forget_cancelled_timers()
        await dropped()
        await asyncio.sleep(0.02)
        counts.append(len(gc.get_objects()))
        if counts[-1] == counts[-2]:
            break
    return counts[-1]


async def _growth(endpoint: Endpoint, flavour: str, kind: str, act: Any, server: Replay) -> float:
    """Count the objects that a call leaves behind."""
    caller = await _caller(endpoint, flavour, kind, server.url)
    counts = []
    for _round in range(ROUNDS):
        for _call in range(CALLS):
            await act(replace(caller, log=[]))
        server.requests.clear()
        server.statuses.clear()
        counts.append(await _settled())
    await done(close(caller.client))
    return min(after - before for before, after in pairwise(counts)) / CALLS
