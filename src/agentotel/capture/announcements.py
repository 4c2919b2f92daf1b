"""Frameworks that announce a model call to listeners before they make it.

A listener that traces opens its span then, and may say only at the end what it was. What is opened during an
announcement is that call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from agentotel.capture.spec import Hook
from agentotel.record.joint import Joint

MODULES: Final = {
    "langchain_core.callbacks.manager": tuple(
        Hook(module="langchain_core.callbacks.manager", owner=owner, method=method)
        for owner in ("CallbackManager", "AsyncCallbackManager")
        for method in ("on_chat_model_start", "on_llm_start")
    )
}
"""Methods that announce model calls, by the module whose import brings them."""

_OPERATIONS: Final = {"on_chat_model_start": "chat", "on_llm_start": "text_completion"}


class _Announcement:
    """One announcement; it is seen in the contexts that listeners run in, and afterwards where it was made."""

    __slots__ = ("joints", "made", "operation")

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.made = False
        self.joints: list[tuple[Joint, set[str]]] = []


_current: ContextVar[_Announcement | None] = ContextVar("agentotel-announcement", default=None)


def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a method that announces, sync or async as ``function`` is."""
    operation = _OPERATIONS.get(function.__name__, "chat")

    def announce(wrapped: Callable[..., Any], _owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        announcement = _Announcement(operation)
        _current.set(announcement)
        try:
            return wrapped(*args, **kwargs)
        finally:
            announcement.made = True

    async def announce_async(
        wrapped: Callable[..., Any], _owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        announcement = _Announcement(operation)
        _current.set(announcement)
        try:
            return await wrapped(*args, **kwargs)
        finally:
            announcement.made = True

    return announce_async if inspect.iscoroutinefunction(function) else announce


def take(joint: Joint, scope: str) -> None:
    """Take note of a span that a listener opens during an announcement."""
    announcement = _current.get()
    if announcement is not None and not announcement.made:
        joint.announced = announcement.operation
        announcement.joints.append((joint, {scope}))


def shared(scope: str) -> Joint | None:
    """Give the span that another listener has opened during the same announcement, for the same call."""
    announcement = _current.get()
    if announcement is None or announcement.made:
        return None
    for joint, scopes in announcement.joints:
        if scope not in scopes and joint.open:
            scopes.add(scope)
            return joint
    return None


def last() -> Joint | None:
    """Give the first span of the last announcement that no call has claimed."""
    announcement = _current.get()
    if announcement is None or not announcement.made:
        return None
    return next((joint for joint, _scopes in announcement.joints if joint.open and not joint.claimed), None)
