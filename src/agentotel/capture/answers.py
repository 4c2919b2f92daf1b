"""How the response of each HTTP library is read: its status, its headers, and its body as the user reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from agentotel.capture import bodies
from agentotel.wire.headers import WANTED, wanted

if TYPE_CHECKING:
    from agentotel.capture.streams import StreamEnd

See = Callable[[bytes], None]
Decoder = Callable[[bytes], Iterable[bytes]]
Headers = Mapping[bytes, bytes]

REFUSED: Final = 400
"""From here on an HTTP status is that of an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """How the responses of one HTTP library are read; ``mark`` is an attribute that only their class has."""

    mark: str
    status: Callable[[Any], int]
    headers: Callable[[Any], Headers]
    read: Callable[[Any], bool]
    content: Callable[[Any], bytes]
    watch: Callable[[Any, StreamEnd, See | None], None]
    decoder: Callable[[Any], Decoder | None] = lambda _response: None


class Answer:
    """The response of an HTTP library."""

    __slots__ = ("_library", "response")

    def __init__(self, library: _Library, response: Any) -> None:
        self._library = library
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._library.status(self.response)

    @property
    def refused(self) -> bool:
        """Whether the status is that of an error."""
        return self.status >= REFUSED

    @property
    def headers(self) -> Headers:
        """The headers that ``HeaderFacts`` reads, by their names in lower case."""
        return self._library.headers(self.response)

    @property
    def read(self) -> bool:
        """Whether the body has been read, or never will be."""
        return self._library.read(self.response)

    def header(self, name: str) -> str:
        """Give one header, empty where it is not there."""
        return str(self.response.headers.get(name, ""))

    def content(self) -> bytes:
        """Give the body that was read; nothing where it was closed unread."""
        return self._library.content(self.response)

    def decoder(self) -> Decoder | None:
        """Make a function that decompresses what ``watch`` shows; None where that is plain."""
        return self._library.decoder(self.response)

    def watch(self, end: StreamEnd, see: See | None = None) -> None:
        """Show the body to ``see`` as it is read, and tell ``end`` how that ended."""
        self._library.watch(self.response, end, see)


def _httpx_decoder(response: Any) -> Decoder | None:
    """Make a content decoder of our own; None where the bytes are sent as they are."""
    if not response.headers.get("content-encoding"):
        return None
    decoder = response._get_content_decoder()  # noqa: SLF001 - where httpx makes and keeps its decoder
    del response._decoder  # noqa: SLF001 - the response makes another one for its reader
    return lambda sent: _parts(decoder.decode(sent))


def _parts(decoded: Any) -> Iterable[bytes]:
    """Give what a decoder made as parts; httpx gives bytes, httpx2 gives them in parts."""
    return (decoded,) if isinstance(decoded, bytes) else decoded


def _httpx_watch(response: Any, end: StreamEnd, see: See | None) -> None:
    """Put a body of the same kind below the response."""
    response.stream = bodies.watched(response.stream, end, see)


def _httpx_headers(response: Any) -> Headers:
    """Read what ``headers.raw`` is made of: it makes a list of all of them."""
    return {name: value for _sent, name, value in response.headers._list if name in WANTED}  # noqa: SLF001


def _latin(headers: Any) -> Headers:
    return wanted((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())


def _aiohttp_watch(response: Any, end: StreamEnd, see: See | None) -> None:
    """Put a reader in front of the response's own."""
    response.content = bodies.watched_reader(response.content, end, see)


_LIBRARIES: Final = (
    _Library(  # httpx and httpx2
        mark="iter_raw",
        status=attrgetter("status_code"),
        headers=_httpx_headers,
        read=attrgetter("is_closed"),
        content=lambda response: getattr(response, "_content", b""),
        watch=_httpx_watch,
        decoder=_httpx_decoder,
    ),
    _Library(  # urllib3, which botocore sends through too; what is seen is plain
        mark="read_chunked",
        status=attrgetter("status"),
        headers=lambda response: _latin(response.headers),
        read=lambda response: isinstance(getattr(response, "_body", None), bytes),
        content=attrgetter("data"),
        watch=bodies.watch_urllib3,
    ),
    _Library(  # aiohttp, which decompresses before anybody reads
        mark="raw_headers",
        status=attrgetter("status"),
        headers=lambda response: wanted(response.raw_headers),
        read=lambda response: response._body is not None,  # noqa: SLF001 - what its ``read`` keeps
        content=attrgetter("_body"),
        watch=_aiohttp_watch,
    ),
    _Library(  # requests: a response of urllib3 with a memory of its own
        mark="iter_content",
        status=attrgetter("status_code"),
        headers=lambda response: _latin(response.headers),
        read=attrgetter("_content_consumed"),
        content=attrgetter("content"),
        watch=lambda response, end, see: bodies.watch_urllib3(response.raw, end, see),
    ),
)


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
        if inner is not None and (found := known(inner)) is not None:
            return found
    return known(value)


def known(response: Any) -> Answer | None:
    """Take the response of an HTTP library; None where it is of no class that is known."""
    kind: type = type(response)
    library = _library(kind)
    return None if library is None else Answer(library, response)


@lru_cache(maxsize=256)
def _library(kind: type) -> _Library | None:
    """Tell whose responses a class makes, by what it can do."""
    return next((library for library in _LIBRARIES if hasattr(kind, library.mark)), None)
