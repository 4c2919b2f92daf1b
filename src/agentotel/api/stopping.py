"""Why a unit stopped, where nobody said so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from typing import Final

from agentotel.facts.stop import FILTERED, StopReason
from agentotel.record import unit as units
from agentotel.record.unit import Unit
from agentotel.wire.errors import error_type

_MOST_CAUSES = 64

Why = tuple[StopReason, str | None]


def derive(unit: Unit, error: BaseException | None) -> Why:
    """Derive the stop reason of a unit from the error that ends it, or from its last model call.

    An error that no model or tool call is to blame for is a crash of the application's own code.
    """
    if error is None:
        return _without_error(unit)
    return known(unit, error) or (StopReason.CRASHED, error_type(error))


def known(unit: Unit, error: BaseException) -> Why | None:
    """Tell which call or which cancellation ``error`` comes from; None where none is known.

    A cancelled call is to blame only for the ``TimeoutError`` made of it: its deadline had passed.
    """
    deadline = False
    for cause in causes(error):
        if (not isinstance(cause, Exception) or isinstance(cause, CancelledError)) and not deadline:
            return StopReason.CANCELLED, error_type(error)
        blamed = unit.blamed(cause)
        if blamed is not None:
            return blamed
        deadline = isinstance(cause, TimeoutError)
    return None


_ORIGINS: Final[Mapping[StopReason, str]] = {
    StopReason.TOOL_ERROR: "tool",
    StopReason.TOOL_TIMEOUT: "tool",
    StopReason.MODEL_ERROR: "model",
    StopReason.RATE_LIMITED: "model",
    StopReason.CONTEXT_OVERFLOW: "model",
    StopReason.CONTENT_FILTER: "model",
}


def origin(unit: Unit, error: BaseException) -> str:
    """Tell where the error that ends a unit comes from: the call that is to blame, else the application's own code."""
    why = known(unit, error)
    return "agent" if why is None else _ORIGINS.get(why[0], "agent")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error, the members of a group, and what each was raised from, nearest first."""
    pending = deque([error])
    seen: set[int] = set()
    while pending and len(seen) < _MOST_CAUSES:
        one = pending.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            pending.extend(one.exceptions)
        if one.__cause__ is not None:
            pending.append(one.__cause__)
        elif one.__context__ is not None and not one.__suppress_context__:
            pending.append(one.__context__)


def _without_error(unit: Unit) -> Why:
    if unit.max_steps is not None and unit.kind == units.RUN:
        used_up = unit.steps >= unit.max_steps
        if used_up and (unit.last_asked or not unit.own_llm_calls):
            return StopReason.MAX_STEPS, f"{unit.steps} of {unit.max_steps} steps"
    if not FILTERED.isdisjoint(unit.last_finish):
        return StopReason.CONTENT_FILTER, None
    if "model_context_window_exceeded" in unit.last_finish:
        return StopReason.CONTEXT_OVERFLOW, None
    return StopReason.COMPLETED, None
