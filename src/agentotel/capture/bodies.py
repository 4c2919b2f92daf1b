"""Response bodies of HTTP libraries that tell how their reading ended."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from agentotel._core import guard

if TYPE_CHECKING:
    from agentotel.capture.streams import StreamEnd

_end = guard.site("capture.body_end")


def watched(body: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> Any:
    """Wrap a body in one that passes the checks of its library for the same kinds, and shows its bytes to ``see``."""
    kinds = tuple(kind for kind in type(body).__mro__ if kind.__name__ in {"SyncByteStream", "AsyncByteStream"})
    return _body_class(kinds)(body, end, see)


class _Watched:
    """What sync and async bodies share. Reading to the end ends nothing for a parsed stream: its reader does."""

    def __init__(self, body: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> None:
        self._body = body
        self._end = end
        self._see = see

    def _failed(self, error: BaseException) -> None:
        if not self._end.pulling:
            self._end.raised(error)

    def _exhausted(self) -> None:
        if not self._end.pulling:
            self._end.read()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def __del__(self) -> None:
        _end(self._end.closed)


class _Sync(_Watched):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._body:
                if self._see is not None:
                    self._see(chunk)
                yield chunk
        except Exception as error:
            _end(self._failed, error)
            raise
        _end(self._exhausted)

    def close(self) -> None:
        _end(self._end.closed)
        self._body.close()


class _Async(_Watched):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._body.__aiter__()
        try:
            async for chunk in chunks:
                if self._see is not None:
                    self._see(chunk)
                yield chunk
            _end(self._exhausted)
        except Exception as error:
            _end(self._failed, error)
            raise
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()

    async def aclose(self) -> None:
        _end(self._end.closed)
        await self._body.aclose()


@functools.cache
def _body_class(kinds: tuple[type, ...]) -> type:
    """Make the class of watched bodies that are also ``kinds``."""
    parts = {"SyncByteStream": _Sync, "AsyncByteStream": _Async}
    bases = tuple(parts[kind.__name__] for kind in kinds)
    return type("WatchedBody", (*bases, *kinds), {})
