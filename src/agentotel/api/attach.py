"""Making a context current and leaving it again, whatever happens in between.

The OpenTelemetry ``detach`` needs the token of the same ``contextvars`` context, which a generator closed
in another task does not have. Here a block that ends restores what was current before it, but only where
it is itself current; a block that ended out of turn is skipped by the one that ends later.
"""

from __future__ import annotations

from typing import cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context

_KEY = otel_context.create_key("agentotel-attachment")


class Attachment:
    """One block that made a context current."""

    __slots__ = ("closed", "context", "outer")

    def __init__(self, context: Context) -> None:
        self.outer = otel_context.get_current()
        self.context = otel_context.set_value(_KEY, self, context)
        self.closed = False
        otel_context.attach(self.context)

    def leave(self) -> None:
        """End the block; restore what was current before it if it is current here."""
        self.closed = True
        if otel_context.get_current() is not self.context:
            return
        target = self.outer
        while (above := cast("Attachment | None", otel_context.get_value(_KEY, target))) is not None and above.closed:
            target = above.outer
        otel_context.attach(target)


def swap(context: Context) -> Context:
    """Make ``context`` current and give what was current before."""
    before = otel_context.get_current()
    otel_context.attach(context)
    return before
