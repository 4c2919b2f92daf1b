"""What an adapter says about an SDK: data and a few pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from agentotel.wire.format import Body, Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Which operation a request is, and in which wire format."""

    operation: str
    format: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom a client talks to. ``provider`` is the conventions' name."""

    provider: str
    server: str | None
    port: int | None


class Sent(NamedTuple):
    """One call of an SDK, read from the arguments of its hooked method."""

    call: Call
    target: Target
    body: Body
    retry_limit: int | None = None
    timeout_s: float | None = None
    http_client: object = None


def own(body: Body) -> dict[str, object]:
    """Give a body in which settings are copies of the caller's, who may change them before they are read at the end.

    Messages and tools, which are lists of objects, stay what they are.
    """
    return {name: _copied(value) for name, value in body.items()}


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return dict(value)
    return list(value) if isinstance(value, list) and value and isinstance(value[0], str) else value


class Brokered(NamedTuple):
    """What a broker says of a call: the provider by the conventions' name, and its retries; None where it does not."""

    provider: str | None = None
    retry_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A method to wrap: ``Hook(module="openai._base_client", owner="SyncAPIClient", method="request")``.

    A function of the module itself has no owner: ``owner=""``.
    """

    module: str
    owner: str
    method: str

    def __str__(self) -> str:
        return ".".join(filter(None, (self.module, self.owner, self.method)))


Arguments = tuple[tuple[Any, ...], Mapping[str, Any]]
"""Positional and keyword arguments of a call."""


def itself(value: Any) -> Any:
    """Return the value."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """A class of connections that carry several calls: ``send`` sends an event, ``parse_event`` reads one.

    ``owners`` are the module and name of the class, sync and async, and of classes that it has its methods from.
    ``body`` shows the event that asks a connection for a response, or the response that begins without being asked
    for, as the body of a request. ``asks`` is the type of the events that ask, None where only the server begins.
    ``event`` shows what an event carries, where one is around another; ``session`` what calls have of their session.
    """

    owners: tuple[tuple[str, str], ...]
    call: Call
    target: Callable[[Any], Target]
    body: Callable[[Any, Body], Body]
    asks: str | None = "response.create"
    event: Callable[[Any], Any] = itself
    session: Callable[[Body], Body] = itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An SDK.

    ``oldest`` and ``below`` bound the supported versions (``oldest <= version < below``). ``read`` turns the
    receiver and the arguments of a hooked method into a ``Sent``, or None where the call is no operation.
    What a hooked method gives is looked at: a generator, a context manager around a response, a stream of the SDK
    (``iterator`` names the attribute that holds the iterator inside, ``response`` the one that holds the HTTP
    response, ``parser`` the one whose ``parse`` makes items of what the iterator gives, where it has one), the response
    of an HTTP library, or a value.
    ``answer`` shows what the method gave as one of these, or as a body, where it is none of them.
    ``raises`` names the exception that the SDK makes of an HTTP status above its hooked methods, as ``error.type``.
    ``tracers`` names properties that give the SDK's own tracer, or functions that give a flag and the tracer: while
    an operation is open its spans are that operation's.
    ``sockets`` are connections that carry several calls.
    ``validators`` are methods that parse an answer outside the hooked ones; ``parsed`` names the attributes of their
    receivers that may hold what a hooked method gave.
    ``broker`` reads the arguments of the hooked methods of an SDK that sends by way of another one: its calls are
    recorded there, and ``read`` is not asked.
    ``with_body`` gives the arguments of a hooked method with further fields in the body, in a copy; None where the
    caller will read bytes. ``api_version`` gives the version of the API that a client asks for, None where it has none.
    """

    package: str
    oldest: tuple[int, ...]
    below: tuple[int, ...]
    hooks: tuple[Hook, ...]
    read: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Sent | None] = lambda _client, _args, _kwargs: None
    answer: Callable[[Any], Any] = itself
    iterator: str = "_iterator"
    response: str = "response"
    parser: str = ""
    raises: Callable[[int], str | None] = lambda _status: None
    tracers: tuple[Hook, ...] = ()
    sockets: tuple[Socket, ...] = ()
    validators: tuple[Hook, ...] = ()
    parsed: tuple[str, ...] = ()
    broker: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Brokered] | None = None
    with_body: Callable[[tuple[Any, ...], Mapping[str, Any], Body], Arguments | None] | None = None
    api_version: Callable[[Any], str | None] = lambda _client: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One HTTP request before it is sent.

    ``place`` gives host and port, and ``body`` its bytes or its JSON, None where neither is at hand: both are read only
    of what may be a model call.
    """

    method: str
    path: str
    place: Callable[[], tuple[str | None, int | None]]
    body: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLibrary:
    """An HTTP library.

    ``attempts`` send one request each; ``calls`` are what the application calls where that is another method, which
    may repeat requests. ``asked`` reads the arguments of a call, None where they make no request; ``target`` reads
    those of an attempt.
    """

    package: str
    attempts: tuple[Hook, ...]
    asked: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Asked | None]
    target: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], tuple[str | None, object]]
    calls: tuple[Hook, ...] = ()
