"""Other places that keep what we patch: wrappers of others that were made before ours, and a function's own module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

_MOST_WRAPPERS: Final = 20


def shadows(owner: Any, name: str, original: Any) -> Iterator[tuple[Any, str, Any]]:
    """Give places in subclasses where somebody else has wrapped an inherited method: they keep the original.

    A function that a package takes from one of its modules is in both, and is pickled as that of the module.
    What a wrapper of wrapt calls can be replaced, so that ours stays below it; any other one is wrapped in turn.
    """
    if isinstance(owner, ModuleType):
        home = sys.modules.get(original.__module__, owner)
        if home is not owner and home.__dict__.get(name) is original:
            yield home, name, original
        return
    for kind in getattr(owner, "__subclasses__", list)():
        own = kind.__dict__.get(name)
        holder = None if own is None else _holder(own, original)
        if holder is not None:
            yield (holder, "__wrapped__", original) if hasattr(holder, "_self_wrapper") else (kind, name, own)
        yield from shadows(kind, name, original)


def _holder(wrapper: Any, original: object) -> Any:
    """Find the wrapper around the original, in wrappers around wrappers."""
    for _ in range(_MOST_WRAPPERS):
        wrapped = getattr(wrapper, "__wrapped__", None)
        if wrapped is None or wrapped is original:
            return None if wrapped is None else wrapper
        wrapper = wrapped
    return None
