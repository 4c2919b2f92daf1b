"""SDKs that trace themselves: their span of a call becomes ours, and what it did for the user goes on.

While a call of ours is open, the SDK's tracer gives spans that carry the identity of our span: the SDK still sends
``traceparent`` and makes its span current, and there is one span. Where the SDK's own span would have been recorded,
its attributes are kept on ours.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    NoOpTracer,
    ProxyTracer,
    Span,
    Tracer,
    get_current_span,
    use_span,
)
from opentelemetry.util._decorator import _agnosticcontextmanager

from agentotel._core import guard
from agentotel.capture import neighbours
from agentotel.capture.tracking import current
from agentotel.record.joint import Guest
from agentotel.record.operation import Operation

_adopt = guard.site("capture.native")

OURS: Final = ("gen_ai.", "server.", "error.", "agentotel.")
"""First parts of the names of attributes that our span has itself, where there is something to say."""


_START: Final = inspect.signature(Tracer.start_span)
_START_CURRENT: Final = inspect.signature(Tracer.start_as_current_span)
_OF_BLOCK: Final = frozenset({"end_on_exit", "record_exception", "set_status_on_exception"})
"""What ``start_as_current_span`` takes for the end of its block; the rest is for ``start_span``."""


class _Standing(Tracer):
    """Stands before an SDK's own tracer, and is as that one but for the spans that it starts."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self).get("_own"), name)  # none in a copy that is being made

    @_agnosticcontextmanager
    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Iterator[Span]:
        """Start a span as ``start_span`` does, and make it current for a block or a function."""
        asked = _START_CURRENT.bind(self, *args, **kwargs)
        asked.apply_defaults()
        of_span = {name: value for name, value in asked.arguments.items() if name not in {"self", "end_on_exit"}}
        of_block = {name: value for name, value in asked.arguments.items() if name in _OF_BLOCK}
        with use_span(self.start_span(**of_span), **of_block) as span:
            yield span


class AdoptingTracer(_Standing):
    """Stands in for an SDK's tracer during one call."""

    def __init__(self, operation: Operation, own: Any) -> None:
        super().__init__(own)
        self._operation = operation

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        """Give a span with the identity of the call's own."""
        return _adopt(self._guest, args, kwargs) or NonRecordingSpan(self._operation.span.get_span_context())

    def _guest(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Span | None:
        joint = neighbours.shared(self._operation) if _records(self._own) else None
        if joint is None:
            return None
        return Guest(joint, _START.bind(self, *args, **kwargs).arguments.get("attributes"))


def _records(tracer: Any) -> bool:
    """Tell whether the spans of a tracer go anywhere; one of the API's placeholder may have a real one behind it."""
    behind = getattr(tracer, "_tracer", tracer)
    return not isinstance(behind, NoOpTracer | ProxyTracer)


class AdoptedSpan(NonRecordingSpan):
    """A span that an SDK takes for its own: what it sets beside what we know goes to the span of the call."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.span.get_span_context())
        self._extra = operation.extra

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute on the span of the call."""
        if not key.startswith(OURS):
            self._extra[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes on the span of the call."""
        for key, value in attributes.items():
            self.set_attribute(key, value)


class StandIn(_Standing):
    """A tracer that an SDK keeps and uses for several calls at once.

    Where it traces to other places than we do, as Mistral's own service, it traces on. Spans of what happened inside
    an answer stay, but for those of model calls: those would be told twice.
    """

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        """Start a span of the SDK's, or give the one of the call that is open here."""
        adopted = _adopt(self._adopted, name, context)
        return self._own.start_span(name, context, *args, **kwargs) if adopted is None else adopted

    def _adopted(self, name: str, context: Context | None) -> Span | None:
        around = get_current_span(context)
        if isinstance(around, AdoptedSpan):
            return None if name.startswith("execute_tool") else NonRecordingSpan(around.get_span_context())
        tracking = current()
        theirs = getattr(self._own, "resource", None)
        if tracking is None or theirs is None or getattr(tracking.operation.span, "resource", None) is not theirs:
            return None
        return AdoptedSpan(tracking.operation)


def adopting(original: Any) -> Any:
    """Make a property that gives the SDK's tracer, or the stand-in while a call of ours is open.

    A function that gives a flag and a tracer is replaced by one that gives the flag and a stand-in.
    """
    if not isinstance(original, property):
        return _giving(original)
    get: Callable[[Any], Any] | None = original.fget

    def tracer(client: Any) -> Any:
        own = None if get is None else get(client)
        tracking = current()
        if own is None or tracking is None:
            return own
        return _adopt(AdoptingTracer, tracking.operation, own) or own

    return property(tracer, original.fset, original.fdel, original.__doc__)


def _giving(original: Callable[..., tuple[bool, Any]]) -> Callable[..., tuple[bool, Any]]:
    @functools.wraps(original)
    def give(*args: Any, **kwargs: Any) -> tuple[bool, Any]:
        enabled, own = original(*args, **kwargs)
        return enabled, _adopt(StandIn, own) or own if enabled else own

    return give
