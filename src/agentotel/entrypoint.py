"""The door for ``opentelemetry-instrument``: an instrumentor, without depending on its package.

``opentelemetry-instrument`` loads every entry point of the group ``opentelemetry_instrumentor``, makes an
instance and calls ``instrument(skip_dep_check=True)``. Source: opentelemetry-instrumentation 0.59b0 to 0.66b2,
``auto_instrumentation/_load.py``, ``distro.py`` and ``instrumentor.py``.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any, ClassVar, Self


class AgentotelInstrumentor:
    """Patch model SDKs when ``opentelemetry-instrument`` starts a program; one instance, as its base class has it."""

    _instance: ClassVar[Self | None] = None
    _instrumented: bool = False

    def __new__(cls, *_: object, **__: object) -> Self:
        """Return the one instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether ``instrument()`` is in force."""
        return self._instrumented

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: every SDK is optional and is patched when it is imported."""
        return ()

    def instrument(self, **options: Any) -> None:
        """Call ``agentotel.instrument()`` with the providers given, if any.

        Options of ``opentelemetry-instrument`` itself, such as ``skip_dep_check``, are ignored.
        """
        if self._instrumented:
            return
        providers = {name: options[name] for name in _PROVIDERS if options.get(name) is not None}
        _facade().instrument(**providers)
        self._instrumented = True

    def uninstrument(self, **_: object) -> None:
        """Call ``agentotel.uninstrument()``."""
        if self._instrumented:
            self._instrumented = False
            _facade().uninstrument()


_PROVIDERS = ("tracer_provider", "meter_provider", "logger_provider")


def _facade() -> Any:
    return import_module("agentotel")
