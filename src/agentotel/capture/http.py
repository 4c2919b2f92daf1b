"""HTTP libraries: one small hook each, which reports attempts to the call that is running."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from agentotel._core import guard
from agentotel.capture.spec import Hook, HttpLibrary
from agentotel.capture.tracking import Tracking, current
from agentotel.facts.call import Attempt
from agentotel.record.operation import ModelFacts
from agentotel.wire import errors
from agentotel.wire.headers import HeaderFacts, read_headers

_sent = guard.site("capture.http")

LIBRARIES: Final = tuple(
    HttpLibrary(
        package=package,
        hooks=(
            Hook(module=package, owner="Client", method="send"),
            Hook(module=package, owner="AsyncClient", method="send"),
        ),
    )
    for package in ("httpx2", "httpx")
)


def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a ``send`` method, sync or async as ``function`` is."""
    return _send_async if inspect.iscoroutinefunction(function) else _send


def _send(wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tracking = current()
    if tracking is None or not tracking.sends_with(client):
        return wrapped(*args, **kwargs)
    started_at_ns = time.time_ns()
    try:
        response = wrapped(*args, **kwargs)
    except BaseException as error:
        _sent(_failed, tracking, started_at_ns, error, args)
        raise
    _sent(_answered, tracking, started_at_ns, response)
    return response


async def _send_async(wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tracking = current()
    if tracking is None or not tracking.sends_with(client):
        return await wrapped(*args, **kwargs)
    started_at_ns = time.time_ns()
    try:
        response = await wrapped(*args, **kwargs)
    except BaseException as error:
        _sent(_failed, tracking, started_at_ns, error, args)
        raise
    _sent(_answered, tracking, started_at_ns, response)
    return response


def _answered(tracking: Tracking, started_at_ns: int, response: Any) -> None:
    status = response.status_code
    headers = read_headers(response.headers.raw, now=datetime.now(UTC))
    tracking.response = response
    facts = tracking.operation.facts
    if isinstance(facts, ModelFacts) and headers.limits:
        facts.rate_limits = headers.limits
    failed = status >= 400  # noqa: PLR2004 - an HTTP status
    _note(
        tracking,
        started_at_ns,
        _attempt(response.request, headers, status, str(status) if failed else None),
        errors.by_status(status) if failed else None,
    )


def _failed(tracking: Tracking, started_at_ns: int, error: BaseException, args: tuple[Any, ...]) -> None:
    tracking.response = None
    _note(
        tracking,
        started_at_ns,
        _attempt(args[0] if args else None, HeaderFacts(), None, errors.error_type(error)),
        errors.category(error) or "network",
    )


def _attempt(request: Any, headers: HeaderFacts, status: int | None, error_type: str | None) -> Attempt:
    url = getattr(request, "url", None)
    return Attempt(
        number=0,
        status=status,
        error_type=error_type,
        request_id=headers.request_id,
        retry_after_s=headers.retry_after_s,
        host=getattr(url, "host", None),
    )


def _note(tracking: Tracking, started_at_ns: int, attempt: Attempt, reason: str | None) -> None:
    """Number the attempt, time it, and report it."""
    now = time.time_ns()
    repeated = tracking.ended_at_ns > 0
    tracking.operation.attempt(
        replace(
            attempt,
            number=len(tracking.operation.attempts) + 1,
            wait_s=(started_at_ns - tracking.ended_at_ns) / 1e9 if repeated else None,
            reason=tracking.reason if repeated else None,
            started_at_ns=started_at_ns,
            duration_s=(now - started_at_ns) / 1e9,
        )
    )
    tracking.ended_at_ns = now
    tracking.reason = reason
