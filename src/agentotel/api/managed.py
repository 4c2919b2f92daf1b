"""What ``with`` and ``async with`` share, for everything that is opened and closed."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

from agentotel._core import guard
from agentotel.api.attach import Attachment, attach, entered, leave
from agentotel.api.decorate import Opened, close, opening_site

_leave = guard.site("api.leave")

H = TypeVar("H", bound=Opened)


class Managed(Generic[H]):
    """A context manager, sync and async. One object may be entered many times at once."""

    def __init__(self) -> None:
        self._entered: dict[int, tuple[Attachment | None, H]] = {}

    def _open(self) -> H:
        raise NotImplementedError

    def _unopened(self) -> H:
        """Make what the application gets where opening failed: a handle of the same kind that records nothing."""
        raise NotImplementedError

    def __enter__(self) -> H:
        opened = opening_site(self._open) or self._unopened()
        attachment = attach(opened, self)
        self._entered[id(attachment or opened)] = attachment, opened
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened = _leave(self._left)
        if opened is not None:
            close(opened, error)

    async def __aenter__(self) -> H:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _left(self) -> H:
        """Give the context back, and give what was opened."""
        attachment, opened = self._mine()
        leave(attachment)
        return opened

    def _mine(self) -> tuple[Attachment | None, H]:
        """Take what was entered last in the running thread or task, else what was entered last anywhere."""
        for attachment in entered():
            if attachment.owner is self and (found := self._entered.pop(id(attachment), None)) is not None:
                return found
        return self._entered.popitem()[1]
