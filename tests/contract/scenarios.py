"""What can happen to a call, written once for every adapter, sync and async, with the outcome it must have."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.drivers import Driver, Wanted
from tests.contract.flavour import FLAVOURS, close, done, each, opened, take
from tests.contract.seen import shown, shown_response
from tests.fakes.replay import Replay

Act = Callable[[Driver, Replay], Awaitable[None]]
Name = str | Mapping[str, str]
"""One for all adapters, or one by package."""


@dataclass(frozen=True)
class Ending:
    """The row of the outcome table that a scenario must end in."""

    outcome: str
    status: str = "UNSET"
    error_type: Name | None = None
    category: Name | None = None
    retry: str | None = None
    usage_source: str | None = "partial"


COMPLETED = Ending("completed", usage_source="provider")
ABANDONED = Ending("abandoned")
CANCELLED = Ending("cancelled")


def error(
    kind: Name, category: Name, *, retry: str | None = None, usage_source: str | None = None, outcome: str = "error"
) -> Ending:
    """Make the row of a failed or truncated call; a name without a module is the SDK's own class."""
    return Ending(outcome, "ERROR", kind, category, retry, usage_source)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario.

    ``facts`` names what the span says of the answer: ``expected`` all of it, ``arrived`` what came in the
    first two events, ``nothing``. ``statuses`` are those of the attempts, None for one without an answer.
    """

    name: str
    exchange: str
    act: Act
    ending: Ending
    facts: str = "expected"
    statuses: tuple[int | None, ...] = (200,)
    faults: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    flavours: tuple[str, ...] = FLAVOURS
    first_chunk: bool = False
    validations: int = 0


async def plain(driver: Driver, _server: Replay) -> None:
    driver.log.append(shown(await driver.call()))


async def stream(driver: Driver, _server: Replay) -> None:
    async for chunk in each(await driver.call()):
        driver.log.append(shown(chunk))


async def helper(driver: Driver, _server: Replay) -> None:
    async with opened(driver.helper()) as events:
        driver.log += [type(event) async for event in each(events)]


async def early_close(driver: Driver, _server: Replay) -> None:
    chunks = await driver.call()
    driver.log.append(shown(await take(chunks, 2)))
    await close(chunks)
    driver.log.append(chunks.response.is_closed)
    with contextlib.suppress(StopIteration, StopAsyncIteration):
        driver.log.append(shown(await take(chunks, 1)))


async def left_loop(driver: Driver, _server: Replay) -> None:
    chunks = await driver.call()
    seen = 0
    async for chunk in each(chunks):
        driver.log.append(shown(chunk))
        seen += 1
        if seen == 2:
            break
    del chunks
    await dropped()


async def left_with(driver: Driver, _server: Replay) -> None:
    async with opened(await driver.call()) as chunks:
        driver.log.append(shown(await take(chunks, 2)))


async def dropped_unread(driver: Driver, _server: Replay) -> None:
    driver.log.append(type(await driver.call()))
    await dropped()


async def dropped_half_read(driver: Driver, _server: Replay) -> None:
    chunks = await driver.call()
    driver.log.append(shown(await take(chunks, 2)))
    del chunks
    await dropped()


async def dropped() -> None:
    """Let the collector and the event loop finish what was dropped."""
    for _ in range(2):
        gc.collect()
        for _resumption in range(10):
            await asyncio.sleep(0)


async def helper_left(driver: Driver, _server: Replay) -> None:
    async with opened(driver.helper()) as events:
        driver.log.append(type((await take(events, 1))[0]))


async def raw(driver: Driver, _server: Replay) -> None:
    response = await done(driver.resource.with_raw_response.create(**driver.body))
    driver.log += [shown_response(response), shown(await done(response.parse()))]


async def streaming(driver: Driver, _server: Replay) -> None:
    async with opened(driver.resource.with_streaming_response.create(**driver.body)) as response:
        driver.log += [shown_response(response), shown(await done(response.parse()))]


async def streaming_lines(driver: Driver, _server: Replay) -> None:
    async with opened(driver.resource.with_streaming_response.create(**driver.body)) as response:
        driver.log += [line async for line in each(response.iter_lines())]


async def streaming_unread(driver: Driver, _server: Replay) -> None:
    async with opened(driver.resource.with_streaming_response.create(**driver.body)) as response:
        driver.log.append(response.status_code)


async def structured(driver: Driver, _server: Replay) -> None:
    given = {driver.adapter.structured: Wanted}
    driver.log.append(shown(await done(driver.resource.parse(**driver.body, **given))))


async def cancelled_in_call(driver: Driver, server: Replay) -> None:
    await cancel(asyncio.create_task(driver.call()), lambda: bool(server.requests))


async def cancelled_in_stream(driver: Driver, _server: Replay) -> None:
    chunks = await driver.call()
    driver.log.append(shown(await take(chunks, 2)))
    waiting = asyncio.create_task(anext(chunks))
    await asyncio.sleep(0.02)
    await cancel(waiting, lambda: True)


async def cancel(task: asyncio.Task[Any], when: Callable[[], bool]) -> None:
    """Cancel a task once the server has its request, and raise what it raised."""
    while not when():  # noqa: ASYNC110 - the server is another thread
        await asyncio.sleep(0.005)
    task.cancel()
    await task


ONCE = {"max_retries": 0}
REFUSED_400 = error("BadRequestError", "context_overflow")
SCENARIOS = (
    Scenario(name="plain", exchange="plain", act=plain, ending=COMPLETED),
    Scenario(name="tool_call", exchange="tools", act=plain, ending=COMPLETED),
    Scenario(name="cached_tokens", exchange="cached", act=plain, ending=COMPLETED),
    Scenario(name="reasoning_tokens", exchange="reasoning", act=plain, ending=COMPLETED),
    Scenario(name="raw_response", exchange="plain", act=raw, ending=COMPLETED),
    Scenario(name="streaming_response", exchange="plain", act=streaming, ending=COMPLETED),
    Scenario(
        name="streaming_response_compressed", exchange="plain", act=streaming, ending=COMPLETED, faults={"gzip": True}
    ),
    Scenario(
        name="streaming_lines_compressed",
        exchange="stream",
        act=streaming_lines,
        ending=COMPLETED,
        faults={"gzip": True},
        first_chunk=True,
    ),
    Scenario(
        name="streaming_response_unread",
        exchange="plain",
        act=streaming_unread,
        ending=Ending("abandoned", usage_source=None),
        facts="nothing",
    ),
    Scenario(name="stream", exchange="stream", act=stream, ending=COMPLETED, first_chunk=True),
    Scenario(name="stream_helper", exchange="stream", act=helper, ending=COMPLETED, first_chunk=True),
    Scenario(
        name="stream_helper_left", exchange="stream", act=helper_left, ending=ABANDONED, facts="begun", first_chunk=True
    ),
    Scenario(
        name="early_close",
        exchange="stream",
        act=early_close,
        ending=ABANDONED,
        faults={"hold_after": 2},
        facts="arrived",
        first_chunk=True,
    ),
    *(
        Scenario(name=act.__name__, exchange="stream", act=act, ending=ABANDONED, facts="arrived", first_chunk=True)
        for act in (left_loop, left_with, dropped_half_read)
    ),
    Scenario(name="dropped_unread", exchange="stream", act=dropped_unread, ending=ABANDONED, facts="nothing"),
    Scenario(name="bad_request", exchange="error-400", act=plain, ending=REFUSED_400, facts="nothing", statuses=(400,)),
    Scenario(
        name="unauthorized",
        exchange="error-401",
        act=plain,
        ending=error("AuthenticationError", "auth"),
        facts="nothing",
        statuses=(401,),
    ),
    Scenario(
        name="not_found",
        exchange="error-404",
        act=plain,
        ending=error("NotFoundError", "schema"),
        facts="nothing",
        statuses=(404,),
    ),
    Scenario(
        name="rate_limit_then_ok",
        exchange="plain",
        act=plain,
        ending=COMPLETED,
        faults={"fail_first": "2:429"},
        statuses=(429, 429, 200),
    ),
    Scenario(
        name="rate_limit_then_stream",
        exchange="stream",
        act=stream,
        ending=COMPLETED,
        faults={"fail_first": "1:429"},
        statuses=(429, 200),
        first_chunk=True,
    ),
    Scenario(
        name="retries_exhausted",
        exchange="plain",
        act=plain,
        ending=error("RateLimitError", "rate_limit", retry="exhausted"),
        faults={"fail_first": "99:429"},
        facts="nothing",
        statuses=(429, 429, 429),
    ),
    Scenario(
        name="retry_then_refused",
        exchange="error-401",
        act=plain,
        ending=error("AuthenticationError", "auth"),
        faults={"fail_first": "1:500"},
        facts="nothing",
        statuses=(500, 401),
    ),
    Scenario(
        name="server_error",
        exchange="plain",
        act=plain,
        ending=error("InternalServerError", "server"),
        faults={"fail_first": "99:500"},
        options=ONCE,
        facts="nothing",
        statuses=(500,),
    ),
    Scenario(
        name="timeout",
        exchange="plain",
        act=plain,
        ending=error("APITimeoutError", "timeout"),
        faults={"hold_head": True},
        options={**ONCE, "timeout": 0.2},
        facts="nothing",
        statuses=(None,),
    ),
    Scenario(
        name="timeout_in_stream",
        exchange="stream",
        act=stream,
        ending=error(
            {"openai": "APITimeoutError", "anthropic": "httpx2.ReadTimeout"}, "timeout", usage_source="partial"
        ),
        faults={"hold_after": 2},
        options={**ONCE, "timeout": 0.2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="truncated",
        exchange="stream",
        act=stream,
        ending=error("truncated", "network", usage_source="partial", outcome="truncated"),
        faults={"end_after": 2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="reset",
        exchange="stream",
        act=stream,
        ending=error("httpx2.ReadError", "network", usage_source="partial", outcome="truncated"),
        faults={"reset_after": 2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="structured_output_does_not_parse",
        exchange="structured",
        act=structured,
        ending=error("pydantic_core.ValidationError", "schema", usage_source="provider"),
        validations=1,
    ),
    Scenario(
        name="cancelled_in_call",
        exchange="plain",
        act=cancelled_in_call,
        ending=CANCELLED,
        faults={"hold_head": True},
        flavours=("async",),
        facts="nothing",
        statuses=(None,),
    ),
    Scenario(
        name="cancelled_in_stream",
        exchange="stream",
        act=cancelled_in_stream,
        ending=CANCELLED,
        faults={"hold_after": 2},
        flavours=("async",),
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="error_event",
        exchange="error-event",
        act=stream,
        ending=error(
            {
                "openai-chat": "APIError",
                "azure-chat": "APIError",
                "openai-responses": "server_error",
                "anthropic": "APIStatusError",
            },
            "server",
            usage_source="partial",
        ),
        first_chunk=True,
    ),
)
