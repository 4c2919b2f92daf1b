"""The door for ``opentelemetry-instrument``: an instrumentor, without depending on its package.

``opentelemetry-instrument`` loads every entry point of the group ``opentelemetry_instrumentor``, makes an
instance and calls ``instrument(skip_dep_check=True)``. Source: opentelemetry-instrumentation 0.59b0 to 0.66b2,
``auto_instrumentation/_load.py``, ``distro.py`` and ``instrumentor.py``.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any, ClassVar


class AgentotelInstrumentor:
    """Patch model SDKs when ``opentelemetry-instrument`` starts a program; one instance, as its base class has it."""

    _instance: ClassVar[AgentotelInstrumentor | None] = None

    def __new__(cls, *_: object, **__: object) -> AgentotelInstrumentor:
        """Return the one instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance._instrumented = False
        return cls._instance

    _instrumented: bool

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether ``instrument()`` is in force."""
        return self._instrumented

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: every SDK is optional and is patched when it is imported."""
        return ()

    def instrument(self, **options: Any) -> None:  # noqa: ANN401 - the caller's options, passed on
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


def _facade() -> Any:  # noqa: ANN401 - the package's public face, loaded when needed
    return import_module("agentotel")
