"""Context managers around an HTTP response, as some SDKs make their streams: the request is sent on entering."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from agentotel._core import guard
from agentotel.capture.tracking import Tracking

_leave = guard.site("capture.leave")
_fail = guard.site("capture.fail")
_answer = guard.site("capture.answer")

_SYNC: Final[type] = contextlib._GeneratorContextManager  # noqa: SLF001 - what @contextmanager makes
_ASYNC: Final[type] = contextlib._AsyncGeneratorContextManager  # noqa: SLF001 - what @asynccontextmanager makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """What ends the operation of a call: the response that was entered, or the error."""

    entered: Callable[[Tracking, Any], object]
    left: Callable[[Tracking, Any], object]
    failed: Callable[[Tracking, BaseException], object]


def made(value: Any) -> bool:
    """Tell whether a value is a context manager made of a generator."""
    return isinstance(value, _SYNC | _ASYNC)


def watched(tracking: Tracking, manager: Any, endings: Endings) -> Any:
    """Make a context manager of the same type, which enters ``manager`` as part of the call."""
    return (_sync if isinstance(manager, _SYNC) else _async)(tracking, manager, endings)


@contextlib.contextmanager
def _sync(tracking: Tracking, manager: Any, endings: Endings) -> Iterator[Any]:
    _answer(tracking.enter)
    try:
        response = manager.__enter__()
    except BaseException as error:
        _leave(tracking.leave)
        _fail(endings.failed, tracking, error)
        raise
    _leave(tracking.leave)
    _answer(endings.entered, tracking, response)
    try:
        try:
            yield response
        except BaseException as error:
            if not manager.__exit__(type(error), error, error.__traceback__):
                raise
        else:
            manager.__exit__(None, None, None)
    except BaseException as error:
        _fail(_raised, tracking, error, endings)
        raise
    finally:
        _answer(endings.left, tracking, response)


@contextlib.asynccontextmanager
async def _async(tracking: Tracking, manager: Any, endings: Endings) -> AsyncIterator[Any]:
    _answer(tracking.enter)
    try:
        response = await manager.__aenter__()
    except BaseException as error:
        _leave(tracking.leave)
        _fail(endings.failed, tracking, error)
        raise
    _leave(tracking.leave)
    _answer(endings.entered, tracking, response)
    try:
        try:
            yield response
        except BaseException as error:
            if not await manager.__aexit__(type(error), error, error.__traceback__):
                raise
        else:
            await manager.__aexit__(None, None, None)
    except BaseException as error:
        _fail(_raised, tracking, error, endings)
        raise
    finally:
        _answer(endings.left, tracking, response)


def _raised(tracking: Tracking, error: BaseException, endings: Endings) -> None:
    """End a call by the error that left its manager, unless its body has ended it: then the error is not the call's."""
    if tracking.operation.open and not isinstance(error, GeneratorExit):
        endings.failed(tracking, error)
