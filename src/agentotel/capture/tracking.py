"""The model call that is running: what the HTTP hooks report to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, get_current_span, set_span_in_context

from agentotel.record.operation import ModelFacts, Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentotel.capture.answers import Answer
    from agentotel.capture.asking import Addition

_current: ContextVar[list[Tracking] | None] = ContextVar("agentotel-call", default=None)
"""Holds the call that is running. It is emptied when the call is left: a context that was copied inside keeps it."""

_left: ContextVar[tuple[SpanContext | None, int] | None] = ContextVar("agentotel-left", default=None)
"""Of the call that was left last: what it hangs below, and when it began."""


class Tracking:
    """One running call, and what its attempts left behind.

    ``http_client`` is the client that sends them, so that another one's requests, for example for a token, are
    not taken for attempts; None where it is not known: then the host decides. A task that was started inside the call
    may outlive it, and takes its own requests to be nobody's once the call is left. ``answered`` is given the response
    of each attempt that is not refused, before anybody reads it.
    """

    __slots__ = ("_before", "_here", "_http_client", "_outer", "addition", "answered", "operation", "response")

    def __init__(self, operation: Operation, http_client: object = None) -> None:
        self.operation = operation
        self._http_client = http_client
        self.response: Answer | None = None
        self.answered: Callable[[Answer], object] | None = None
        self.addition: Addition | None = None
        self._here: list[Tracking] = []
        self._outer: list[Tracking] | None = None
        self._before: Context | None = None

    def enter(self, before: Context | None = None) -> None:
        """Make the call current in place of ``before``, for HTTP hooks and for spans that start inside it."""
        self._before = otel_context.get_current() if before is None else before
        self._outer = _current.get()
        otel_context.attach(self.operation.context)
        self._here.append(self)
        _current.set(self._here)

    def leave(self) -> None:
        """Give back what was current before."""
        self._here.clear()
        _current.set(self._outer)
        _left.set((getattr(self.operation.span, "parent", None), self.operation.started_at_ns))
        now, ours, before = otel_context.get_current(), self.operation.context, self._before
        if before is None:
            return
        if now is ours:
            otel_context.attach(before)
        elif ours is not before and get_current_span(now) is self.operation.span:
            # Code of the application attached something inside the call: it stays, our span does not.
            otel_context.attach(set_span_in_context(get_current_span(before), now))

    def sends_with(self, http_client: object) -> bool:
        """Tell whether what ``http_client`` sends is an attempt of this call."""
        return self._http_client is None or self._http_client is http_client

    def sends_to(self, host: str | None) -> bool:
        """Tell whether a request to ``host`` is an attempt of this call, where its client is not known."""
        facts = self.operation.facts
        server = facts.server if isinstance(facts, ModelFacts) else None
        return self._http_client is not None or server is None or host is None or host == server


def current() -> Tracking | None:
    """Return the call that is running here."""
    here = _current.get()
    return next(iter(here), None) if here else None  # another thread may leave it just now


def tells_of_the_last(parent: SpanContext | None, started_at_ns: int) -> bool:
    """Tell whether a span that is opened now, but says to have begun before the last call did, is about that call."""
    left = _left.get()
    return left is not None and started_at_ns <= left[1] and parent == left[0]
