"""Streams: read as they pass, whoever reads them, and ended exactly once.

A parsed stream keeps its type and identity: only the iterator inside it is replaced. The body of a raw response
is replaced by one that shows its bytes as they pass. In both cases the body tells when the response is closed or
dropped.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final

from agentotel._core import guard
from agentotel.api.block import failure_of
from agentotel.capture import bodies, parsing
from agentotel.capture.answers import Answer, Decoder, answer_of
from agentotel.capture.spec import Adapter
from agentotel.facts.call import Failure
from agentotel.facts.stop import Outcome
from agentotel.record.operation import ModelFacts, Operation, stop_reason
from agentotel.semconv.operations import INFERENCE
from agentotel.wire import errors
from agentotel.wire.bedrock_eventstream import EventStreamDecoder
from agentotel.wire.format import Fold, Format
from agentotel.wire.ndjson import NdjsonDecoder
from agentotel.wire.parts import MISSING_REASON
from agentotel.wire.sse import SseDecoder

if TYPE_CHECKING:
    from agentotel.capture.tracking import Tracking

_end = guard.site("capture.end")
_body = guard.site("capture.body")
FOLD = "capture.fold"
guard.site(FOLD)

_MOST_BYTES = 64 * 1024 * 1024
_NOTHING: Final = object()

Failed = Callable[["Tracking", BaseException], None]
"""Ends the operation of a call that raised."""


def watch(
    operation: Operation, value: Any, adapter: Adapter, *, hidden: Callable[[object], bool] | None = None
) -> bool:
    """Take over the end of an operation whose answer is a stream of an SDK. False where it is none.

    ``hidden`` tells which items are not for the caller.
    """
    facts = operation.facts
    kind = type(value)
    if not isinstance(facts, ModelFacts) or facts.format.fold is None:
        return False
    if not (hasattr(kind, "__iter__") or hasattr(kind, "__aiter__")) or not hasattr(value, adapter.iterator):
        return False
    _parsed(StreamEnd(operation, facts.format.fold(), hidden=hidden), value, adapter)
    return True


def stepwise(tracking: Tracking, value: Any, failed: Failed) -> Any:
    """Make a generator that passes on what the generator ``value`` gives. Its first step is part of the call."""
    facts = tracking.operation.facts
    make = facts.format.fold if isinstance(facts, ModelFacts) else None
    fold = None if make is None else _body(make)
    end = StreamEnd(tracking.operation, _Opaque() if fold is None else fold, opaque=fold is None)
    see = getattr(fold, "see", None)
    if see is not None:
        tracking.answered = lambda answer: answer.watch(end, _Glance(answer.decoder(), see))
    if isinstance(value, AsyncGeneratorType):
        return _items_async(_begun_async(value, tracking, failed), end, _Drop(end))
    return _items(_begun(value, tracking, failed), end, _Drop(end))


def _begun(inner: Iterator[Any], tracking: Tracking, failed: Failed) -> Iterator[Any]:
    _end(tracking.enter)
    try:
        first = next(inner, _NOTHING)
    except BaseException as error:
        _end(tracking.leave)
        _end(failed, tracking, error)
        raise
    _end(tracking.leave)
    if first is not _NOTHING:
        yield first
        yield from inner


async def _begun_async(inner: AsyncIterator[Any], tracking: Tracking, failed: Failed) -> AsyncIterator[Any]:
    _end(tracking.enter)
    try:
        first = await anext(inner, _NOTHING)
    except BaseException as error:
        _end(tracking.leave)
        _end(failed, tracking, error)
        raise
    _end(tracking.leave)
    try:
        if first is not _NOTHING:
            yield first
            async for item in inner:
                yield item
    finally:
        await bodies.finish(inner)


class StreamEnd:
    """Ends the operation of one stream: the first ending counts, later ones change nothing."""

    __slots__ = ("_opaque", "_started_ns", "_timed", "_unread", "add", "fold", "hidden", "operation", "pulling")

    def __init__(
        self,
        operation: Operation,
        fold: Fold,
        *,
        opaque: bool = False,
        timed: bool = True,
        hidden: Callable[[object], bool] | None = None,
    ) -> None:
        self.operation = operation
        self.hidden = hidden
        self.fold = fold
        self._opaque = opaque
        facts = operation.facts
        # the conventions know the time of inference alone
        self._timed = timed and isinstance(facts, ModelFacts) and facts.operation in INFERENCE
        self._unread = False
        self.add: Callable[[object], object] = fold.add
        self.pulling = False
        self._started_ns = operation.started_at_ns

    def opening(self, chunk: object) -> None:
        """Take the first chunk, and note its time."""
        facts = self.operation.facts
        if self._timed and isinstance(facts, ModelFacts) and facts.first_chunk_s is None:
            facts.first_chunk_s = (time.time_ns() - self._started_ns) / 1e9
        self.add(chunk)

    def unreadable(self, error: Exception) -> None:
        """Let the rest of the stream pass unread, after a chunk that could not be read."""
        self.add = _ignore
        self._unread = True
        guard.on_error(FOLD, error)

    def _complete(self) -> bool | None:
        """Tell whether the end was seen; None where the stream could not be read."""
        return None if self._unread else _body(lambda: self.fold.complete)

    def read(self) -> None:
        """End a stream that was read to its end; bytes that are read for a parsed stream are not its end."""
        if self.operation.open and not self.pulling:
            complete = self._opaque or self._complete() is not False
            self._finish(
                Outcome.COMPLETED if complete else Outcome.TRUNCATED,
                None if complete else Failure(type="truncated", category="network", origin="model"),
            )

    def raised(self, error: BaseException) -> None:
        """End a stream whose reading raised."""
        if not self.operation.open:
            return
        if isinstance(error, GeneratorExit):
            self.closed()
        elif not isinstance(error, Exception):
            self._finish(Outcome.CANCELLED, None)
        else:
            transport = _transport_error(error)
            failure = failure_of(error if transport is None else transport, "model")
            self._finish(Outcome.ERROR if transport is None else Outcome.TRUNCATED, failure)
            self._blame(error, failure)

    def closed(self) -> None:
        """End a stream that was closed or dropped; it counts as read where its end was seen."""
        if self.operation.open and not self.pulling:
            self._finish(Outcome.COMPLETED if self._complete() else Outcome.ABANDONED, None)

    def left(self) -> None:
        """End a stream that nothing more will be recorded of, also where somebody waits for a chunk of it."""
        self.pulling = False
        self.closed()

    def _blame(self, error: BaseException, failure: Failure) -> None:
        unit = self.operation.identity.unit
        if unit is not None:
            unit.blame(error, stop_reason(failure), failure.type)

    def _finish(self, outcome: Outcome, failure: Failure | None) -> None:
        _body(self._take, outcome)
        facts = self.operation.facts
        said = facts.response.failure if isinstance(facts, ModelFacts) and facts.response is not None else None
        if said is not None and (failure is None or outcome is Outcome.TRUNCATED):
            outcome, failure = Outcome.ERROR, errors.said(said)
        self.operation.finish(outcome, failure)
        self.fold = _Opaque()  # a raw response that is kept would keep everything that was read of it
        self.add = self.fold.add

    def _take(self, outcome: Outcome) -> None:
        facts = self.operation.facts
        body = self.fold.result()
        if body is None or not isinstance(facts, ModelFacts):
            return
        facts.answer = body
        facts.response = facts.format.response(body)
        if outcome is not Outcome.COMPLETED and self._complete() is None:  # nothing marks the end in this format
            facts.response = facts.response._replace(
                finish_reasons=(MISSING_REASON,) * bool(facts.response.finish_reasons)
            )
        if facts.response.usage is not None:
            whole = outcome is Outcome.COMPLETED and not self._unread
            facts.usage_source = "provider" if whole else "partial"


def _transport_error(error: BaseException) -> Exception | None:
    """Find the transport's error behind an SDK's; a time-out is an error of its own kind."""
    seen: BaseException | None = error
    while seen is not None:
        names = {kind.__name__ for kind in type(seen).__mro__}
        if names & _TRANSPORT:
            return seen if isinstance(seen, Exception) and not names & _TIMEOUTS else None
        seen = seen.__cause__
    return None


_TRANSPORT: Final = frozenset({"TransportError", "ProtocolError", "ClientPayloadError", "ClientConnectionError"})
"""Classes of httpx, urllib3 and aiohttp for a connection that broke."""
_TIMEOUTS: Final = frozenset({"TimeoutException", "TimeoutError"})


class _Drop:
    """Ends a stream that nobody reads any more: it lives as long as the iterator that holds it."""

    __slots__ = ("_end",)

    def __init__(self, end: StreamEnd) -> None:
        self._end = end

    def __del__(self) -> None:
        _end(self._end.closed)


def _parsed(end: StreamEnd, stream: Any, adapter: Adapter) -> None:
    """Replace the iterator inside a stream of the SDK."""
    inner = getattr(stream, adapter.iterator)
    watched = _items_async if hasattr(type(stream), "__aiter__") else _items
    if adapter.parser:
        setattr(stream, adapter.parser, parsing.Parser(getattr(stream, adapter.parser), end.raised))
    setattr(stream, adapter.iterator, watched(inner, end, _Drop(end)))
    answer = _body(answer_of, getattr(stream, adapter.response, None))
    if answer is not None and not answer.read:
        _body(answer.watch, end)


def _items(inner: Iterator[Any], end: StreamEnd, _drop: _Drop) -> Iterator[Any]:
    add: Callable[[object], object] = end.opening
    hidden = end.hidden
    end.pulling = True
    try:
        for item in inner:
            try:
                if not add(item):
                    add = end.add
                    if hidden is not None and hidden(item):
                        continue
            except Exception as error:  # noqa: BLE001 - an inlined guard: a call per chunk costs more than the reading
                end.unreadable(error)
                add = end.add
            end.pulling = False
            yield item
            end.pulling = True
    except BaseException as error:
        end.pulling = False
        _end(end.raised, error)
        raise
    end.pulling = False
    _end(end.read)


async def _items_async(inner: AsyncIterator[Any], end: StreamEnd, _drop: _Drop) -> AsyncIterator[Any]:
    add: Callable[[object], object] = end.opening
    hidden = end.hidden
    end.pulling = True
    try:
        async for item in inner:
            try:
                if not add(item):
                    add = end.add
                    if hidden is not None and hidden(item):
                        continue
            except Exception as error:  # noqa: BLE001 - an inlined guard, as in the sync form
                end.unreadable(error)
                add = end.add
            end.pulling = False
            yield item
            end.pulling = True
    except BaseException as error:
        end.pulling = False
        _end(end.raised, error)
        if isinstance(error, GeneratorExit) and isinstance(inner, AsyncGeneratorType):
            await bodies.finish(inner)
        raise
    end.pulling = False
    _end(end.read)


def _ignore(_chunk: object) -> None:
    """Read nothing."""


class _Collected:
    """A fold of an answer that is one JSON document, read by the user as bytes; ``beside`` holds what headers say.

    Gemini sends a stream as one array of its chunks where nobody asks for server-sent events: ``fold`` reads these.
    """

    __slots__ = ("_beside", "_body", "_fold", "_parts", "_size")

    def __init__(self, beside: Mapping[str, str], fold: Callable[[], Fold] | None) -> None:
        self._beside = beside
        self._fold = fold
        self._parts: list[bytes] = []
        self._size = 0
        self._body: Any = None

    @property
    def complete(self) -> bool:
        """Whether the document is whole; one beyond the limit is not known to be cut."""
        return self._size > _MOST_BYTES or self.result() is not None

    def add(self, chunk: object) -> None:
        """Keep bytes, up to a limit."""
        if isinstance(chunk, bytes):
            self._size += len(chunk)
            if self._size <= _MOST_BYTES:
                self._parts.append(chunk)
            else:
                self._parts.clear()

    def result(self) -> Any:
        """Parse the document; None while it is not whole."""
        if self._body is None:
            try:
                parsed = json.loads(b"".join(self._parts))
            except ValueError:
                return None
            self._body = {**parsed, **self._beside} if isinstance(parsed, dict) else self._folded(parsed)
        return self._body

    def _folded(self, parsed: object) -> Any:
        if self._fold is None or not isinstance(parsed, list):
            return {}
        fold = self._fold()
        for event in parsed:
            fold.add(event)
        return fold.result() or {}


class _Opaque:
    """A fold of an answer that is no JSON, for example audio: nothing to read in it."""

    complete = False

    def add(self, chunk: object) -> None:
        """Read nothing."""

    def result(self) -> None:
        """Give no body."""


class _Events:
    """Feeds the events of a stream, read by the user as bytes, to the fold of a format."""

    __slots__ = ("_decoder", "_fold")

    def __init__(self, fold: Fold, decoder: SseDecoder | NdjsonDecoder | EventStreamDecoder) -> None:
        self._fold = fold
        self._decoder = decoder

    @property
    def complete(self) -> bool | None:
        """Whether the end of the stream was seen; None where nothing marks it."""
        self._take(self._decoder.rest())
        return self._fold.complete

    def add(self, chunk: object) -> None:
        """Take a chunk of bytes."""
        if isinstance(chunk, bytes):
            self._take(self._decoder.feed(chunk))

    @property
    def final(self) -> bool:
        """Whether nothing that matters can follow: some readers leave the rest of a body unread, and keep it open."""
        return getattr(self._fold, "final", False) or getattr(self._decoder, "done", False)

    def _take(self, events: Iterable[object]) -> None:
        for event in events:
            self._fold.add(event)

    def result(self) -> Any:
        """Give the body so far."""
        return self._fold.result()


_DECODERS: Final = (
    ("event-stream", SseDecoder),
    ("ndjson", NdjsonDecoder),
    ("stream+json", NdjsonDecoder),
    ("amazon.eventstream", EventStreamDecoder),
)
"""Parts of content types and what finds the events in such a body."""


def read_body(operation: Operation, answer: Answer) -> None:
    """End an operation by the body of its answer: now where it was read, else as the user reads it."""
    facts = operation.facts
    read = _body(_reader, facts.format if isinstance(facts, ModelFacts) else None, answer)
    fold, plain = (_Opaque(), False) if read is None else read
    end = StreamEnd(operation, fold, opaque=not plain, timed=isinstance(fold, _Events))
    if answer.read:
        if plain:
            end.add(answer.content())
        end.read()
    else:
        answer.watch(end, _Tap(answer.decoder(), end) if plain else None)


def _reader(format: Format | None, answer: Answer) -> tuple[Fold, bool]:  # noqa: A002 - the wire's word
    """Choose what reads a body by its content type, and tell whether there is anything to read in it."""
    content_type = answer.header("content-type")
    decoder = next((make for part, make in _DECODERS if part in content_type), None)
    if decoder is not None and format is not None and format.fold is not None:
        return _Events(format.fold(), decoder()), True
    if "json" in content_type and format is not None:
        beside = {name: value for name in format.headers if (value := answer.header(name))}
        return _Collected(beside, format.fold), True
    return _Opaque(), False


class _Glance:
    """Shows the bytes that an SDK makes its items of, decompressed, to a fold that finds more in them."""

    __slots__ = ("_decoder", "_see")

    def __init__(self, decoder: Decoder | None, see: Callable[[bytes], None]) -> None:
        self._decoder = decoder
        self._see = see

    def __call__(self, sent: bytes) -> None:
        _body(self._show, sent)

    def _show(self, sent: bytes) -> None:
        for part in (sent,) if self._decoder is None else self._decoder(sent):
            self._see(part)


class _Tap:
    """Shows the bytes of a body to a fold, decompressed, however the user reads them."""

    __slots__ = ("_decoder", "_end")

    def __init__(self, decoder: Decoder | None, end: StreamEnd) -> None:
        self._decoder = decoder
        self._end = end

    def __call__(self, sent: bytes) -> None:
        try:
            for part in (sent,) if self._decoder is None else self._decoder(sent):
                self._end.opening(part)
            if getattr(self._end.fold, "final", False):
                self._end.read()
        except Exception as error:  # noqa: BLE001 - reported by the guard of the fold
            self._end.unreadable(error)
