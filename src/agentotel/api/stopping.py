"""Why a unit stopped, where nobody said so."""

from __future__ import annotations

import asyncio

from agentotel.facts.stop import StopReason
from agentotel.record import unit as units
from agentotel.record.unit import Unit
from agentotel.wire.errors import error_type

_CANCELLED = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)


def derive(unit: Unit, error: BaseException | None) -> tuple[StopReason, str | None]:
    """Derive the stop reason of a unit from the error that ends it, or from its last model call.

    An error that no model or tool call is to blame for is a crash of the application's own code.
    """
    if error is None:
        return _without_error(unit)
    blamed = unit.blamed(error)
    if blamed is not None:
        return blamed
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _CANCELLED):
            return StopReason.CANCELLED, error_type(error)
        seen = seen.__cause__
    return StopReason.CRASHED, error_type(error)


def _without_error(unit: Unit) -> tuple[StopReason, str | None]:
    if unit.kind != units.RUN:
        return StopReason.COMPLETED, None
    steps = unit.steps or unit.own_llm_calls
    if unit.max_steps is not None and steps >= unit.max_steps and (unit.last_asked or not unit.own_llm_calls):
        return StopReason.MAX_STEPS, f"{steps} of {unit.max_steps} steps"
    if "content_filter" in unit.last_finish:
        return StopReason.CONTENT_FILTER, None
    if "model_context_window_exceeded" in unit.last_finish:
        return StopReason.CONTEXT_OVERFLOW, None
    return StopReason.COMPLETED, None
