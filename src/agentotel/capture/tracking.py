"""The model call that is running: what the HTTP hooks report to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel.record.operation import Operation

_current: ContextVar[Tracking | None] = ContextVar("agentotel-call", default=None)


class Tracking:
    """One running call, and what its attempts left behind.

    ``http_client`` is the client that sends them, so that another one's requests, for example for a token, are
    not taken for attempts; None where it is not known.
    """

    __slots__ = ("_before", "_http_client", "ended_at_ns", "operation", "reason", "response")

    def __init__(self, operation: Operation, http_client: object = None) -> None:
        self.operation = operation
        self._http_client = http_client
        self.response: Any = None
        self.reason: str | None = None
        self.ended_at_ns = 0
        self._before: Context | None = None

    def enter(self) -> None:
        """Make the call current, for HTTP hooks and for spans that start inside it."""
        self._before = otel_context.get_current()
        otel_context.attach(self.operation.context)
        _current.set(self)

    def leave(self) -> None:
        """Give back what was current before."""
        _current.set(None)
        if self._before is not None and otel_context.get_current() is self.operation.context:
            otel_context.attach(self._before)

    def sends_with(self, http_client: object) -> bool:
        """Tell whether what ``http_client`` sends is an attempt of this call."""
        return self._http_client is None or self._http_client is http_client


def current() -> Tracking | None:
    """Return the call that is running here."""
    return _current.get()
