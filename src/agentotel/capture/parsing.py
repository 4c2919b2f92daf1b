"""What SDKs parse outside the call that fetched it: stream helpers, and raw responses that are parsed later.

A failure there is recorded by itself, at the operation of the answer. It is found again by the object that the call
gave; a table of weak references neither keeps nor changes it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final
from weakref import WeakKeyDictionary

from agentotel._core import guard
from agentotel.api import events
from agentotel.capture import bodies
from agentotel.capture.tracking import current
from agentotel.facts.stop import Outcome
from agentotel.record.operation import Operation

_parse = guard.site("capture.parse")

_operations: Final[WeakKeyDictionary[Any, Operation]] = WeakKeyDictionary()

Failed = Callable[[BaseException], object]
"""Ends the operation of a stream of which an item could not be parsed."""

Blame = Callable[[Operation, Exception], object]
"""Remembers why a unit ends, in case the error ends it."""


def remember(answer: Any, operation: Operation) -> None:
    """Note whose answer an object is, until it is gone or was told of once."""
    _operations[answer] = operation


def report(operation: Operation, error: Exception) -> None:
    """Record that an answer could not be parsed into what was asked for."""
    made = events.make("validation", {"validator": "response_format", "verdict": "fail", "expected": _expected(error)})
    (operation.identity.operation or operation).event(made)


def _expected(error: Exception) -> str | None:
    """Name the schema that a pydantic error is about; its messages may hold content."""
    title = getattr(error, "title", None)
    return title if isinstance(title, str) else type(error).__name__


def wrapper(holders: tuple[str, ...], blame: Blame) -> Callable[..., Any]:
    """Make the wrapper of a method that parses. ``holders`` name attributes that hold the answer it parses."""

    def call(wrapped: Callable[..., Any], receiver: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            value = wrapped(*args, **kwargs)
        except Exception as error:
            _parse(_failed_of, receiver, holders, error, blame)
            raise
        if type(value) not in _LATER:
            return value
        passed_on = _parse(_passed_on, value, receiver, holders, blame)
        return value if passed_on is None else passed_on

    return call


_LATER: Final = frozenset({GeneratorType, AsyncGeneratorType, CoroutineType})


def _held(receiver: Any, holders: tuple[str, ...]) -> Any:
    """Find the answer that a receiver parses: what it holds, else itself."""
    return next((held for name in holders if (held := vars(receiver).get(name)) is not None), receiver)


def _failed_of(receiver: Any, holders: tuple[str, ...], error: Exception, blame: Blame) -> None:
    _failed(_held(receiver, holders), error, blame)


def _passed_on(value: Any, receiver: Any, holders: tuple[str, ...], blame: Blame) -> Any:
    """Pass on what parses later by a value of the same type."""
    answer = _held(receiver, holders)
    if isinstance(value, GeneratorType):
        return _steps(value, answer, blame)
    if isinstance(value, AsyncGeneratorType):
        return _steps_async(value, answer, blame)
    return _awaited(value, answer, blame)


def _steps(inner: Iterator[Any], answer: Any, blame: Blame) -> Iterator[Any]:
    try:
        yield from inner
    except Exception as error:
        _parse(_failed, answer, error, blame)
        raise


async def _steps_async(inner: AsyncGeneratorType[Any, Any], answer: Any, blame: Blame) -> AsyncIterator[Any]:
    try:
        async for item in inner:
            yield item
    except Exception as error:
        _parse(_failed, answer, error, blame)
        raise
    finally:
        await bodies.finish(inner)


async def _awaited(value: Awaitable[Any], answer: Any, blame: Blame) -> Any:
    try:
        return await value
    except Exception as error:
        _parse(_failed, answer, error, blame)
        raise


def _failed(answer: Any, error: Exception, blame: Blame) -> None:
    """Record a failure, unless the call itself failed, or is still to fail because of it."""
    if current() is not None or answer is None:
        return
    operation = _operations.pop(answer, None)
    if operation is None or operation.outcome not in _WHOLE:
        return
    report(operation, error)
    blame(operation, error)


_WHOLE: Final = frozenset({Outcome.COMPLETED, Outcome.ABANDONED})
"""How an operation has ended, or will, whose answer was what the provider meant it to be."""


class Parser:
    """Stands before what makes items of what a stream's iterator gave, and tells ``failed`` what that raises."""

    __slots__ = ("_parser", "parse")

    def __init__(self, parser: Any, failed: Failed) -> None:
        self._parser = parser
        asynchronous = inspect.iscoroutinefunction(parser.parse)
        self.parse = _parsing_async(parser.parse, failed) if asynchronous else _parsing(parser.parse, failed)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_parser"), name)


def _parsing(parse: Callable[..., Any], failed: Failed) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return parse(*args, **kwargs)
        except BaseException as error:
            _parse(failed, error)
            raise

    return call


def _parsing_async(parse: Callable[..., Any], failed: Failed) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await parse(*args, **kwargs)
        except BaseException as error:
            _parse(failed, error)
            raise

    return call
