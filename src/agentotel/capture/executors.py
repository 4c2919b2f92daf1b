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

_original = ThreadPoolExecutor.submit


def install() -> None:
    """Wrap ``ThreadPoolExecutor.submit``, once."""
    if ThreadPoolExecutor.submit is _original:
        ThreadPoolExecutor.submit = wrapt.FunctionWrapper(_original, _submit)  # type: ignore[method-assign]


def remove() -> None:
    """Put ``submit`` back, unless somebody else wrapped it since."""
    if getattr(ThreadPoolExecutor.__dict__["submit"], "__wrapped__", None) is _original:
        ThreadPoolExecutor.submit = _original  # type: ignore[method-assign]


def _submit(wrapped: Callable[..., T], _pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    if not args or active() is IDLE or identity.current() is NOBODY:
        return wrapped(*args, **kwargs)
    return wrapped(_carried, otel_context.get_current(), *args, **kwargs)


def _carried(context: Context, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Run ``function`` in ``context``, and give the thread its own back."""
    before = otel_context.get_current()
    otel_context.attach(context)
    try:
        return function(*args, **kwargs)
    finally:
        otel_context.attach(before)
