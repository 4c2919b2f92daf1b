"""Tells when a package has been imported.

wrapt has such hooks too, but importing it costs ``instrument()`` half of its time where no SDK is loaded.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader

Callback = Callable[[ModuleType], object]


class _Finder:
    """Finds a wanted module as the other finders do, and has its loader report the end of the import."""

    def __init__(self) -> None:
        self.wanted: dict[str, Callback] = {}
        self._searching: set[str] = set()

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the signature of a finder
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        callback = self.wanted.get(name)
        if callback is None or name in self._searching:
            return None
        self._searching.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching.discard(name)
        if spec is not None and spec.loader is not None:
            spec.loader = cast("Loader", _Loader(spec.loader, callback))
        return spec


class _Loader:
    """Loads as the module's own loader, which it puts back in its place, and then calls back."""

    def __init__(self, loader: Any, callback: Callback) -> None:
        self._loader = loader
        self._callback = callback

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._callback(module)


_finder = _Finder()


def when_imported(package: str, callback: Callback) -> None:
    """Call ``callback`` with the module each time ``package`` is imported from now on; it must not raise."""
    _finder.wanted[package] = callback
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def forget() -> None:
    """Call nothing back any more."""
    _finder.wanted.clear()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
