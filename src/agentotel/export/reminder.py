"""The hint that nothing is exported, where the program may still say where to."""

from __future__ import annotations

from collections.abc import Callable

from agentotel.facts.call import Attempt
from agentotel.record.operation import Event, Operation


class Reminder:
    """A recorder that calls ``say`` when the first operation starts: by then a program has set up what it wants."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say: Callable[[], None] | None = say

    def start(self, operation: Operation) -> None:  # noqa: ARG002 - the recorder's interface
        """Say it, once."""
        say, self._say = self._say, None
        if say is not None:
            say()

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Do nothing."""

    def event(self, operation: Operation, event: Event) -> None:
        """Do nothing."""

    def finish(self, operation: Operation) -> None:
        """Do nothing."""
