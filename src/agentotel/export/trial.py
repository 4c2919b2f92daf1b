"""A live test of where a signal goes: an export of nothing, which every OTLP receiver answers."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, replace
from typing import Any, Final

from agentotel.config.settings import SignalName, SignalSettings
from agentotel.export.exporters import maker
from agentotel.export.failures import NOT_TAKEN
from agentotel.export.heard import Heard, listen_to, listening

TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How an endpoint answered. ``taken`` is None where it has no receiver for the signal; ``said`` is the reason."""

    taken: bool | None
    said: str
    seconds: float


def _nothing(signal: SignalName) -> Any:
    """Make what the exporter of a signal takes, with nothing in it."""
    if signal != "metrics":
        return []
    from opentelemetry.sdk.metrics.export import MetricsData  # noqa: PLC0415 - imports the SDK

    return MetricsData(resource_metrics=[])


def attempt(signal: SignalSettings, *, timeout_s: float = TIMEOUT_S) -> Trial:
    """Export nothing to the OTLP endpoint of a signal, once. It takes about ``timeout_s`` at most.

    Raises:
        ConfigurationError: The exporter is not installed.
    """
    exporter: Any = maker("otlp", replace(signal, timeout_s=timeout_s))()
    close = functools.cache(exporter.shutdown)
    heard = Heard(on_retry=lambda _heard: close())  # its own shutdown wakes an exporter that waits to try again
    listen_to(exporter)
    started = time.monotonic()
    done: object = None
    try:
        with listening(heard):
            done = exporter.export(_nothing(signal.name))
    except Exception as error:  # noqa: BLE001 - an exporter may raise anything, and this tells of it
        heard.fail(error)
    seconds = time.monotonic() - started
    close()
    if getattr(done, "name", "") == "SUCCESS":
        return Trial(taken=True, said="", seconds=seconds)
    return Trial(taken=None if heard.code in NOT_TAKEN else False, said=str(heard), seconds=seconds)
