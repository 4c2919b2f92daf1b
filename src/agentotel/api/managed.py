"""What ``with`` and ``async with`` share, for everything that is opened and closed."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

from agentotel.api.attach import Attachment, entered
from agentotel.api.decorate import Opened, close

H = TypeVar("H", bound=Opened)


class Managed(Generic[H]):
    """A context manager, sync and async. One object may be entered many times at once."""

    def __init__(self) -> None:
        self._entered: dict[int, tuple[Attachment, H]] = {}

    def _open(self) -> H:
        raise NotImplementedError

    def __enter__(self) -> H:
        opened = self._open()
        attachment = Attachment(opened.context, self)
        self._entered[id(attachment)] = attachment, opened
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        attachment, opened = self._mine()
        attachment.leave()
        close(opened, error)

    async def __aenter__(self) -> H:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _mine(self) -> tuple[Attachment, H]:
        """Take what was entered last in the running thread or task, else what was entered last anywhere."""
        for attachment in entered():
            if attachment.owner is self and (found := self._entered.pop(id(attachment), None)) is not None:
                return found
        return self._entered.popitem()[1]
