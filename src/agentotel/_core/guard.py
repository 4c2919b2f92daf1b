"""The one guard: what the library does beside the user's call may fail, the call may not.

A ``Site`` names a place where code of adapters, recorders or exporters is called. It swallows
``Exception``, says so once, counts it, and lets every other ``BaseException`` pass.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from agentotel._core.locks import make_lock

logger = logging.getLogger("agentotel")

R = TypeVar("R")

_lock = make_lock()
_counts: dict[str, int] = {}
_sites: dict[str, Site] = {}
inherited: dict[str, int] = {}
"""The errors that a forked child was born with: its parent's to report."""


class Site(Protocol):
    """A named place where a failure of the library ends."""

    def __call__(self, function: Callable[..., R], *args: Any) -> R | None:
        """Run ``function(*args)`` and give its value, or None when it raised."""
        ...


def site(name: str) -> Site:
    """Return the site called ``name``, made on first use, so that sites can be listed."""
    return _sites.setdefault(name, _make(name))


def _make(name: str) -> Site:
    """Make a site: a function, because the interpreter calls those at two thirds of the price of other objects."""

    def run(function: Callable[..., R], *args: Any) -> R | None:
        try:
            return function(*args)
        except Exception as error:  # noqa: BLE001 - the single place that swallows
            on_error(name, error)
            return None

    return run


def sites() -> tuple[str, ...]:
    """Name every site of the modules imported so far."""
    return tuple(sorted(_sites))


def counts() -> dict[str, int]:
    """Count the internal errors of this process by site."""
    with _lock:
        return dict(_counts)


def report(name: str, error: Exception) -> None:
    """Count an internal error and log the first one of its site, without its text."""
    with _lock:
        seen = _counts.get(name, 0)
        _counts[name] = seen + 1
    if not seen:
        logger.warning(
            "internal error in %s (%s at %s): your call is unaffected; later ones are only counted",
            name,
            type(error).__qualname__,
            _origin(error),
        )
    logger.debug("internal error in %s", name, exc_info=error)


def _origin(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


on_error: Callable[[str, Exception], None] = report

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: inherited.update(_counts))
