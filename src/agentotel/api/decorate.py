"""One decorator for functions, coroutine functions, generators and async generators.

A generator runs in its own context at each resumption and gives the caller's back at each pause.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any, Protocol

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard
from agentotel.api.attach import Lane, attach, context_of, leave
from agentotel.errors import ConfigurationError

opening_site = guard.site("api.open")
_close = guard.site("api.close")


class Opened(Protocol):
    """One invocation: the context to run in, and how it ended."""

    @property
    def context(self) -> Context:
        """The context to run in."""
        ...

    def _done(self, value: object) -> None: ...

    def _close(self, error: BaseException | None) -> None: ...


def close(opened: Opened, error: BaseException | None) -> None:
    """End an invocation, once."""
    _close(opened._close, error)  # noqa: SLF001 - users of a handle are not to find it


def _done(opened: Opened, value: object) -> None:
    """End the invocation of a decorated function that returned, once."""
    _close(opened._done, value)  # noqa: SLF001 - users of a handle are not to find it


class _Unopened:
    """What an invocation runs in where opening failed: nothing of it is recorded."""

    @property
    def context(self) -> Context:
        return otel_context.get_current()

    def _done(self, value: object) -> None:
        pass

    def _close(self, error: BaseException | None) -> None:
        pass


_UNOPENED = _Unopened()

Function = Callable[..., Any]
Opening = Callable[[tuple[Any, ...], dict[str, Any]], Opened]


def decorate(function: Any, opening: Callable[[Function], Opening]) -> Any:
    """Wrap ``function`` so that each invocation runs in what is opened for its arguments.

    Args:
        function: What is decorated. A class method or a static method stays one.
        opening: Makes the opener of the function's invocations.

    Raises:
        ConfigurationError: Not a function.
    """
    if isinstance(function, classmethod | staticmethod):
        return function.__class__(decorate(function.__func__, opening))
    if not callable(function) or isinstance(function, type):
        kind = "a class" if isinstance(function, type) else type(function).__name__
        message = f"agentotel decorates functions and methods, not {kind}: decorate the function that does the work"
        raise ConfigurationError(message)
    if inspect.isasyncgenfunction(function):
        wrap = _async_generator
    elif inspect.iscoroutinefunction(function):
        wrap = _coroutine
    elif inspect.isgeneratorfunction(function):
        wrap = _generator
    else:
        wrap = _plain
    return wrap(function, opening(function))


class _Inside:
    """Runs a block inside what was opened, and closes it where the block raises."""

    __slots__ = ("_attachment", "_opened")

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __enter__(self) -> None:
        self._attachment = attach(self._opened)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        leave(self._attachment)
        if error is not None:
            close(self._opened, error)


def _plain(function: Function, opening: Opening) -> Function:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        opened = opening_site(opening, args, kwargs) or _UNOPENED
        with _Inside(opened):
            value = function(*args, **kwargs)
        if type(value) is CoroutineType:  # isinstance() would ask a lazy proxy for its class
            return _finished(value, opened)
        _done(opened, value)
        return value

    return wrapper


def _coroutine(function: Function, opening: Opening) -> Function:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        opened = opening_site(opening, args, kwargs) or _UNOPENED
        with _Inside(opened):
            value = await function(*args, **kwargs)
        _done(opened, value)
        return value

    return wrapper


async def _finished(coroutine: Coroutine[Any, Any, Any], opened: Opened) -> Any:
    """Finish the coroutine that a plain function gave, for example through another decorator."""
    with _Inside(opened):
        value = await coroutine
    _done(opened, value)
    return value


def _generator(function: Function, opening: Opening) -> Function:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        opened = opening_site(opening, args, kwargs) or _UNOPENED
        try:
            value = yield from _drive(function(*args, **kwargs), Lane(context_of(opened)))
        except BaseException as error:
            close(opened, error)
            raise
        _done(opened, value)
        return value

    return wrapper


def _drive(generator: Generator[Any, Any, Any], lane: Lane) -> Generator[Any, Any, Any]:
    resume: Callable[[Any], Any] = generator.send
    value: Any = None
    try:
        while True:
            try:
                with lane:
                    item = resume(value)
            except StopIteration as stop:
                return stop.value
            try:
                value = yield item
                resume = generator.send
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - passed into the user's generator
                value, resume = error, generator.throw
    finally:
        value = None  # an error kept here would keep this very frame
        with lane:
            generator.close()


def _async_generator(function: Function, opening: Opening) -> Function:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        opened = opening_site(opening, args, kwargs) or _UNOPENED
        lane = Lane(context_of(opened))
        value: Any = None
        try:
            generator = function(*args, **kwargs)
            resume: Callable[[Any], Awaitable[Any]] = _unowned(generator)
            try:
                while True:
                    try:
                        with lane:
                            item = await resume(value)
                    except StopAsyncIteration:
                        break
                    try:
                        value = yield item
                        resume = generator.asend
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - passed into the user's generator
                        value, resume = error, generator.athrow
            finally:
                value = None  # an error kept here would keep this very frame
                with lane:
                    await generator.aclose()
        except BaseException as error:
            close(opened, error)
            raise
        close(opened, None)

    return wrapper


def _unowned(generator: AsyncGenerator[Any, Any]) -> Callable[[Any], Awaitable[Any]]:
    """Start an async generator that the event loop does not know of.

    The loop closes what it knows at its end, all at once; it knows the wrapper, and the wrapper closes the
    generator. Closed by both, the generator would be closed while it is being closed.
    """

    def first(value: Any) -> Awaitable[Any]:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return generator.asend(value)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return first
