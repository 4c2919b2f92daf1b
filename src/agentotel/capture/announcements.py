"""Frameworks that announce a model call to listeners before they make it.

A listener that traces opens its span then, and may say only at the end what it was. What is opened during an
announcement is that call.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from agentotel.capture.spec import Hook
from agentotel.record import again
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
    """One announcement; it is seen in the contexts that listeners run in, and afterwards where it was made.

    It keeps no span: a context lives as long as its task or thread. ``around`` is the announcement whose listener
    made this one.
    """

    __slots__ = ("around", "joints", "made", "operation")

    def __init__(self, operation: str, around: _Announcement | None) -> None:
        self.operation = operation
        self.around = around
        self.made = False
        self.joints: list[tuple[weakref.ref[Joint], set[str]]] = []

    def spans(self) -> Iterator[tuple[Joint, set[str]]]:
        """Give the spans that are still open, and whose they are."""
        for reference, scopes in self.joints:
            joint = reference()
            if joint is not None and joint.open:
                yield joint, scopes


_current: ContextVar[_Announcement | None] = ContextVar("agentotel-announcement", default=None)


def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a method that announces, sync or async as ``function`` is."""
    operation = _OPERATIONS.get(function.__name__, "chat")

    def announce(wrapped: Callable[..., Any], owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        announcement = _announced(operation, owner)
        try:
            return wrapped(*args, **kwargs)
        except BaseException:
            _current.set(announcement.around)  # no call follows
            raise
        finally:
            announcement.made = True

    async def announce_async(
        wrapped: Callable[..., Any], owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        announcement = _announced(operation, owner)
        try:
            return await wrapped(*args, **kwargs)
        except BaseException:
            _current.set(announcement.around)  # no call follows
            raise
        finally:
            announcement.made = True

    return announce_async if inspect.iscoroutinefunction(function) else announce


def _announced(operation: str, manager: Any) -> _Announcement:
    again.run.set(getattr(manager, "parent_run_id", None))
    announcement = _Announcement(operation, _making())
    _current.set(announcement)
    return announcement


def _making() -> _Announcement | None:
    """Give the announcement that is being made here, where a listener may have made others meanwhile."""
    announcement = _current.get()
    while announcement is not None and announcement.made:
        announcement = announcement.around
    return announcement


def take(joint: Joint, scope: str) -> None:
    """Take note of a span that a listener opens during an announcement."""
    announcement = _making()
    if announcement is not None:
        joint.announced = announcement.operation
        announcement.joints.append((weakref.ref(joint), {scope}))


def shared(scope: str) -> Joint | None:
    """Give the span that another listener has opened during the same announcement, for the same call."""
    announcement = _making()
    if announcement is None:
        return None
    for joint, scopes in announcement.spans():
        if scope not in scopes:
            scopes.add(scope)
            return joint
    return None


def last() -> Joint | None:
    """Give the first span of the last announcement that no call has claimed. One that has none left is over."""
    announcement = _current.get()
    while announcement is not None and announcement.made:
        for joint, _scopes in announcement.spans():
            if not joint.claimed:
                return joint
        announcement = announcement.around
        _current.set(announcement)
    return None
