"""What is put around the methods of HTTP libraries.

One wrapper reports attempts to the call or tool that is running, one records model calls of SDKs without an adapter.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

from agentotel._core import guard
from agentotel.capture import unclaimed, wrap
from agentotel.capture.answers import Answer, answer_of
from agentotel.capture.spec import HttpLibrary
from agentotel.capture.tracking import current
from agentotel.facts.call import Attempt
from agentotel.record import identity as identities
from agentotel.record.operation import ModelFacts, Operation
from agentotel.wire import errors
from agentotel.wire.headers import HeaderFacts, read_headers

_sent = guard.site("capture.http")

_sending: ContextVar[list[Attempt] | None] = ContextVar("agentotel-sending", default=None)
"""What a request is being sent for here: a library may send it through another one, as LiteLLM does.

It is known by its attempts, since a context that is copied inside would keep the operation.
"""

Call = Callable[..., Any]
Where = Callable[[], tuple[str | None, object]]
"""Gives the host of a request, and what tells its place from others."""


def attempts(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that sends one request, sync or async as ``function`` is."""
    return _attempts_async(library) if inspect.iscoroutinefunction(function) else _attempts(library)


def calls(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that an SDK without an adapter calls."""
    return wrap.wrapper(unclaimed.adapter(library), function)


def both(library: HttpLibrary, function: Call) -> Call:
    """Make the wrapper of a method that is called and sends one request."""
    outer, inner = calls(library, function), attempts(library, function)

    def call(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return outer(lambda *a, **k: inner(wrapped, client, a, k), client, args, kwargs)

    return call


def _attempts(library: HttpLibrary) -> Call:
    def send(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = _sent(_sender, client)
        if operation is None:
            return wrapped(*args, **kwargs)
        started_at_ns = time.time_ns()
        before = _sending.set(operation.attempts)
        try:
            response = wrapped(*args, **kwargs)
        except BaseException as error:
            _sent(_failed, operation, started_at_ns, error, partial(library.target, client, args, kwargs))
            raise
        finally:
            _sent(_sending.reset, before)
        _sent(_answered, operation, started_at_ns, response, partial(library.target, client, args, kwargs))
        return response

    return send


def _attempts_async(library: HttpLibrary) -> Call:
    async def send(wrapped: Call, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = _sent(_sender, client)
        if operation is None:
            return await wrapped(*args, **kwargs)
        started_at_ns = time.time_ns()
        before = _sending.set(operation.attempts)
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            _sent(_failed, operation, started_at_ns, error, partial(library.target, client, args, kwargs))
            raise
        finally:
            _sent(_sending.reset, before)
        _sent(_answered, operation, started_at_ns, response, partial(library.target, client, args, kwargs))
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


def _meant(host: str | None) -> bool:
    """Tell whether a request to a host is one of the model call that is running here, if there is one."""
    tracking = current()
    return tracking is None or tracking.sends_to(host)


def _answered(operation: Operation, started_at_ns: int, response: Any, where: Where) -> None:
    target = where()
    if not _meant(target[0]):
        return
    answer = answer_of(response)
    status = response.status if answer is None else answer.status
    failed = status >= 400  # noqa: PLR2004 - an HTTP status
    headers = _headers(operation, answer)
    _note(
        operation,
        started_at_ns,
        target,
        headers,
        status=status,
        error_type=str(status) if failed else None,
        category=errors.by_status(status) if failed else None,
    )


def _headers(operation: Operation, answer: Answer | None) -> HeaderFacts:
    """Read the headers of a provider; those of a tool's servers are nobody's business."""
    tracking = current()
    facts = operation.facts
    if tracking is None or answer is None or not isinstance(facts, ModelFacts):
        return HeaderFacts()
    tracking.response = answer
    if tracking.answered is not None and not answer.refused:
        tracking.answered(answer)
    headers = read_headers(answer.headers, now=datetime.now(UTC))
    facts.rate_limits = headers.limits
    return headers


def _failed(operation: Operation, started_at_ns: int, error: BaseException, where: Where) -> None:
    target = where()
    if not _meant(target[0]):
        return
    tracking = current()
    if tracking is not None:
        tracking.response = None
    _note(
        operation,
        started_at_ns,
        target,
        HeaderFacts(),
        error_type=errors.error_type(error),
        category=errors.category(error) or ("network" if isinstance(error, Exception) else "cancelled"),
    )


def _note(
    operation: Operation,
    started_at_ns: int,
    target: tuple[str | None, object],
    headers: HeaderFacts,
    *,
    status: int | None = None,
    error_type: str | None = None,
    category: str | None = None,
) -> None:
    """Number the attempt, time it, find what it repeats, and report it."""
    host, place = target
    before = _repeated(operation, place)
    ended = None if before is None else before.started_at_ns + round(before.duration_s * 1e9)
    operation.attempt(
        Attempt(
            number=operation.requests + 1,
            status=status,
            error_type=error_type,
            wait_s=None if ended is None else (started_at_ns - ended) / 1e9,
            reason=None if before is None else before.category,
            request_id=headers.request_id,
            retry_after_s=headers.retry_after_s,
            host=host,
            category=category,
            target=place,
            started_at_ns=started_at_ns,
            duration_s=(time.time_ns() - started_at_ns) / 1e9,
        )
    )


def _repeated(operation: Operation, place: object) -> Attempt | None:
    """Find the attempt that a new one repeats.

    That is the last one of a model call; in a tool the last one to the same place, if it failed.
    """
    if not operation.attempts:
        return None
    if isinstance(operation.facts, ModelFacts):
        return operation.attempts[-1]
    last = next((attempt for attempt in reversed(operation.attempts) if attempt.target == place), None)
    return last if last is not None and last.category is not None else None
