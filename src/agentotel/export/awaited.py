"""The global tracer provider that an application sets after us."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import trace

from agentotel._core import guard

_tell = guard.site("export.awaited")


def when_set(callback: Callable[[Any], object]) -> None:
    """Call ``callback`` with the global tracer provider once it is set, where it is not yet.

    The tracers of the API's placeholder take their spans to it; it has to be told whom else to tell of spans.
    Source: ``opentelemetry/trace/__init__.py`` of opentelemetry-api 1.38 to 1.45.
    """
    setter: Callable[..., Any] = trace._set_tracer_provider  # noqa: SLF001 - every way to set one comes here

    @wraps(setter)
    def tell(*args: Any, **kwargs: Any) -> Any:
        result = setter(*args, **kwargs)
        trace._set_tracer_provider = setter  # noqa: SLF001
        _tell(callback, trace.get_tracer_provider())
        return result

    if not hasattr(setter, "__wrapped__"):
        trace._set_tracer_provider = tell  # noqa: SLF001
