"""The wrapper around what a broker is called by, sync and async."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agentotel._core import guard
from agentotel.capture import wrap
from agentotel.capture.brokered import Broker
from agentotel.capture.spec import Brokered
from agentotel.capture.tracking import Tracking
from agentotel.facts.call import Failure
from agentotel.facts.stop import Outcome
from agentotel.record.pipeline import IDLE, active

_enter = guard.site("capture.broker")
_leave = guard.site("capture.leave")
_fail = guard.site("capture.fail")

Read = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Brokered]


def wrapper(read: Read, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a function or method that a broker is called by, sync or async as ``function`` is."""
    return _asynchronous(read) if inspect.iscoroutinefunction(function) else _synchronous(read)


def _synchronous(read: Read) -> Callable[..., Any]:
    def call(wrapped: Callable[..., Any], owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        broker = _enter(_entered, read, owner, args, kwargs)
        if broker is None:
            return wrapped(*args, **kwargs)
        try:
            value = wrapped(*args, **kwargs)
        except BaseException as error:
            _over(broker, error)
            raise
        _over(broker, None)
        return value

    return call


def _asynchronous(read: Read) -> Callable[..., Any]:
    async def call(wrapped: Callable[..., Any], owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        broker = _enter(_entered, read, owner, args, kwargs)
        if broker is None:
            return await wrapped(*args, **kwargs)
        try:
            value = await wrapped(*args, **kwargs)
        except BaseException as error:
            _over(broker, error)
            raise
        _over(broker, None)
        return value

    return call


def _entered(read: Read, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Broker | None:
    if active() is IDLE:
        return None
    broker = Broker(read(owner, args, kwargs))
    broker.enter()
    return broker


def _over(broker: Broker, error: BaseException | None) -> None:
    """Leave a broker, and end the call that waits for that."""
    _leave(broker.leave)
    _fail(_failed, broker, error)


def _failed(broker: Broker, error: BaseException | None) -> None:
    """End the call that failed last inside by what its caller is told; an inner broker only says what that may be."""
    waiting = broker.left()
    if waiting is None:
        return
    operation, failure = waiting
    if isinstance(error, Exception):
        failure = _told(failure, wrap.read_failure(operation, error))
    if broker.outermost is not broker:
        broker.outermost.hold(operation, failure)
    elif error is None or isinstance(error, Exception):
        operation.finish(Outcome.ERROR, failure)
        if error is not None:
            wrap.blame(operation, error, failure)
    else:
        wrap.failed(Tracking(operation), error)


def _told(sent: Failure, told: Failure) -> Failure:
    """Say of a failure what the caller is told; the category is the provider's, where it is more than a bad request."""
    known = sent.category not in (None, "schema")
    return replace(told, category=sent.category if known or told.category is None else told.category)


def plain(function: Callable[..., Any], call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of a module that goes through ``call``: a function like it, which is pickled by its name."""
    if inspect.iscoroutinefunction(function):

        async def called_async(*args: Any, **kwargs: Any) -> Any:
            return await call(function, None, args, kwargs)

        return functools.update_wrapper(called_async, function)

    def called(*args: Any, **kwargs: Any) -> Any:
        return call(function, None, args, kwargs)

    return functools.update_wrapper(called, function)
