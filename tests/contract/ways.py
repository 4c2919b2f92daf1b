"""The ways of making a call that every SDK has: each logs what its caller sees, step by step."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from tests.contract.drivers._spec import Caller, Endpoint, Way
from tests.contract.flavour import each, opened, take
from tests.contract.recordings import Recording
from tests.contract.seen import shown, shown_response


def is_stream(value: Any) -> bool:
    """Tell whether a value is read by iteration."""
    return hasattr(value, "__next__") or hasattr(value, "__anext__")


def shown_stream(stream: Any) -> list[Any]:
    """Show a stream without reading it: its type, its attributes, its HTTP response."""
    attributes = sorted(set(getattr(stream, "__dict__", ())) - {"_iterator"})
    response = getattr(stream, "response", None)
    return [type(stream), attributes, None if response is None else shown_response(response)]


def is_closed(stream: Any) -> bool | None:
    """Tell whether the response under a stream is closed; None if the stream shows no response."""
    return getattr(getattr(stream, "response", None), "is_closed", None)


async def read(value: Any, log: list[Any]) -> None:
    """Log a value, and what it streams."""
    if not is_stream(value):
        log.append(shown(value))
        return
    log.append(shown_stream(value))
    async for chunk in each(value):
        log.append(shown(chunk))  # noqa: PERF401 - what came before an exception is part of the log
    log.append(is_closed(value))


async def create(caller: Caller) -> None:
    await read(await caller.call(), caller.log)


async def by_next(caller: Caller) -> None:
    """Read two items by ``next()``, leave a loop, go on in another, then ask for one more."""
    stream = await caller.call()
    caller.log.append(shown(await take(stream, 2)))
    async with contextlib.aclosing(each(stream)) as chunks:
        async for chunk in chunks:
            caller.log.append(shown(chunk))
            break
    async for chunk in each(stream):
        caller.log.append(shown(chunk))
    caller.log.append(shown(await take(stream, 1)))


async def in_with(caller: Caller) -> None:
    async with opened(await caller.call()) as stream:
        await read(stream, caller.log)
    caller.log.append(is_closed(stream))


def ways(endpoint: Endpoint, recording: Recording) -> Mapping[str, Way]:
    """Name the ways in which a recording can be asked for."""
    return {"create": create, **(endpoint.stream_ways if recording.streams else endpoint.whole_ways)}
