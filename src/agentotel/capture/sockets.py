"""Connections that carry several model calls: one span for each, from the event that asks to the one that ends it.

What is sent and received goes through unchanged. A call that the connection does not live to see the end of is
abandoned; calls begin without being asked for where the server decides so, as when a speaker pauses. Of several
connections to one session a response is counted at the one that asked for it, else at the one that told of it first.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry import context as otel_context

from agentotel._core import guard, late
from agentotel._core.locks import make_lock
from agentotel.capture.spec import Hook, Socket, Target
from agentotel.capture.streams import StreamEnd
from agentotel.facts.call import Request
from agentotel.record import identity as identities
from agentotel.record.operation import MODEL, ModelFacts, Operation
from agentotel.record.pipeline import IDLE, active
from agentotel.wire.format import Body, fields

_ask = guard.site("capture.socket_ask")
_receive = guard.site("capture.socket_receive")
_end = guard.site("capture.socket_end")

BEGINS: Final = "response.created"
ENDS: Final = frozenset({"response.done", "response.completed", "response.failed", "response.incomplete"})
SESSION: Final = frozenset({"session.created", "session.started", "session.updated"})
ERROR: Final = "error"
MOST_REMEMBERED: Final = 100
"""Responses that a connection remembers, so that no other one to its session counts them."""
NOT_SENT: Final = frozenset({"Omit", "NotGiven"})
"""Classes of what stands for an argument that was left out."""

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]


@dataclass(slots=True)
class _Call:
    """One call on a connection; its id is known once the server has begun to answer."""

    lane: object
    end: StreamEnd
    id: object = None
    add: Callable[[object], object] = field(init=False)

    def __post_init__(self) -> None:
        self.add = self.end.opening


class _Unread:
    """Stands for a fold that could not be made: the events of the call pass unread."""

    complete = None

    def add(self, chunk: object) -> None:
        """Read nothing."""

    def result(self) -> Body | None:
        """Return nothing."""
        return None


class _Connection:
    """The calls of one connection that have not ended, and what its session was told. One thread sends, one reads."""

    def __init__(self, target: Target) -> None:
        self.calls: tuple[_Call, ...] = ()
        self.target = target
        self.session: Body = MappingProxyType({})
        self.session_id: object = None
        self.counted: deque[object] = deque(maxlen=MOST_REMEMBERED)
        self._lock = make_lock()

    def __del__(self) -> None:
        _end(lambda: late.run(_end, self.closed))

    def closed(self, error: BaseException | None = None) -> None:
        """End what is open; an orderly close is no error."""
        with self._lock:
            calls, self.calls = self.calls, ()
        self.counted.clear()
        for call in calls:
            if error is None or type(error).__name__ == "ConnectionClosedOK":
                call.end.closed()
            else:
                call.end.raised(error)

    def take(self, call: _Call) -> None:
        """Take up a call."""
        with self._lock:
            self.calls = (*self.calls, call)

    def remove(self, call: _Call) -> None:
        """Forget a call, which has ended."""
        with self._lock:
            self.calls = tuple(one for one in self.calls if one is not call)

    def find(self, lane: object, response_id: object) -> _Call | None:
        """Find the call that an event is of: by its id, else the first of its lane, which has no id yet or a name."""
        known = next((call for call in self.calls if response_id is not None and call.id == response_id), None)
        told = lane is not None and response_id is None
        return known or next((call for call in self.calls if call.lane == lane and (told or call.id is None)), None)

    def may_share(self, other: _Connection) -> bool:
        """Tell whether another connection may be one to the same session."""
        ids = {self.session_id, other.session_id} - {None}
        return other is not self and other.target == self.target and len(ids) < 2  # noqa: PLR2004 - two that differ

    def expects(self, session_id: object) -> bool:
        """Tell whether a session was asked for a response here that it has not begun."""
        return session_id is not None and self.session_id == session_id and any(call.id is None for call in self.calls)


_connections: WeakKeyDictionary[Any, _Connection] = WeakKeyDictionary()
_claiming = make_lock()


def _known(socket: Socket, connection: Any) -> _Connection:
    known = _connections.get(connection)
    if known is None:
        made = _Connection(socket.target(connection))
        with _claiming:
            known = _connections.setdefault(connection, made)
    return known


def _claims(known: _Connection, response_id: object, *, asked: bool) -> bool:
    """Tell whether a response counts at a connection, and remember it there."""
    with _claiming:
        others = [one for one in _connections.values() if known.may_share(one)]
        if any(response_id in one.counted or (not asked and one.expects(known.session_id)) for one in others):
            return False
        known.counted.append(response_id)
        return True


def hooks(socket: Socket) -> Iterator[tuple[Hook, Callable[[Any], Wrapper]]]:
    """Name the methods of a connection and what makes the wrapper of each; not every version has them all."""
    for method, make in (("send", sender), ("parse_event", receiver), ("recv_bytes", reader), ("close", closer)):
        for module, owner in socket.owners:
            yield Hook(module=module, owner=owner, method=method), _made(make, socket)


def _made(make: Callable[[Socket, Any], Wrapper], socket: Socket) -> Callable[[Any], Wrapper]:
    return lambda function: make(socket, function)


def sender(socket: Socket, function: Any) -> Wrapper:
    """Make the wrapper of the method that sends an event."""

    def failed(call: _Call | None, connection: Any, error: BaseException) -> None:
        if call is not None:
            _connections[connection].remove(call)
            call.end.raised(error)

    def send(wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = _ask(_asked, socket, connection, args, kwargs)
        try:
            return wrapped(*args, **kwargs)
        except BaseException as error:
            _end(failed, call, connection, error)
            raise

    async def send_async(
        wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        call = _ask(_asked, socket, connection, args, kwargs)
        try:
            return await wrapped(*args, **kwargs)
        except BaseException as error:
            _end(failed, call, connection, error)
            raise

    return send_async if inspect.iscoroutinefunction(function) else send


def receiver(socket: Socket, _function: Any) -> Wrapper:
    """Make the wrapper of the method that parses an event."""

    def parse(wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        event = wrapped(*args, **kwargs)
        _receive(_received, socket, connection, event)
        return event

    return parse


def reader(_socket: Socket, function: Any) -> Wrapper:
    """Make the wrapper of the method that reads a message: a connection that is lost ends its calls."""

    def lost(connection: Any, error: BaseException) -> None:
        known = _connections.get(connection)
        if known is not None and isinstance(error, Exception):
            known.closed(error)

    def read(wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return wrapped(*args, **kwargs)
        except BaseException as error:
            _end(lost, connection, error)
            raise

    async def read_async(
        wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        except BaseException as error:
            _end(lost, connection, error)
            raise

    return read_async if inspect.iscoroutinefunction(function) else read


def closer(_socket: Socket, _function: Any) -> Wrapper:
    """Make the wrapper of the method that closes a connection."""

    def closing(connection: Any) -> None:
        known = _connections.get(connection)
        if known is not None:
            known.closed()

    def close(wrapped: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        _end(closing, connection)
        return wrapped(*args, **kwargs)

    return close


def _asked(socket: Socket, connection: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Call | None:
    """Open the operation of an event that asks for a response."""
    event = args[0] if args else kwargs.get("event")
    kind = event.get("type") if isinstance(event, Mapping) else getattr(event, "type", None)
    return _opened(socket, connection, _ask(_sent, event) or {}) if kind is not None and kind == socket.asks else None


def _sent(event: object) -> Body:
    return {name: value for name, value in fields(event).items() if type(value).__name__ not in NOT_SENT}


def _received(socket: Socket, connection: Any, event: object) -> None:
    """Hand an event to the call that it is of, and end the call with its last one."""
    event = socket.event(event)
    sent = fields(event)
    kind = sent.get("type")
    known = _connections.get(connection)
    if kind in SESSION:
        known, session = _known(socket, connection), fields(sent.get("session"))
        known.session, known.session_id = socket.session(session), session.get("id")
        return
    response = fields(sent.get("response"))
    response_id = sent.get("response_id") or response.get("id")
    call = known.find(sent.get("stream_id"), response_id) if known else None
    if call is None and kind != BEGINS:
        return
    fresh = response_id is not None and (call is None or call.id is None)
    if fresh and not _claims(_known(socket, connection), response_id, asked=call is not None):
        return
    call = call or _opened(socket, connection, {"stream_id": sent.get("stream_id"), **response})
    if call is None:
        return
    if fresh:
        call.id = response_id
    try:
        call.add(event)
    except Exception as error:  # noqa: BLE001 - as for any stream: the rest passes unread
        call.end.unreadable(error)
    call.add = call.end.add
    if kind in ENDS or (kind == ERROR and call.id is None) or (kind == ERROR and sent.get("stream_id") is not None):
        _connections[connection].remove(call)
        call.end.read()


def _opened(socket: Socket, connection: Any, asked: Body) -> _Call | None:
    """Open the operation of a call, with what the session was told before."""
    pipeline = active()
    if pipeline is IDLE:
        return None
    known = _known(socket, connection)
    own = socket.call.format
    assert own.fold is not None  # noqa: S101 - what is read from a connection comes in events
    told = _ask(socket.body, connection, asked) or {}
    body = {**known.session, **{name: value for name, value in told.items() if value is not None}}
    request = _ask(own.request, body) or Request()
    target = known.target
    facts = ModelFacts(own, socket.call.operation, target.provider, request, body)
    facts.server, facts.port = target.server, target.port
    context = otel_context.get_current()
    operation = Operation(pipeline, MODEL, facts, identities.within(context), context)
    operation.start()
    call = _Call(asked.get("stream_id"), StreamEnd(operation, _ask(own.fold) or _Unread()))
    known.take(call)
    return call
