"""SDKs that trace themselves: their span of a call becomes ours, and what it did for the user goes on.

While a call of ours is open, the SDK's tracer gives spans that carry the identity of our span and record
nothing: the SDK still sends ``traceparent`` and makes its span current, and there is one span.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import NonRecordingSpan, Span

from agentotel._core import guard
from agentotel.capture.tracking import current

_adopt = guard.site("capture.native")


class AdoptingTracer:
    """Stands in for an SDK's tracer during one call."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def start_span(self, *_args: Any, **_kwargs: Any) -> Span:
        """Give a span with the identity of the call's own."""
        return NonRecordingSpan(self._span.get_span_context())


def adopting(original: property) -> property:
    """Make a property that gives the SDK's tracer, or the stand-in while a call of ours is open."""
    get: Callable[[Any], Any] | None = original.fget

    def tracer(client: Any) -> Any:
        own = None if get is None else get(client)
        tracking = current()
        if own is None or tracking is None:
            return own
        return _adopt(AdoptingTracer, tracking.operation.span) or own

    return property(tracer, original.fset, original.fdel, original.__doc__)
