"""Which providers the application has set already."""

from __future__ import annotations

from weakref import WeakSet

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

from agentotel.config.settings import SignalName

_PLACEHOLDERS = frozenset({"ProxyTracerProvider", "_ProxyMeterProvider", "ProxyLoggerProvider"})
_ours: WeakSet[object] = WeakSet()


def existing_providers() -> dict[SignalName, object | None]:
    """Return for each signal the global provider that the application set, or None.

    The API's placeholders and providers of an earlier ``init()`` count as none; a no-op provider that
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


def note_ours(provider: object) -> None:
    """Remember that a provider was built here."""
    _ours.add(provider)


def name_of(provider: object) -> str:
    """Name a provider for people: ``TracerProvider (opentelemetry.sdk)``, with the package it comes from."""
    kind = type(provider)
    return f"{kind.__name__} ({'.'.join(kind.__module__.split('.')[:2])})"


def _set_by_application(provider: object) -> object | None:
    return provider if is_set(provider) and provider not in _ours else None
