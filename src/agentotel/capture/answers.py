"""How the response of each HTTP library is read: its status, its headers, and its body as the user reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from agentotel.capture import bodies

if TYPE_CHECKING:
    from agentotel.capture.streams import StreamEnd

See = Callable[[bytes], None]
Decoder = Callable[[bytes], Iterable[bytes]]


class Answer(Protocol):
    """The response of an HTTP library.

    ``read`` tells whether the body has been read. ``decoder`` makes a function that decompresses what ``watch``
    shows; None where it shows plain bytes. ``watch`` reports how the reading of the body ends.
    """

    response: Any

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The headers as they were sent."""
        ...

    @property
    def host(self) -> str | None:
        """The host that answered, where the response names it."""
        ...

    @property
    def read(self) -> bool:
        """Whether the body has been read."""
        ...

    def header(self, name: str) -> str:
        """Give one header, empty where it is not there."""
        ...

    def content(self) -> bytes:
        """Give the body that was read."""
        ...

    def decoder(self) -> Decoder | None:
        """Make a content decoder."""
        ...

    def watch(self, end: StreamEnd, see: See | None = None) -> None:
        """Show the body to ``see`` as it is read, and tell ``end`` how that ended."""


class HttpxAnswer:
    """A response of httpx or httpx2."""

    __slots__ = ("response",)

    def __init__(self, response: Any) -> None:
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.response.status_code)

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The headers as they were sent."""
        raw: Iterable[tuple[bytes, bytes]] = self.response.headers.raw
        return raw

    @property
    def host(self) -> str | None:
        """The host of the request."""
        host: str | None = self.response.request.url.host
        return host

    @property
    def read(self) -> bool:
        """Whether the body has been read, or never will be."""
        return bool(self.response.is_closed)

    def header(self, name: str) -> str:
        """Give one header, empty where it is not there."""
        return str(self.response.headers.get(name, ""))

    def content(self) -> bytes:
        """Give the body that was read; nothing where it was closed unread."""
        content: bytes = getattr(self.response, "_content", b"")
        return content

    def decoder(self) -> Decoder | None:
        """Make a content decoder of our own; None where the bytes are sent as they are."""
        response = self.response
        if not response.headers.get("content-encoding"):
            return None
        decoder = response._get_content_decoder()  # noqa: SLF001 - where httpx makes and keeps its decoder
        del response._decoder  # noqa: SLF001 - the response makes another one for its reader
        return lambda sent: _parts(decoder.decode(sent))

    def watch(self, end: StreamEnd, see: See | None = None) -> None:
        """Put a body of the same kind below the response."""
        self.response.stream = bodies.watched(self.response.stream, end, see)


def _parts(decoded: Any) -> Iterable[bytes]:
    """Give what a decoder made as parts; httpx gives bytes, httpx2 gives them in parts."""
    return (decoded,) if isinstance(decoded, bytes) else decoded


class Urllib3Answer:
    """A response of urllib3, which stands behind those of requests and botocore too."""

    __slots__ = ("response",)

    def __init__(self, response: Any) -> None:
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.response.status)

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The headers as they were sent."""
        return ((name.encode("latin-1"), value.encode("latin-1")) for name, value in self.response.headers.items())

    @property
    def host(self) -> str | None:
        """Not known to the response."""
        return None

    @property
    def read(self) -> bool:
        """Whether the body was loaded with the response."""
        return isinstance(getattr(self.response, "_body", None), bytes)

    def header(self, name: str) -> str:
        """Give one header, empty where it is not there."""
        return str(self.response.headers.get(name, ""))

    def content(self) -> bytes:
        """Give the body that was read."""
        content: bytes = self.response.data
        return content

    def decoder(self) -> Decoder | None:
        """Need none: what is seen is what the user gets."""
        return None

    def watch(self, end: StreamEnd, see: See | None = None) -> None:
        """Watch the methods of this response that read."""
        bodies.watch_urllib3(self.response, end, see)


class AiohttpAnswer:
    """A response of aiohttp."""

    __slots__ = ("response",)

    def __init__(self, response: Any) -> None:
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.response.status)

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The headers as they were sent."""
        raw: Iterable[tuple[bytes, bytes]] = self.response.raw_headers
        return raw

    @property
    def host(self) -> str | None:
        """The host of the request."""
        host: str | None = self.response.url.host
        return host

    @property
    def read(self) -> bool:
        """Whether the body has been read."""
        return self.response._body is not None  # noqa: SLF001 - what ``read`` keeps

    def header(self, name: str) -> str:
        """Give one header, empty where it is not there."""
        return str(self.response.headers.get(name, ""))

    def content(self) -> bytes:
        """Give the body that was read."""
        content: bytes = self.response._body  # noqa: SLF001 - what ``read`` keeps
        return content

    def decoder(self) -> Decoder | None:
        """Need none: aiohttp decompresses before anybody reads."""
        return None

    def watch(self, end: StreamEnd, see: See | None = None) -> None:
        """Put a reader in front of the response's own."""
        self.response.content = bodies.watched_reader(self.response.content, end, see)


@lru_cache(maxsize=256)
def is_whole(kind: type) -> bool:
    """Tell whether values of a type are answers that were read: a dict, or a model that is no stream."""
    return kind is dict or (
        hasattr(kind, "__pydantic_fields__") and not (hasattr(kind, "__next__") or hasattr(kind, "__anext__"))
    )


def answer_of(value: Any) -> Answer | None:
    """Find the HTTP response in what a call gave; None where there is none."""
    kind = type(value)
    if kind is dict or hasattr(kind, "__pydantic_fields__"):
        return None
    for name in ("http_response", "response"):  # what is inside comes first: binary content only looks like one
        inner = getattr(value, name, None)
        if inner is not None and (found := _known(inner)) is not None:
            return found
    return _known(value)


def _known(value: Any) -> Answer | None:
    """Tell the response of a library by what it can do."""
    kind = type(value)
    if hasattr(kind, "iter_raw"):
        return HttpxAnswer(value)
    if hasattr(kind, "read_chunked"):
        return Urllib3Answer(value)
    if hasattr(kind, "raw_headers"):
        return AiohttpAnswer(value)
    raw = getattr(value, "raw", None) if hasattr(kind, "iter_content") else None
    return None if raw is None else RequestsAnswer(value)


class RequestsAnswer(Urllib3Answer):
    """A response of requests: one of urllib3 with a memory of its own."""

    __slots__ = ("_outer",)

    def __init__(self, response: Any) -> None:
        super().__init__(response.raw)
        self._outer = response

    @property
    def read(self) -> bool:
        """Whether the body has been read."""
        return bool(self._outer._content_consumed)  # noqa: SLF001 - what ``content`` goes by

    def content(self) -> bytes:
        """Give the body that was read."""
        content: bytes = self._outer.content
        return content
