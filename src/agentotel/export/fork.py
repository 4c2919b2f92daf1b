"""Run a method in the child after a fork, without keeping its object alive."""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakMethod

from agentotel._core.guard import site

_in_child = site("export.fork")


def after_fork(method: Callable[[], None]) -> None:
    """Call a bound method in every child that this process forks, as long as its object lives."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = WeakMethod(method)

    def run() -> None:
        alive = reference()
        if alive is not None:
            _in_child(alive)

    os.register_at_fork(after_in_child=run)
