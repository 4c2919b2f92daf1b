"""Blocks: sessions, turns, agent runs and steps as ``with``, ``async with`` and decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard
from agentotel.api import check, events
from agentotel.api.decorate import Opened, decorate, opening_site
from agentotel.api.managed import Managed
from agentotel.api.mistakes import warn_once
from agentotel.api.stopping import derive, origin
from agentotel.facts.call import Failure
from agentotel.facts.stop import Outcome, Result, StopReason
from agentotel.facts.totals import Totals
from agentotel.record import identity as identities
from agentotel.record.operation import UNIT, Event, Operation
from agentotel.record.pipeline import IDLE
from agentotel.record.unit import Unit
from agentotel.wire import errors

_end = guard.site("api.end")

F = TypeVar("F", bound=Callable[..., Any])


class Handle:
    """What a block yields: its id, sums and result, readable while it runs and after it."""

    def __init__(self, operation: Operation, unit: Unit) -> None:
        self._operation = operation
        self._unit = unit
        self._context = identities.place(operation.identity.inside(operation), operation.context)

    def __repr__(self) -> str:
        return f"<agentotel {self._unit.kind} {self.id} stop_reason={self._unit.stop_reason}>"

    @property
    def id(self) -> str:
        """The id of this session, turn, run or step."""
        return self._unit.id

    @property
    def context(self) -> Context:
        """The OpenTelemetry context that the block runs in."""
        return self._context

    @property
    def totals(self) -> Totals:
        """Sums so far, of this block and everything inside it."""
        return self._unit.totals

    @property
    def events(self) -> tuple[Event, ...]:
        """The events recorded on this block, oldest first, the first 1000 of them."""
        return tuple(self._operation.events)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the block ended; None while it runs and nobody said so."""
        return self._unit.stop_reason

    @property
    def stop_detail(self) -> str | None:
        """More on the stop reason, in a few words."""
        return self._unit.detail

    @property
    def result(self) -> Result | None:
        """What the application says came of it: ``success``, ``partial`` or ``failure``."""
        return self._unit.result

    @result.setter
    def result(self, value: str | Result | None) -> None:
        if not self._running("result"):
            return
        try:
            self._unit.result = None if value is None else Result(value)
        except ValueError:
            warn_once("result must be success, partial or failure, not %s: it is left out", value)

    def stop(self, reason: str | StopReason, detail: str | None = None) -> None:
        """Say why the block stops. The block itself still ends where its code ends.

        Args:
            reason: One of ``StopReason``.
            detail: A few words for a person; it leaves the process even where content is off.
        """
        if not self._running("stop reason"):
            return
        try:
            self._unit.stop_reason = StopReason(reason)
            self._unit.detail = check.cut("stop(detail)", detail) if isinstance(detail, str) else None
        except ValueError:
            warn_once("%s is not a stop reason (see agentotel.StopReason): recorded as unknown", reason)
            self._unit.stop_reason = StopReason.UNKNOWN
            self._unit.detail = check.cut("stop(reason)", reason) if isinstance(reason, str) else None

    def event(self, kind: str, /, **data: object) -> None:
        """Record an event on this block. See ``agentotel.event``."""
        events.record(self._operation, kind, data)

    def _running(self, what: str) -> bool:
        if self._operation.open:
            return True
        warn_once("%s of a %s is set after its end: it is left out; set it inside the block", what, self._unit.kind)
        return False

    # -- the life of a block

    def _done(self, value: object) -> None:  # noqa: ARG002 - what a tool records and a block does not
        """End the block of a decorated function that returned."""
        self._close(None)

    def _close(self, error: BaseException | None) -> None:
        """End the block, once."""
        if not self._operation.open:
            return
        _end(self._settle, error)
        if self._unit.stop_reason is None:
            self._unit.stop_reason = StopReason.UNKNOWN
        blamed = None if error is None else _end(origin, self._unit, error)
        finish(self._operation, error, origin=blamed or "agent")

    def _settle(self, error: BaseException | None) -> None:
        """Find the stop reason, pass it on to the unit around, and report tools that never ran."""
        unit = self._unit
        if unit.stop_reason is None:
            unit.stop_reason, unit.detail = derive(unit, error)
        if error is not None and unit.parent is not None:
            unit.parent.blame(error, unit.stop_reason, unit.detail)
        for asked in unit.left():
            self._operation.event(events.not_run(asked))


def finish(operation: Operation, error: BaseException | None, *, origin: str) -> None:
    """End an operation as ``error`` says: without one it completed, and what is no ``Exception`` cancels."""
    if error is None:
        operation.finish()
    elif isinstance(error, Exception):
        operation.finish(Outcome.ERROR, failure_of(error, origin))
    else:
        operation.finish(Outcome.CANCELLED)


def failure_of(error: Exception, origin: str) -> Failure:
    """Read a failure from an exception, whose own text may fail to be made."""
    read = _end(errors.of_exception, error, origin)
    return Failure(type=type(error).__name__, origin=origin) if read is None else read


H = TypeVar("H", bound=Opened)


class Block(Managed[H]):
    """Base of ``session()``, ``turn()``, ``agent()``, ``step()`` and ``prompt()``.

    Works with ``with`` and ``async with`` and as a decorator of functions, coroutine functions,
    generators and async generators; one object may serve many invocations at once.
    """

    def __call__(self, function: F, /) -> F:
        """Run every invocation of ``function`` in a block of its own."""
        return decorate(function, lambda _function: lambda _args, _kwargs: self._open())  # type: ignore[no-any-return]


def _unrecorded(kind: str, id: str | None = None) -> Operation:  # noqa: A002 - the word users know it by
    return Operation(IDLE, UNIT, Unit(kind, id=id), identities.NOBODY)


_NOTHING = _unrecorded("block")

N = TypeVar("N", bound=Handle)


def unopened(handle: type[N], kind: str, id: str | None = None) -> N:  # noqa: A002 - the word users know it by
    """Make a handle by hand, where opening failed: it has an id and takes everything, and nothing is recorded."""
    made = handle.__new__(handle)
    made._operation = operation = opening_site(_unrecorded, kind, id) or _NOTHING  # noqa: SLF001 - as its class does
    made._unit = cast("Unit", operation.facts)  # noqa: SLF001
    made._context = otel_context.get_current()  # noqa: SLF001
    return made


def start(operation: Operation) -> Operation:
    """Start an operation, and give it back."""
    operation.start()
    return operation
