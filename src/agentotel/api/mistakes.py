"""Mistakes of the running application: said once each, never raised."""

from __future__ import annotations

import logging

from agentotel._core.locks import make_lock

logger = logging.getLogger("agentotel")

MOST_SAID = 1000

_lock = make_lock()
_said: set[tuple[str, ...]] = set()


def warn_once(message: str, *values: object) -> None:
    """Log a warning, once for the same message and values. Of a value that is no text its type is shown."""
    shown = tuple(f"{value:.80}" if isinstance(value, str) else type(value).__name__ for value in values)
    with _lock:
        if (message, *shown) in _said or len(_said) >= MOST_SAID:
            return
        _said.add((message, *shown))
    logger.warning(message, *shown)


def forget() -> None:
    """Say everything again from now on."""
    with _lock:
        _said.clear()
