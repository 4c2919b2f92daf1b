"""Faults raised in one place at a time, wherever that place is called from."""

from __future__ import annotations

import contextvars
import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from opentelemetry import context as otel_context

import agentotel
from agentotel._core import guard
from agentotel.capture import asking, metering, neighbours

SOURCE = agentotel.__path__[0]


class InjectedError(Exception):
    """What is raised."""


@dataclass
class Raised:
    """How often a fault was raised, and what became of it."""

    times: int = 0
    unraisable: list[Any] = field(default_factory=list)


def import_everything() -> None:
    """Import every module of the package, so that every site exists."""
    for module in pkgutil.walk_packages(agentotel.__path__, "agentotel."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


@contextmanager
def at_site(name: str, monkeypatch: pytest.MonkeyPatch, *, late: bool = False) -> Iterator[Raised]:
    """Raise in what a site guards: in its place, or with ``late`` after it has run."""
    raised = Raised()
    site = guard.site(name)

    def faulty(function: Callable[..., Any], *args: Any) -> Any:
        def fail() -> None:
            if late:
                function(*args)
            raised.times += 1
            raise InjectedError(name)

        return site(fail)

    with monkeypatch.context() as patch:
        replace_site(name, faulty, patch)
        yield raised


def replace_site(name: str, by: guard.Site, patch: pytest.MonkeyPatch) -> None:
    """Put another function in the place of a site, in every module that has it or will."""
    site = guard.site(name)
    patch.setitem(guard._sites, name, by)
    for module_name, module in sys.modules.copy().items():
        if module_name.startswith("agentotel."):
            for attribute in [key for key, value in vars(module).items() if value is site]:
                patch.setattr(module, attribute, by)


@contextmanager
def in_code(code: CodeType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Raised]:
    """Raise whenever a function is entered.

    The interpreter stops tracing once a tracer raises; the guard, which then counts the error, starts it again.
    """
    raised = Raised()

    def trace(frame: FrameType, _event: str, _argument: object) -> None:
        if frame.f_code is code:
            raised.times += 1
            raise InjectedError(code.co_qualname)

    def report(site: str, error: Exception) -> None:
        guard.report(site, error)
        sys.settrace(trace)

    with monkeypatch.context() as patch:
        patch.setattr(guard, "on_error", report)
        patch.setattr(sys, "unraisablehook", raised.unraisable.append)
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield raised
        finally:
            sys.settrace(before)


def reached(run: Callable[[], Any]) -> tuple[list[CodeType], Any]:
    """List the functions of the package that ``run`` enters, and give its value."""
    found: dict[CodeType, None] = {}

    def trace(frame: FrameType, _event: str, _argument: object) -> None:
        if frame.f_code.co_filename.startswith(SOURCE):
            found.setdefault(frame.f_code)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        value = run()
    finally:
        sys.settrace(before)
    return list(found), value


def forget() -> None:
    """Empty what the package keeps of earlier calls, so that every function is entered again."""
    for name, module in sys.modules.copy().items():
        if name == "agentotel" or name.startswith("agentotel."):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper) and _is_ours(value):
                    value.cache_clear()
    for known in (asking._refusals, neighbours._scopes, neighbours._told):
        known.clear()
    metering.forget()


def _is_ours(function: Any) -> bool:
    return str(function.__module__).startswith("agentotel")


def all_codes() -> Iterator[CodeType]:
    """Give every function of the package, what is written inside others included."""
    for path in Path(SOURCE).rglob("*.py"):
        yield from _inside(compile(path.read_text(encoding="utf-8"), str(path), "exec"))


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)


def place(code: CodeType) -> str:
    """Name a function by its module and itself: ``wire/headers.py read_headers``."""
    return f"{code.co_filename.removeprefix(SOURCE).lstrip('/')} {code.co_qualname}"


def aside(run: Callable[[], Any]) -> tuple[Any, bool]:
    """Run in a copy of the context, and tell whether it is as it was afterwards."""

    def watched() -> tuple[Any, bool]:
        before = otel_context.get_current()
        value = run()
        return value, otel_context.get_current() is before

    return contextvars.copy_context().run(watched)
