"""What a forked child needs: methods run in it, and locks freed that a thread of the parent may have held.

The SDK renews some of its locks in a child, but none of those that recording takes: of aggregations, of metric
storages, of spans (opentelemetry-sdk 1.38 to 1.45).
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import WeakMethod

from agentotel._core.guard import site

_fork = site("export.fork")

_LOCKS: Final = (type(threading.Lock()), type(threading.RLock()))
_CONTAINERS: Final = (dict, list, tuple, set, frozenset)
_SDK: Final = "opentelemetry.sdk."


def after_fork(method: Callable[[], None]) -> None:
    """Call a bound method in every child that this process forks, as long as its object lives."""
    reference = WeakMethod(method)

    def run() -> None:
        alive = reference()
        if alive is not None:
            alive()

    in_child(run)


def in_child(function: Callable[[], None]) -> None:
    """Call ``function`` in every child that this process forks, before what is registered later."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _fork(function))


def before_fork(function: Callable[[], None]) -> None:
    """Call ``function`` whenever this process is about to fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lambda: _fork(function))


def free_locks(roots: Iterable[object]) -> None:
    """Free every lock of the SDK's objects that ``roots`` lead to.

    Right in a child before any thread starts there: who held a lock then is not there any more.
    """
    pending: list[Any] = list(roots)
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for inner in gc.get_referents(one):
            if isinstance(inner, _LOCKS):
                inner._at_fork_reinit()  # type: ignore[union-attr]  # noqa: SLF001 - as the standard library does
            elif type(inner) in _CONTAINERS or type(inner).__module__.startswith(_SDK):
                pending.append(inner)
