"""Which providers the application has set already."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

from agentotel.config.settings import SignalName

_PLACEHOLDERS = frozenset({"ProxyTracerProvider", "_ProxyMeterProvider", "ProxyLoggerProvider"})
_OWN: Final = frozenset({"current", "observed"})


class Lasting:
    """Base of the global providers of ``agentotel.export.lasting``.

    Beside it they inherit from the SDK's own providers, without their state: what is not here is read from the
    ``current`` provider and written to it, and so the SDK's methods do to that one what they do.
    """

    current: Any = None

    def __init__(self, current: Any) -> None:
        self.current = current

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self.current, name, value)

    def follow(self, provider: Any) -> None:
        """Hand on to ``provider`` from now on."""
        self.current = provider


_TOO_LATE: Final = (
    "a provider was set after agentotel.init() had set one, and OpenTelemetry keeps the first (%s): set yours before "
    "init(), or call agentotel.instrument() with it in place of init()"
)


class _Late(logging.Filter):
    """Says in our words that OpenTelemetry refuses the application's provider because of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str) and record.msg.startswith("Overriding of current"):
            record.msg, record.args = _TOO_LATE, (record.msg,)
        return True


_late = _Late()


def explain_refusal(setter: Callable[..., object]) -> None:
    """Explain the warning that the API's function for setting a global provider gives from now on."""
    logging.getLogger(setter.__module__).addFilter(_late)


def behind(provider: Any) -> Any:
    """Return the provider that a global one of ours hands on to now, or ``provider`` itself."""
    return provider.current if isinstance(provider, Lasting) else provider


def existing_providers() -> dict[SignalName, object | None]:
    """Return for each signal the global provider that the application set, or None.

    The API's placeholders and the provider that an earlier ``init()`` set count as none; a no-op provider that
    the application set on purpose counts.
    """
    return {
        "traces": _set_by_application(trace.get_tracer_provider()),
        "metrics": _set_by_application(metrics.get_meter_provider()),
        "logs": _set_by_application(get_logger_provider()),
    }


def is_set(provider: object) -> bool:
    """Say whether a global provider is more than the API's placeholder."""
    kind = type(provider)
    return not (kind.__name__ in _PLACEHOLDERS and kind.__module__.startswith("opentelemetry."))


def name_of(provider: object) -> str:
    """Name a provider for people: ``TracerProvider (opentelemetry.sdk)``, with the package it comes from."""
    kind = type(provider)
    return f"{kind.__name__} ({'.'.join(kind.__module__.split('.')[:2])})"


def _set_by_application(provider: object) -> object | None:
    return provider if is_set(provider) and not isinstance(provider, Lasting) else None
