"""What a forked child needs: methods run in it, free locks that its parent may have held, and sums of its own.

The SDK renews some of its locks in a child, but none of those that recording takes: of aggregations, of metric
storages, of spans. It empties its queues, but keeps its sums (opentelemetry-sdk 1.38 to 1.45).
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable, Iterator
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
    for one in _reach(roots):
        if isinstance(one, _LOCKS):
            one._at_fork_reinit()  # type: ignore[union-attr]  # noqa: SLF001 - as the standard library does


def forget_sums(roots: Iterable[object]) -> None:
    """Let the meter providers among ``roots`` count from nothing.

    In a child, what was counted before is its parent's to send. The storages of the readers stay, in a dict of its
    own: what records past the SDK's front looks there to see whether its aggregations are still in use.
    """
    for one in _reach(roots):
        if hasattr(one, "_attributes_aggregation"):
            one._attributes_aggregation = {}  # noqa: SLF001 - of every view of every instrument
        elif hasattr(one, "_reader_storages"):
            one._reader_storages = dict(one._reader_storages)  # noqa: SLF001


def _reach(roots: Iterable[object]) -> Iterator[Any]:
    """Give the SDK's objects that ``roots`` lead to, and their locks."""
    pending: list[Any] = list(roots)
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if not isinstance(one, _LOCKS):
            pending += [
                inner
                for inner in gc.get_referents(one)
                if isinstance(inner, _LOCKS) or type(inner) in _CONTAINERS or type(inner).__module__.startswith(_SDK)
            ]
