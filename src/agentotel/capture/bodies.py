"""Response bodies of HTTP libraries that show what is read and tell how the reading ended."""

from __future__ import annotations

import copy
import functools
import json
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agentotel._core import guard

if TYPE_CHECKING:
    from agentotel.capture.streams import StreamEnd

_end = guard.site("capture.body_end")


def json_object(sent: str | bytes | bytearray) -> dict[str, object]:
    """Parse a JSON object; what is none, or no JSON, is empty."""
    try:
        found = json.loads(sent)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def watched(body: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> Any:
    """Wrap a body in one that passes the checks of its library for the same kinds, and shows its bytes to ``see``."""
    kinds = tuple(kind for kind in type(body).__mro__ if kind.__name__ in {"SyncByteStream", "AsyncByteStream"})
    return _body_class(kinds)(body, end, see)


async def finish(items: Any) -> None:
    """Close an iterator, unless the event loop is at it: it closes each of the generators that are dropped together."""
    if hasattr(items, "aclose") and not getattr(items, "ag_running", False):
        await items.aclose()


def _itself(body: Any) -> Any:
    return body


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
        return getattr(vars(self).get("_body"), name)  # none before ``__init__``

    def __copy__(self) -> Any:
        return copy.copy(self._body)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Copy and pickle the body alone: a copy is nobody's answer."""
        return _itself, (self._body,)

    def __del__(self) -> None:
        end = vars(self).get("_end")
        if end is not None:
            _end(end.closed)


class _Sync(_Watched):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._body:
                if self._see is not None:
                    self._see(chunk)
                yield chunk
        except BaseException as error:
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
        except BaseException as error:
            _end(self._failed, error)
            raise
        finally:
            await finish(chunks)

    async def aclose(self) -> None:
        _end(self._end.closed)
        await self._body.aclose()


@functools.cache
def _body_class(kinds: tuple[type, ...]) -> type:
    """Make the class of watched bodies that are also ``kinds``."""
    parts = {"SyncByteStream": _Sync, "AsyncByteStream": _Async}
    bases = tuple(parts[kind.__name__] for kind in kinds)
    return type("WatchedBody", (*bases, *kinds), {})


def watch_urllib3(response: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> None:
    """Watch the methods of one response of urllib3 that read and close; its class stays what it is."""
    tap = _Reads(response, end, see)
    for name in ("read", "read1", "readinto"):
        if hasattr(response, name):
            setattr(response, name, functools.partial(tap.reading, name))
    response.read_chunked = tap.read_chunked
    response.close = tap.close


class _Reads:
    """What reads one response of urllib3. Its methods read through each other: the outermost one is seen.

    It holds the response weakly, since the response holds it.
    """

    def __init__(self, response: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> None:
        self._response = weakref.ref(response)
        self._end = end
        self._see = see
        self._inside = False
        self._decoder: Any = None
        self._below = [one for one in (response._fp, response._connection) if one is not None]  # noqa: SLF001

    def reading(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Read, and show what was read."""
        response: Any = self._response()
        read = getattr(type(response), name)
        if self._inside:
            return read(response, *args, **kwargs)
        self._inside = True
        try:
            data = read(response, *args, **kwargs)
        except Exception as error:
            _end(self._end.raised, error)
            raise
        finally:
            self._inside = False
        _end(self._saw, response, data, args, kwargs)
        return data

    def read_chunked(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Read in chunks, and show them."""
        response: Any = self._response()
        try:
            for chunk in type(response).read_chunked(response, *args, **kwargs):
                if not self._inside:
                    _end(self._saw_chunk, response, chunk, args, kwargs)
                yield chunk
        except Exception as error:
            _end(self._end.raised, error)
            raise
        self._below.clear()
        if not self._inside:
            _end(self._end.read)

    def close(self) -> None:
        """Close."""
        if not self._inside:
            _end(self._end.closed)
        response: Any = self._response()
        if response is not None:
            type(response).close(response)
            return
        for one in self._below:  # freed in a cycle, after its weak references: its finalizer closes through here
            one.close()

    def _saw_chunk(self, response: Any, data: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._show(response, data, decoded=bool(_argument(args, kwargs)))

    def _saw(self, response: Any, data: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        asked = _argument(args, kwargs)
        decoded = response.decode_content if asked is None else bool(asked)
        self._show(response, bytes(args[0][:data]) if isinstance(data, int) else data, decoded=decoded)
        if _exhausted(response):
            self._below.clear()  # back in its pool
            self._end.read()

    def _show(self, response: Any, data: object, *, decoded: bool) -> None:
        """Show bytes, decompressed where their reader does that later."""
        if self._see is None or not isinstance(data, bytes):
            return
        plain = data
        encoding = response.headers.get("content-encoding", "")
        if encoding and not decoded:
            if self._decoder is None:
                self._decoder = import_module("urllib3.response")._get_decoder(encoding)  # noqa: SLF001
            plain = self._decoder.decompress(data)
        self._see(plain)

    def __del__(self) -> None:
        _end(self._end.closed)


def _argument(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Find ``decode_content`` among the arguments of a method that reads."""
    return args[1] if len(args) > 1 else kwargs.get("decode_content")


def _exhausted(response: Any) -> bool:
    """Tell whether a response of urllib3 has nothing more to give, by what its own ``stream`` goes by."""
    source, decoder = response._fp, getattr(response, "_decoder", None)  # noqa: SLF001
    left = len(getattr(response, "_decoded_buffer", b"")) or getattr(decoder, "has_unconsumed_tail", False)
    return (source is None or source.isclosed()) and not left


def watched_reader(reader: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> Any:
    """Put a reader in front of one of aiohttp, which shows what is read and passes for the same type."""
    return _reader_class()(reader, end, see)


@functools.cache
def _reader_class() -> Any:
    """Make the class of watched readers, where aiohttp is in use."""
    from wrapt import ObjectProxy  # noqa: PLC0415 - slow, and aiohttp is loaded

    class WatchedReader(ObjectProxy):  # type: ignore[type-arg]  # generic from wrapt 2 on
        """Stands in front of a reader of aiohttp."""

        def __init__(self, reader: Any, end: StreamEnd, see: Callable[[bytes], None] | None) -> None:
            super().__init__(reader)
            self._self_end = end
            self._self_see = see

        def set_exception(self, *args: Any) -> None:
            """Learn of an error, or that the response was closed before its end."""
            self.__wrapped__.set_exception(*args)
            _end(self._self_end.closed)

        def __aiter__(self) -> Any:
            return type(self.__wrapped__).__aiter__(self)

        def __copy__(self) -> Any:
            return copy.copy(self.__wrapped__)

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            return copy.deepcopy(self.__wrapped__, memo)

        def __reduce_ex__(self, _protocol: Any) -> Any:
            return _itself, (self.__wrapped__,)

        def __del__(self) -> None:
            _end(self._self_end.closed)

    for name in ("read", "readany", "readchunk", "readline", "readuntil", "readexactly"):
        setattr(WatchedReader, name, _reading(name))
    for name in ("iter_chunked", "iter_any", "iter_chunks"):
        setattr(WatchedReader, name, _iterating(name))
    return WatchedReader


def _reading(name: str) -> Any:
    async def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        reader, end = self.__wrapped__, self._self_end
        try:
            data = await getattr(reader, name)(*args, **kwargs)
        except Exception as error:
            _end(end.raised, error)
            raise
        shown = data[0] if isinstance(data, tuple) else data
        if self._self_see is not None and shown:
            self._self_see(shown)
        if reader.at_eof():
            _end(end.read)
        return data

    return read


def _iterating(name: str) -> Any:
    """Iterate by the reader's own code over the methods of ours."""
    return lambda self, *args: getattr(type(self.__wrapped__), name)(self, *args)
