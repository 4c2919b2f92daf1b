"""One decorator for functions, coroutine functions, generators and async generators.

A generator runs in its own context at each resumption and gives the caller's back at each pause, so
that nothing of it is current while the caller runs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel.api.attach import Attachment, swap


class Opened(Protocol):
    """One invocation: the context to run in, and how it ended."""

    @property
    def context(self) -> Context: ...

    def returned(self, value: object) -> None: ...

    def close(self, error: BaseException | None) -> None: ...


Opening = Callable[[tuple[Any, ...], dict[str, Any]], Opened]


def decorate(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    """Wrap ``function`` so that each invocation runs in what ``opening`` opens for its arguments."""
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, opening)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, opening)
    if inspect.isgeneratorfunction(function):
        return _generator(function, opening)
    return _plain(function, opening)


def _plain(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        opened = opening(args, kwargs)
        attachment = Attachment(opened.context)
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            attachment.leave()
            opened.close(error)
            raise
        attachment.leave()
        opened.returned(value)
        opened.close(None)
        return value

    return wrapper


def _coroutine(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        opened = opening(args, kwargs)
        attachment = Attachment(opened.context)
        try:
            value = await function(*args, **kwargs)
        except BaseException as error:
            attachment.leave()
            opened.close(error)
            raise
        attachment.leave()
        opened.returned(value)
        opened.close(None)
        return value

    return wrapper


def _generator(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        opened = opening(args, kwargs)
        try:
            value = yield from _drive(function(*args, **kwargs), opened.context)
        except BaseException as error:
            opened.close(error)
            raise
        opened.returned(value)
        opened.close(None)
        return value

    return wrapper


def _drive(generator: Generator[Any, Any, Any], context: Context) -> Generator[Any, Any, Any]:
    """Run a generator, each resumption in the context that its last pause left."""
    resume: Callable[[Any], Any] = generator.send
    value: Any = None
    try:
        while True:
            before = swap(context)
            try:
                item = resume(value)
            except StopIteration as stop:
                return stop.value
            finally:
                context = otel_context.get_current()
                otel_context.attach(before)
            try:
                value = yield item
                resume = generator.send
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - passed into the user's generator
                value, resume = error, generator.throw
    finally:
        before = swap(context)
        try:
            generator.close()
        finally:
            otel_context.attach(before)


def _async_generator(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        opened = opening(args, kwargs)
        driver = _drive_async(function(*args, **kwargs), opened.context)
        value: Any = None
        resume: Callable[[Any], Any] = driver.asend
        try:
            while True:
                try:
                    item = await resume(value)
                except StopAsyncIteration:
                    break
                try:
                    value = yield item
                    resume = driver.asend
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - passed into the user's generator
                    value, resume = error, driver.athrow
        except BaseException as error:
            await driver.aclose()
            opened.close(error)
            raise
        opened.close(None)

    return wrapper


async def _drive_async(generator: AsyncGenerator[Any, Any], context: Context) -> AsyncGenerator[Any, Any]:
    """Run an async generator, each resumption in the context that its last pause left."""
    resume: Callable[[Any], Any] = generator.asend
    value: Any = None
    try:
        while True:
            before = swap(context)
            try:
                item = await resume(value)
            except StopAsyncIteration:
                return
            finally:
                context = otel_context.get_current()
                otel_context.attach(before)
            try:
                value = yield item
                resume = generator.asend
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - passed into the user's generator
                value, resume = error, generator.athrow
    finally:
        before = swap(context)
        try:
            await generator.aclose()
        finally:
            otel_context.attach(before)
