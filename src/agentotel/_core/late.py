"""Work that must not be done while garbage is collected.

A collection may start at any allocation, also while its thread holds a lock of the SDK or of ours. An ending
that a finalizer noticed and recorded there would wait for that lock for ever. Such work is put off until
``settle()``, which operations call when they start and end, and everybody does who reads or flushes.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from threading import get_ident
from typing import ParamSpec

P = ParamSpec("P")

waiting: deque[Callable[[], object]] = deque()
"""What was put off. Appending takes no lock."""

_collector: int | None = None


def _note(phase: str, _info: Mapping[str, int]) -> None:
    global _collector  # noqa: PLW0603 - one collection at a time in a process
    _collector = get_ident() if phase == "start" else None


def watch() -> None:
    """Take note of collections from now on."""
    if _note not in gc.callbacks:
        gc.callbacks.append(_note)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=waiting.clear)  # the parent does it


def unwatch() -> None:
    """Take no more note of collections."""
    global _collector  # noqa: PLW0603 - a collection that runs now ends unnoticed
    if _note in gc.callbacks:
        gc.callbacks.remove(_note)
    _collector = None


def run(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call ``function`` now or, where this thread collects garbage, later. It has to be guarded."""
    if _collector is None or _collector != get_ident():
        function(*args, **kwargs)
    else:
        waiting.append(lambda: function(*args, **kwargs))


def settle() -> None:
    """Do what was put off, unless this thread collects garbage again.

    It has nothing to do with whoever comes by, whose context may tell exporters to keep out.
    """
    while waiting and _collector != get_ident():
        try:
            function = waiting.popleft()
        except IndexError:  # another thread was faster
            return
        Context().run(function)
