"""What is put around the methods of HTTP libraries.

One wrapper reports attempts to the call or tool that is running, one records model calls of SDKs without an adapter.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from agentotel._core import guard
from agentotel.capture import unclaimed, wrap
from agentotel.capture.answers import REFUSED, Answer, known
from agentotel.capture.spec import HttpLibrary
from agentotel.capture.tracking import Tracking, current
from agentotel.facts.call import Attempt
from agentotel.record import identity as identities
from agentotel.record.operation import ModelFacts, Operation
from agentotel.wire import errors
from agentotel.wire.headers import HeaderFacts

_sent = guard.site("capture.http")

_sending: ContextVar[list[Attempt] | None] = ContextVar("agentotel-sending", default=None)
"""What a request is being sent for here: a library may send it through another one, as LiteLLM does.

It is known by its attempts, since a context that is copied inside would keep the operation.
"""

Call = Callable[..., Any]
Target = Callable[[Any, tuple[Any, ...], dict[str, Any]], tuple[str | None, object]]
"""Gives the host of a request, and what tells its place from others."""


def attempts(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that sends one request, sync or async as ``function`` is."""
    return (_attempts_async if inspect.iscoroutinefunction(function) else _attempts)(library.target)


def calls(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that an SDK without an adapter calls."""
    return wrap.wrapper(unclaimed.adapter(library), function)


def both(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that is called and sends one request."""
    outer, inner = calls(library, function), attempts(library, function)

    def call(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if current() is not None:
            return inner(wrapped, client, args, kwargs)
        return outer(lambda *a, **k: inner(wrapped, client, a, k), client, args, kwargs)

    return call


def _attempts(target: Target) -> Call:
    def send(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = _sent(_sender, client)
        if operation is None:
            return wrapped(*args, **kwargs)
        started_at_ns, before = time.time_ns(), _sending.get()
        _sending.set(operation.attempts)
        try:
            response = wrapped(*args, **kwargs)
        except BaseException as error:
            _sending.set(before)
            _sent(_failed, operation, started_at_ns, error, target, client, args, kwargs)
            raise
        _sending.set(before)
        _sent(_answered, operation, started_at_ns, response, target, client, args, kwargs)
        return response

    return send


def _attempts_async(target: Target) -> Call:
    async def send(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = _sent(_sender, client)
        if operation is None:
            return await wrapped(*args, **kwargs)
        started_at_ns, before = time.time_ns(), _sending.get()
        _sending.set(operation.attempts)
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            _sending.set(before)
            _sent(_failed, operation, started_at_ns, error, target, client, args, kwargs)
            raise
        _sending.set(before)
        _sent(_answered, operation, started_at_ns, response, target, client, args, kwargs)
        return response

    return send


def _sender(client: Any) -> Operation | None:
    """Find the model call or the tool that sends with ``client`` here; None inside another library's request for it."""
    tracking = current()
    if tracking is not None:
        found = tracking.operation if tracking.sends_with(client) else None
    else:
        tool = identities.current().tool
        found = tool if tool is not None and tool.open else None
    return None if found is None or found.attempts is _sending.get() else found


def _answered(operation: Operation, started_at_ns: int, response: Any, read: Target, *sent: Any) -> None:
    ended_at_ns = time.time_ns()
    target = read(*sent)
    tracking = current()
    if tracking is not None and not tracking.sends_to(target[0]):
        return
    answer = known(response)
    status = response.status if answer is None else answer.status
    headers = None if tracking is None or answer is None else _headers(tracking, answer, status, ended_at_ns)
    why = None if status < REFUSED else (str(status), errors.by_status(status))
    _note(operation, (started_at_ns, ended_at_ns), target, headers, status, why)


def _headers(tracking: Tracking, answer: Answer, status: int, at_ns: int) -> HeaderFacts | None:
    """Read the headers of a provider; those of a tool's servers are nobody's business."""
    facts = tracking.operation.facts
    if not isinstance(facts, ModelFacts):
        return None
    tracking.response = answer
    if tracking.answered is not None and status < REFUSED:
        tracking.answered(answer)
    facts.headers = headers = HeaderFacts(answer.headers, at_ns)
    return headers


def _failed(operation: Operation, started_at_ns: int, error: BaseException, read: Target, *sent: Any) -> None:
    ended_at_ns = time.time_ns()
    target = read(*sent)
    tracking = current()
    if tracking is not None:
        if not tracking.sends_to(target[0]):
            return
        tracking.response = None
    category = errors.category(error) or ("network" if isinstance(error, Exception) else "cancelled")
    _note(operation, (started_at_ns, ended_at_ns), target, None, None, (errors.error_type(error), category))


def _note(
    operation: Operation,
    lasted_ns: tuple[int, int],
    target: tuple[str | None, object],
    headers: HeaderFacts | None,
    status: int | None,
    why: tuple[str, str | None] | None,
) -> None:
    """Number the attempt, find what it repeats, and report it."""
    started_at_ns, ended_at_ns = lasted_ns
    host, place = target
    error_type, category = why or (None, None)
    before = _repeated(operation, place) if operation.attempts else None
    operation.attempt(
        Attempt(  # by position: by name it takes as long as everything else here
            operation.requests + 1,
            status,
            error_type,
            None if before is None else (started_at_ns - before.ended_at_ns) / 1e9,
            None if before is None else before.category,
            None if headers is None else headers.request_id,
            None if headers is None else headers.retry_after_s,
            host,
            category,
            place,
            started_at_ns,
            (ended_at_ns - started_at_ns) / 1e9,
        )
    )


def _repeated(operation: Operation, place: object) -> Attempt | None:
    """Find the attempt that a new one repeats.

    That is the last one of a model call; in a tool the last one to the same place, if it failed.
    """
    if isinstance(operation.facts, ModelFacts):
        return operation.attempts[-1]
    last = next((attempt for attempt in reversed(operation.attempts) if attempt.target == place), None)
    return last if last is not None and last.category is not None else None
