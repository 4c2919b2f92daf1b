"""Settings, resolved once from arguments, ``AGENTOTEL_*``, ``OTEL_*`` and defaults."""

from __future__ import annotations

from agentotel.config.resolve import Found, resolve, sources
from agentotel.config.settings import ContentMode, Settings, SignalSettings
from agentotel.config.table import LEFT_TO_THE_SDK, SETTINGS, Setting

__all__ = [
    "LEFT_TO_THE_SDK",
    "SETTINGS",
    "ContentMode",
    "Found",
    "Setting",
    "Settings",
    "SignalSettings",
    "resolve",
    "sources",
]
