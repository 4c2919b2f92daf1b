"""Thread pools: what is submitted inside a unit runs inside it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import wrapt
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel.record import identity
from agentotel.record.identity import NOBODY
from agentotel.record.pipeline import IDLE, active

T = TypeVar("T")


def install() -> None:
    """Wrap ``ThreadPoolExecutor.submit``, once."""
    now = _submit_now()
    if not _is_ours(now):
        ThreadPoolExecutor.submit = wrapt.FunctionWrapper(now, _submit)  # type: ignore[method-assign]


def remove() -> None:
    """Put ``submit`` back. Under a wrapper of somebody else ours stays, and carries nothing."""
    now = _submit_now()
    if _is_ours(now):
        ThreadPoolExecutor.submit = now.__wrapped__  # type: ignore[method-assign]


def _submit_now() -> Any:
    return ThreadPoolExecutor.__dict__["submit"]


def _is_ours(function: Any) -> bool:
    return getattr(function, "_self_wrapper", None) is _submit


def _submit(wrapped: Callable[..., T], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    if not args or active() is IDLE or identity.current() is NOBODY or _elsewhere(pool):
        return wrapped(*args, **kwargs)
    return wrapped(_carried, otel_context.get_current(), *args, **kwargs)


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
