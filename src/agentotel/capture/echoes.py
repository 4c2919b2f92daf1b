"""Neighbours that tell of a call only after it has ended, on a span of their own or on one of the application.

The call has its span by then. What they tell stays where they put it, but for what makes a span a model call: its
operation and its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.trace import NonRecordingSpan

from agentotel._core import guard
from agentotel.capture.spec import Hook
from agentotel.record.pipeline import IDLE, active
from agentotel.semconv import names as n
from agentotel.wire.spans import USAGE_PREFIXES

_tell = guard.site("capture.echo")

SCOPES: Final = ("langsmith", "litellm")
"""Scopes all of whose spans are echoes."""

MARK: Final = "logfire.span_type"
"""By ``log``, Logfire marks a log record in the form of a span; one follows each stream."""

MODULES: Final = {
    "litellm.integrations.opentelemetry": (
        Hook(module="litellm.integrations.opentelemetry", owner="OpenTelemetry", method="set_attributes"),
    )
}
"""Methods that write what is known of a call on the span in their first argument, by module."""


def is_echo(scope: str, attributes: Mapping[str, Any]) -> bool:
    """Tell whether a span is about a call that has ended."""
    return scope in SCOPES or attributes.get(MARK) == "log"


def makes_a_call(name: str) -> bool:
    """Tell whether an attribute is one by which a span counts as a model call."""
    return name == n.OPERATION_NAME or name.startswith(USAGE_PREFIXES)


class _Quiet(NonRecordingSpan):
    """Passes on to a span of the application what does not make it a model call."""

    def __init__(self, span: Any) -> None:
        super().__init__(span.get_span_context())
        self._span = span

    def __getattr__(self, name: str) -> Any:
        return getattr(self._span, name)

    def is_recording(self) -> bool:
        return bool(self._span.is_recording())

    def set_attribute(self, key: str, value: Any) -> None:
        if not _tell(makes_a_call, key):
            self._span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        kept = _tell(_without_a_call, attributes)
        self._span.set_attributes(attributes if kept is None else kept)


def _without_a_call(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if not makes_a_call(name)}


def wrapper(_function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a method that writes on a span."""

    def write(wrapped: Callable[..., Any], _owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        quiet = _tell(_quiet, *args[:1])
        return wrapped(*args, **kwargs) if quiet is None else wrapped(quiet, *args[1:], **kwargs)

    return write


def _quiet(span: Any = None) -> _Quiet | None:
    scope = getattr(span, "instrumentation_scope", None)
    return None if active() is IDLE or scope is None or scope.name in SCOPES else _Quiet(span)
