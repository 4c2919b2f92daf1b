"""What can happen to a call, written once for every adapter, sync and async, with the outcome it must have."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.drivers._spec import Caller, Driver, Ending, Endpoint
from tests.contract.flavour import FLAVOURS, close, each, opened, take
from tests.contract.seen import shown
from tests.contract.ways import create, is_closed, ways
from tests.fakes.replay import Replay

Act = Callable[[Caller, Replay], Awaitable[None]]

COMPLETED = Ending(outcome="completed", usage_source="provider")
ABANDONED = Ending(outcome="abandoned")
CANCELLED = Ending(outcome="cancelled")


def error(
    kind: str | int, category: str, *, retry: str | None = None, usage_source: str | None = None, outcome: str = "error"
) -> Ending:
    """Make the ending of a failed or truncated call."""
    return Ending(
        outcome=outcome, status="ERROR", error_type=kind, category=category, retry=retry, usage_source=usage_source
    )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario.

    ``act`` is what is done with the exchange of the kind ``exchange``; a name is that of one of the endpoint's ways
    or acts. ``facts`` names what the span says of the answer: ``expected`` all of it, ``arrived`` what came in the
    first two events, ``begun`` what came in the first, ``nothing``. ``statuses`` are those of the attempts, None for
    one without an answer.
    """

    name: str
    exchange: str
    act: Act | str
    ending: Ending
    facts: str = "expected"
    statuses: tuple[int | None, ...] = (200,)
    faults: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    flavours: tuple[str, ...] = FLAVOURS
    first_chunk: bool = False
    validations: int = 0

    def why_not(self, driver: Driver, endpoint: Endpoint) -> str | None:
        """Say why an endpoint cannot play this scenario; None where it can."""
        reasons = [endpoint.without.get(key) for key in (self.name, self.exchange, self.act) if isinstance(key, str)]
        if driver.retries is None and len(self.statuses) > 1:
            reasons.append("the SDK does not try again")
        return next(filter(None, reasons), None)

    async def play(self, caller: Caller, server: Replay) -> None:
        """Do what the scenario does."""
        if callable(self.act):
            await self.act(caller, server)
        else:
            found = {**ways(caller.endpoint, caller.recording), **caller.endpoint.acts}
            await found[self.act](caller)


async def plain(caller: Caller, _server: Replay) -> None:
    await create(caller)


async def early_close(caller: Caller, _server: Replay) -> None:
    chunks = await caller.call()
    caller.log.append(shown(await take(chunks, 2)))
    await close(chunks)
    await settled()
    caller.log.append(is_closed(chunks))
    with contextlib.suppress(StopIteration, StopAsyncIteration):
        caller.log.append(shown(await take(chunks, 1)))


async def left_loop(caller: Caller, _server: Replay) -> None:
    chunks = await caller.call()
    seen = 0
    async for chunk in each(chunks):
        caller.log.append(shown(chunk))
        seen += 1
        if seen == 2:
            break
    del chunks
    await dropped()


async def left_with(caller: Caller, _server: Replay) -> None:
    async with opened(await caller.call()) as chunks:
        caller.log.append(shown(await take(chunks, 2)))


async def dropped_unread(caller: Caller, _server: Replay) -> None:
    caller.log.append(type(await caller.call()))
    await dropped()


async def dropped_half_read(caller: Caller, _server: Replay) -> None:
    chunks = await caller.call()
    caller.log.append(shown(await take(chunks, 2)))
    del chunks
    await dropped()


async def dropped() -> None:
    """Let the collector and the event loop finish what was dropped."""
    for _ in range(2):
        gc.collect()
        await settled()


async def settled() -> None:
    """Let the event loop close what was inside of what was closed."""
    for _resumption in range(10):
        await asyncio.sleep(0)


async def cancelled_in_call(caller: Caller, server: Replay) -> None:
    await cancel(asyncio.create_task(caller.call()), lambda: bool(server.requests))


async def cancelled_in_stream(caller: Caller, _server: Replay) -> None:
    chunks = await caller.call()
    caller.log.append(shown(await take(chunks, 2)))
    waiting = asyncio.create_task(anext(chunks))
    await asyncio.sleep(0.02)
    await cancel(waiting, lambda: True)


async def cancel(task: asyncio.Task[Any], when: Callable[[], bool]) -> None:
    """Cancel a task once the server has its request, and raise what it raised."""
    while not when():  # noqa: ASYNC110 - the server is another thread
        await asyncio.sleep(0.005)
    task.cancel()
    await task


ONCE = {"retries": 0}
SCENARIOS = (
    Scenario(name="plain", exchange="plain", act=plain, ending=COMPLETED),
    Scenario(name="tool_call", exchange="tools", act=plain, ending=COMPLETED),
    Scenario(name="cached_tokens", exchange="cached", act=plain, ending=COMPLETED),
    Scenario(name="reasoning_tokens", exchange="reasoning", act=plain, ending=COMPLETED),
    Scenario(name="raw_response", exchange="plain", act="raw", ending=COMPLETED),
    Scenario(name="streaming_response", exchange="plain", act="streaming_parse", ending=COMPLETED),
    Scenario(
        name="streaming_response_compressed",
        exchange="plain",
        act="streaming_parse",
        ending=COMPLETED,
        faults={"gzip": True},
    ),
    Scenario(
        name="streaming_lines_compressed",
        exchange="stream",
        act="streaming_lines",
        ending=COMPLETED,
        faults={"gzip": True},
        first_chunk=True,
    ),
    Scenario(
        name="streaming_response_unread",
        exchange="plain",
        act="streaming_unread",
        ending=Ending(outcome="abandoned", usage_source=None),
        facts="nothing",
    ),
    Scenario(name="stream", exchange="stream", act=plain, ending=COMPLETED, first_chunk=True),
    Scenario(name="stream_helper", exchange="stream", act="helper", ending=COMPLETED, first_chunk=True),
    Scenario(
        name="stream_helper_left",
        exchange="stream",
        act="helper_left",
        ending=ABANDONED,
        facts="begun",
        first_chunk=True,
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
    Scenario(
        name="bad_request",
        exchange="error-400",
        act=plain,
        ending=error(400, "context_overflow"),
        facts="nothing",
        statuses=(400,),
    ),
    Scenario(
        name="unauthorized",
        exchange="error-401",
        act=plain,
        ending=error(401, "auth"),
        facts="nothing",
        statuses=(401,),
    ),
    Scenario(
        name="not_found",
        exchange="error-404",
        act=plain,
        ending=error(404, "schema"),
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
        act=plain,
        ending=COMPLETED,
        faults={"fail_first": "1:429"},
        statuses=(429, 200),
        first_chunk=True,
    ),
    Scenario(
        name="retries_exhausted",
        exchange="plain",
        act=plain,
        ending=error(429, "rate_limit", retry="exhausted"),
        faults={"fail_first": "99:429"},
        facts="nothing",
        statuses=(429, 429, 429),
    ),
    Scenario(
        name="retry_then_refused",
        exchange="error-401",
        act=plain,
        ending=error(401, "auth", retry="did"),
        faults={"fail_first": "1:500"},
        facts="nothing",
        statuses=(500, 401),
    ),
    Scenario(
        name="server_error",
        exchange="plain",
        act=plain,
        ending=error(500, "server"),
        faults={"fail_first": "99:500"},
        settings=ONCE,
        facts="nothing",
        statuses=(500,),
    ),
    Scenario(
        name="timeout",
        exchange="plain",
        act=plain,
        ending=error("timeout", "timeout"),
        faults={"hold_head": True},
        settings={**ONCE, "timeout_s": 0.2},
        facts="nothing",
        statuses=(None,),
    ),
    Scenario(
        name="timeout_in_stream",
        exchange="stream",
        act=plain,
        ending=error("stream_timeout", "timeout", usage_source="partial"),
        faults={"hold_after": 2},
        settings={**ONCE, "timeout_s": 0.2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="truncated",
        exchange="stream",
        act=plain,
        ending=error("truncated", "network", usage_source="partial", outcome="truncated"),
        faults={"end_after": 2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="reset",
        exchange="stream",
        act=plain,
        ending=error("reset", "network", usage_source="partial", outcome="truncated"),
        faults={"reset_after": 2},
        facts="arrived",
        first_chunk=True,
    ),
    Scenario(
        name="structured_output_does_not_parse",
        exchange="structured",
        act="parse_into",
        ending=error("unparsed", "schema", usage_source="provider"),
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
        act=plain,
        ending=error(
            "error_event",
            "server",
            usage_source="partial",
        ),
        first_chunk=True,
    ),
)
