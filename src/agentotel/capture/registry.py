"""What is patched: a table of SDKs, named by string and imported when their package is."""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from agentotel._core import guard
from agentotel._core.locks import make_lock
from agentotel.capture import announcements, brokers, echoes, http, native, sockets, wrap
from agentotel.capture.imports import when_imported
from agentotel.capture.libraries import LIBRARIES
from agentotel.capture.shadows import shadows
from agentotel.capture.spec import Adapter, Hook

logger = logging.getLogger("agentotel")

ADAPTERS: Final = {
    "openai": "agentotel.adapters.providers.openai",
    "anthropic": "agentotel.adapters.providers.anthropic",
    "google.genai": "agentotel.adapters.providers.google_genai",
    "groq": "agentotel.adapters.providers.groq",
    "together": "agentotel.adapters.providers.together",
    "cohere": "agentotel.adapters.providers.cohere",
    "mistralai.azure.client": "agentotel.adapters.providers.mistralai_azure",
    "mistralai.client": "agentotel.adapters.providers.mistralai",
    "mistralai.gcp.client": "agentotel.adapters.providers.mistralai_gcp",
    "ollama": "agentotel.adapters.providers.ollama",
    "litellm": "agentotel.adapters.providers.litellm",
    "botocore": "agentotel.adapters.providers.bedrock",
    "aiobotocore": "agentotel.adapters.providers.aiobotocore",
}
"""Packages of SDKs and the modules that hold their adapters."""

LISTENERS: Final = {
    module: [(hook, part.wrapper) for hook in hooks]
    for part in (announcements, echoes)
    for module, hooks in part.MODULES.items()
}
"""Methods of frameworks that announce calls or tell of them, by module, with what makes their wrappers."""

_patch = guard.site("capture.patch")

_lock = make_lock()


@dataclass(frozen=True, slots=True)
class _Patch:
    owner: Any
    name: str
    original: Any
    patched: Any

    def undo(self) -> bool:
        """Put the original back, unless somebody else has patched on top since."""
        now = self.owner.__dict__.get(self.name) if isinstance(self.owner, type) else getattr(self.owner, self.name)
        if now is not self.patched:
            return False
        setattr(self.owner, self.name, self.original)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Whether the installed version of an SDK is supported; ``version`` is None where it is not installed."""

    version: str | None
    wanted: str
    supported: bool


def support(adapter: Adapter) -> Support:
    """Compare the installed version of an SDK with those that its adapter supports."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, and an SDK is loaded

    wanted = f">={_dotted(adapter.oldest)},<{_dotted(adapter.below)}"
    try:
        found = version(adapter.package)
    except PackageNotFoundError:
        return Support(version=None, wanted=wanted, supported=False)
    return Support(version=found, wanted=wanted, supported=adapter.oldest <= release(found) < adapter.below)


def load_adapter(package: str) -> Adapter:
    """Import the adapter of an SDK, which imports no SDK."""
    adapter: Adapter = importlib.import_module(ADAPTERS[package]).ADAPTER
    return adapter


class Registry:
    """The patches of this process. Those that cannot be undone stay, and do nothing while inactive.

    Its lock is never held while something is imported: the thread that imports may be waiting for it.
    """

    def __init__(self) -> None:
        self._patches: list[_Patch] = []
        self._hooked: set[str] = set()
        self._active = False
        self._on_patched: Callable[[], object] | None = None

    def install(self, on_patched: Callable[[], object] = lambda: None) -> None:
        """Patch the packages that are loaded, now, and the others when they are imported.

        ``on_patched`` is called once, when the first SDK is patched.
        """
        loaded = []
        with _lock:
            self._active = True
            self._on_patched = on_patched
            for package in (*ADAPTERS, *(library.package for library in LIBRARIES), *LISTENERS):
                if package in sys.modules:
                    loaded.append(sys.modules[package])
                elif package not in self._hooked:
                    self._hooked.add(package)
                    when_imported(package, self._imported)
        for module in loaded:
            _patch(self._patch, module)

    def remove(self) -> None:
        """Undo every patch that is still on top."""
        with _lock:
            self._active = False
            self._patches = [patch for patch in reversed(self._patches) if not patch.undo()]
            self._hooked.clear()

    def _imported(self, module: ModuleType) -> None:
        if self._active:
            _patch(self._patch, module)

    def _patch(self, module: ModuleType) -> None:
        package = module.__name__
        self._listen(package)
        if package in ADAPTERS:
            adapter = load_adapter(package)
            if self._supported(adapter):
                for name in dict.fromkeys(
                    hook.module for hook in (*adapter.hooks, *adapter.validators, *_sockets(adapter))
                ):
                    self._when_loaded(name, functools.partial(self._hook, adapter, name))
                for tracer in adapter.tracers:
                    if seam(tracer)[1] is not None:  # older versions do not trace themselves
                        self._replace(tracer, native.adopting)
                with _lock:
                    told, self._on_patched = self._on_patched, None
                if told is not None:
                    told()

    def _listen(self, package: str) -> None:
        """Patch what is no SDK: HTTP libraries, and frameworks that announce model calls."""
        for library in LIBRARIES:
            if library.package == package:
                sends = http.attempts if library.calls else http.both
                for hook in library.attempts:
                    self._wrap(hook, functools.partial(sends, library))
                for hook in library.calls:
                    self._wrap(hook, functools.partial(http.calls, library))
        for hook, make in LISTENERS.get(package, ()):
            self._wrap(hook, make)

    def _supported(self, adapter: Adapter) -> bool:
        found = support(adapter)
        if found.supported:
            return True
        logger.warning(
            "%s %s is not supported (%s): it is not patched, and its calls are told by their HTTP requests only; "
            "install a supported version",
            adapter.package,
            found.version,
            found.wanted,
        )
        return False

    def _when_loaded(self, name: str, patch: Callable[[], None]) -> None:
        """Patch a module of an SDK now or when it is loaded: not every version has it, and some load it late."""
        if name in sys.modules:
            patch()
            return

        def loaded(_module: ModuleType) -> None:
            if self._active:
                _patch(patch)

        when_imported(name, loaded)

    def _hook(self, adapter: Adapter, name: str) -> None:
        """Wrap the methods of an SDK that one module holds."""
        for hook in adapter.hooks:
            if hook.module == name:
                self._wrap(hook, _maker(adapter))
        for hook in adapter.validators:
            if hook.module == name:
                self._wrap(hook, functools.partial(wrap.parser, adapter))
        for hook, make in _sockets(adapter).items():
            if hook.module == name and seam(hook)[1] is not None:
                self._wrap(hook, make)

    def _wrap(self, hook: Hook, make: Callable[[Any], Any]) -> None:
        from wrapt import FunctionWrapper  # noqa: PLC0415 - slow, and an SDK is loaded

        around = FunctionWrapper if hook.owner else brokers.plain
        self._replace(hook, lambda original: around(original, make(original)))

    def _replace(self, hook: Hook, make: Callable[[Any], Any]) -> None:
        """Replace one attribute of a class; a missing seam is reported, and the rest goes on."""
        owner, original = seam(hook)
        if original is None:
            logger.warning("%s is not there: calls through it are not recorded", hook)
            return
        with _lock:
            there = any(patch.owner is owner and patch.name == hook.method for patch in self._patches)
            if there or not self._active:
                return
            made: dict[int, Any] = {}
            for place, name, method in ((owner, hook.method, original), *shadows(owner, hook.method, original)):
                patched = made[id(method)] = made.get(id(method)) or make(method)
                setattr(place, name, patched)
                self._patches.append(_Patch(place, name, method, patched))


def _maker(adapter: Adapter) -> Callable[[Any], Any]:
    """Give what makes the wrappers of an adapter's hooked methods."""
    if adapter.broker is not None:
        return functools.partial(brokers.wrapper, adapter.broker)
    return functools.partial(wrap.wrapper, adapter)


def _sockets(adapter: Adapter) -> dict[Hook, Callable[[Any], Any]]:
    """Name the methods of an adapter's connections and what makes the wrapper of each."""
    return {hook: make for socket in adapter.sockets for hook, make in sockets.hooks(socket)}


def seam(hook: Hook) -> tuple[Any, Any]:
    """Import the class or module of a hook and look its method up; None for what is not there."""
    module = importlib.import_module(hook.module)
    owner = getattr(module, hook.owner, None) if hook.owner else module
    return owner, None if owner is None else owner.__dict__.get(hook.method)


def of_another_version(hook: Hook, error: ModuleNotFoundError) -> bool:
    """Tell whether a hook could not be found because this version of the SDK lacks its module."""
    return bool(error.name) and f"{hook.module}.".startswith(f"{error.name}.")


def release(version: str) -> tuple[int, ...]:
    """Read the leading numbers of a version: ``3.52.0rc1`` is ``(3, 52)``."""
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


REGISTRY: Final = Registry()
