"""Making a context current and leaving it again, whatever happens in between.

The OpenTelemetry ``detach`` needs the token of the same ``contextvars`` context, which a generator closed
in another task does not have. Here a block that ends restores what was current before it, but only where
what is current came from it; a block that ended out of turn is skipped by the one that ends later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard

_attach = guard.site("api.attach")
_leave = guard.site("api.leave")

_KEY = otel_context.create_key("agentotel-attachment")


class _Opened(Protocol):
    @property
    def context(self) -> Context: ...


class Attachment:
    """One block that made a context current. ``owner`` is the object that was entered, which finds itself by it."""

    __slots__ = ("closed", "outer", "owner")

    def __init__(self, context: Context, owner: object = None) -> None:
        self.outer = otel_context.get_current()
        self.owner = owner
        self.closed = False
        otel_context.attach(otel_context.set_value(_KEY, self, context))

    def leave(self) -> None:
        """End the block; restore what was current before it if it, or what came from it, is current here."""
        self.closed = True
        if _of(otel_context.get_current()) is not self:
            return
        target = self.outer
        while (above := _of(target)) is not None and above.closed:
            target = above.outer
        otel_context.attach(target)


def attach(opened: _Opened, owner: object = None) -> Attachment | None:
    """Make the context of what was opened current; None where that failed."""
    return _attach(_attached, opened, owner)


def _attached(opened: _Opened, owner: object) -> Attachment:
    return Attachment(opened.context, owner)


def leave(attachment: Attachment | None) -> None:
    """End the block of an attachment."""
    if attachment is not None:
        _leave(attachment.leave)


def context_of(opened: _Opened) -> Context:
    """Return the context to run in; the current one where it cannot be had."""
    return _attach(_context, opened) or otel_context.get_current()


def _context(opened: _Opened) -> Context:
    return opened.context


def _of(context: Context) -> Attachment | None:
    return context.get(_KEY)  # type: ignore[return-value]  # nobody else has the key


def entered() -> Iterator[Attachment]:
    """Give the attachments that led to the current context, innermost first."""
    found = _of(otel_context.get_current())
    while found is not None:
        yield found
        found = _of(found.outer)


class Lane:
    """The context of a generator from one resumption to the next.

    ``with lane:`` makes it current and gives back what was current before, so that nothing of the generator
    is current while its consumer runs.
    """

    __slots__ = ("_before", "context")

    def __init__(self, context: Context) -> None:
        self.context = context
        self._before = context

    def __enter__(self) -> None:
        self._before = otel_context.get_current()
        otel_context.attach(self.context)

    def __exit__(self, *_error: object) -> None:
        self.context = otel_context.get_current()
        otel_context.attach(self._before)
