"""Blocks: sessions, turns, agent runs and steps as ``with``, ``async with`` and decorators."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard
from agentotel.api import events
from agentotel.api.attach import Attachment
from agentotel.api.decorate import decorate
from agentotel.api.stopping import derive
from agentotel.facts.call import Failure
from agentotel.facts.stop import Outcome, Result, StopReason
from agentotel.facts.totals import Totals
from agentotel.record import identity as identities
from agentotel.record.identity import Identity
from agentotel.record.operation import UNIT, Event, Operation
from agentotel.record.pipeline import Pipeline, active
from agentotel.record.unit import Unit
from agentotel.wire import errors

logger = logging.getLogger("agentotel")

_close = guard.site("api.close")

F = TypeVar("F", bound=Callable[..., Any])


class Handle:
    """What a block yields: its id, sums and result, readable while it runs and after it."""

    def __init__(self, operation: Operation, unit: Unit, *, context: Context | None = None) -> None:
        self._operation = operation
        self._unit = unit
        self._attachment: Attachment | None = None
        self._context = operation.context if context is None else context

    def __repr__(self) -> str:
        return f"<agentotel {self._unit.kind} {self._unit.id} stop_reason={self._unit.stop_reason}>"

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
        try:
            self._unit.result = None if value is None else Result(value)
        except ValueError:
            logger.warning("result must be one of %s, not %r: it is left out", [one.value for one in Result], value)

    def stop(self, reason: str | StopReason, detail: str | None = None) -> None:
        """Say why the block stops. The block itself still ends where its code ends.

        Args:
            reason: One of ``StopReason``.
            detail: A few words for a person; it leaves the process even where content is off.
        """
        try:
            self._unit.stop_reason = StopReason(reason)
            self._unit.detail = detail
        except ValueError:
            logger.warning("%r is not a stop reason (see agentotel.StopReason): recorded as unknown", reason)
            self._unit.stop_reason, self._unit.detail = StopReason.UNKNOWN, str(reason)

    def event(self, kind: str, **data: object) -> None:
        """Record an event on this block. See ``agentotel.event``."""
        events.record(self._operation, kind, data)

    # -- the life of a block

    def attach(self) -> Self:
        """Make the block current."""
        self._attachment = Attachment(self._context)
        self._context = self._attachment.context
        return self

    def detach(self) -> None:
        """Give back what was current before."""
        if self._attachment is not None:
            self._attachment.leave()

    def returned(self, value: object) -> None:
        """Take note of what a decorated function returned: nothing to record for a block."""

    def close(self, error: BaseException | None) -> None:
        """End the block, once."""
        _close(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        unit = self._unit
        if not self._operation.open:
            return
        if unit.home is unit:
            _report_left(self._operation, unit)
        reason, detail = derive(unit, error)
        if unit.stop_reason is None:
            unit.stop_reason, unit.detail = reason, detail
        if error is not None and unit.parent is not None:
            unit.parent.blame(error, unit.stop_reason, unit.detail)
        self._settle()
        unit.closed = True
        outcome, failure = _ending(error)
        self._operation.finish(outcome, failure)

    def _settle(self) -> None:
        """Do what the kind of block needs before its operation ends."""


H = TypeVar("H", bound=Handle)


def _ending(error: BaseException | None) -> tuple[Outcome, Failure | None]:
    if error is None:
        return Outcome.COMPLETED, None
    if isinstance(error, Exception):
        return Outcome.ERROR, errors.of_exception(error, origin="agent")
    return Outcome.CANCELLED, None


def _report_left(operation: Operation, unit: Unit) -> None:
    """Report the tool calls that were asked for and never ran."""
    if unit.requested is None:
        return
    for asked in unit.requested.left():
        operation.event(events.not_run(asked))


class Block(Generic[H]):
    """Base of ``session()``, ``turn()``, ``agent()`` and ``step()``.

    Works with ``with`` and ``async with`` and as a decorator of functions, coroutine functions,
    generators and async generators; one object may serve many invocations at once.
    """

    def __init__(self) -> None:
        self._handles: list[H] = []

    def _open(self) -> H:
        raise NotImplementedError

    def __enter__(self) -> H:
        handle = self._open()
        self._handles.append(handle)
        return handle.attach()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        handle = self._mine()
        if handle is not None:
            handle.detach()
            handle.close(error)

    async def __aenter__(self) -> H:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        return decorate(function, lambda _args, _kwargs: self._open())  # type: ignore[return-value]

    def _mine(self) -> H | None:
        """Take the handle that is current here, else the newest: blocks may be shared between tasks."""
        current = otel_context.get_current()
        for place in range(len(self._handles) - 1, -1, -1):
            if self._handles[place].context is current:
                return self._handles.pop(place)
        return self._handles.pop() if self._handles else None


def start(
    unit: Unit,
    identity: Identity,
    *,
    pipeline: Pipeline | None = None,
    prepare: Callable[[Operation], None] | None = None,
) -> Operation:
    """Start the operation of a unit and make the context of what runs inside it."""
    operation = Operation(pipeline or active(), UNIT, unit, identity)
    if prepare is not None:
        prepare(operation)
    operation.start()
    inner = identity.inside(operation)
    operation.context = identities.place(inner, operation.context)
    return operation
