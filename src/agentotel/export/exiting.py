"""What is done when a process ends."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable

from agentotel._core.guard import site

_exit = site("export.exit")


def at_exit(callback: Callable[[], object]) -> None:
    """Call ``callback`` when this process ends, and when a child forked from it ends.

    Workers of ``multiprocessing`` skip ``atexit``, so there it is one of their finalizers; a worker may
    well run both, so the callback has to bear a second call.
    """

    def run() -> None:
        _exit(callback)

    atexit.register(run)
    _exit(_register_in_worker, run)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _exit(_register_in_worker, run))


def _register_in_worker(run: Callable[[], None]) -> None:
    """Become a finalizer of this worker, also where ``multiprocessing`` clears them before the worker's code."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        _finalize(run)
        util.register_after_fork(run, _finalize)


def _finalize(run: Callable[[], None]) -> None:
    process, util = (sys.modules[f"multiprocessing.{name}"] for name in ("process", "util"))
    if process.parent_process() is not None:
        util.Finalize(None, run, exitpriority=1)
