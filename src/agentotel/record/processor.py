"""Stamps identity on every span that starts inside a session, whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry.context import Context

from agentotel._core import guard
from agentotel.record import identity

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, Span

SCOPE = "agentotel"

_stamp = guard.site("record.stamp")


class IdentityProcessor:
    """A span processor that adds identity to the spans of other libraries.

    ``started`` is told of each of them, and may make it one with a span of ours. The class has the methods of the
    SDK's ``SpanProcessor`` without importing the SDK. A provider keeps its processors for life, so ``enabled`` is
    what ``uninstrument()`` turns off.
    """

    def __init__(self, started: Callable[[Span, Context | None], None] | None = None) -> None:
        self.enabled = True
        self._started = started

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Add the identity of ``parent_context``; spans of the library carry theirs already."""
        if self.enabled:
            _stamp(self._add, span, parent_context)

    def _add(self, span: Span, parent_context: Context | None) -> None:
        if getattr(span.instrumentation_scope, "name", None) == SCOPE:
            return
        attributes = identity.within(parent_context).attributes
        if attributes:
            span.set_attributes(attributes)
        if self._started is not None:
            self._started(span, parent_context)

    def _on_ending(self, span: Span) -> None:
        """Do nothing; newer SDKs call it just before the end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Do nothing."""

    def shutdown(self) -> None:
        """Do nothing: nothing is kept."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's interface
        """Do nothing: nothing is kept."""
        return True
