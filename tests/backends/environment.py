"""The environment variables that a backend's process gets."""

from __future__ import annotations

import os

# Settings of the tests or of the developer that would reach into a server: another exporter, another database,
# another environment's modules. Kept on purpose: PATH, HOME, proxies and certificates.
_DROPPED_PREFIXES = ("OTEL_", "PHOENIX_", "PYTHON", "AGENTOTEL_", "COV_")
_DROPPED = frozenset({"VIRTUAL_ENV"})


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's variables without those that configure a backend, plus the given ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_DROPPED_PREFIXES) and name not in _DROPPED
    }
    return kept | extra
