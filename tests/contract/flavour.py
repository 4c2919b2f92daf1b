"""Sync and async SDKs through one set of verbs, so that what a test does is written once."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from typing import Any

FLAVOURS = ("sync", "async")


async def done(value: Any) -> Any:
    """Give a value, after awaiting it where it is awaitable."""
    return await value if inspect.isawaitable(value) else value


async def each(values: Any) -> AsyncIterator[Any]:
    """Iterate over an iterable, sync or async."""
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


async def take(stream: Any, count: int) -> list[Any]:
    """Read a few items with ``next()``, without making an iterator of our own over the stream."""
    if hasattr(stream, "__anext__"):
        return [await anext(stream) for _ in range(count)]
    return [next(stream) for _ in range(count)]


@contextlib.asynccontextmanager
async def opened(manager: Any) -> AsyncIterator[Any]:
    """Enter and leave a context manager, sync or async."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


async def close(client: Any) -> None:
    """Close a client, a stream or a generator; a stream that cannot be closed by itself is by its response."""
    own = getattr(client, "aclose", None) or getattr(client, "close", None)
    if own is None:
        own = client.response.aclose if hasattr(client, "__anext__") else client.response.close
    await done(own())
