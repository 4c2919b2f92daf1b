"""Thread pools: what is submitted inside a unit runs inside it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard
from agentotel.record import identity
from agentotel.record.identity import NOBODY
from agentotel.record.pipeline import IDLE, active

T = TypeVar("T")

_carry = guard.site("capture.carry")

_MARK: Final = "_agentotel_carries"
_POOL_AND_FUNCTION: Final = 2


def install() -> None:
    """Wrap ``ThreadPoolExecutor.submit``, once."""
    if not _is_ours(_submit_now()):
        ThreadPoolExecutor.submit = _carrying(_submit_now())  # type: ignore[method-assign]


def remove() -> None:
    """Put ``submit`` back. Under a wrapper of somebody else ours stays, and carries nothing."""
    now = _submit_now()
    if _is_ours(now):
        ThreadPoolExecutor.submit = now.__wrapped__  # type: ignore[method-assign]


def _submit_now() -> Any:
    return ThreadPoolExecutor.__dict__["submit"]


def _is_ours(function: Any) -> bool:
    return hasattr(function, _MARK)


def _carrying(submit: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(submit)
    def carrying(*args: Any, **kwargs: Any) -> Any:
        context = _carry(_to_carry, args)
        if context is None:
            return submit(*args, **kwargs)
        return submit(args[0], _carried, context, *args[1:], **kwargs)

    setattr(carrying, _MARK, True)
    return carrying


def _to_carry(args: tuple[Any, ...]) -> Context | None:
    """Return the context that a function submitted now runs in; None outside of units, and where it cannot be sent."""
    if len(args) < _POOL_AND_FUNCTION or active() is IDLE or identity.current() is NOBODY or _elsewhere(args[0]):
        return None
    return otel_context.get_current()


def _elsewhere(pool: Any) -> bool:
    """Tell a pool of interpreters (Python 3.14), where a context cannot be sent, from one of threads."""
    return type(pool).__module__ == "concurrent.futures.interpreter"


def _carried(context: Context, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Run ``function`` in ``context``, and give the thread its own back."""
    before = otel_context.get_current()
    otel_context.attach(context)
    try:
        return function(*args, **kwargs)
    finally:
        otel_context.attach(before)
