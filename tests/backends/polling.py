"""Wait for something a server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_S = 0.1


def poll(fetch: Callable[[], T], done: Callable[[T], bool], *, timeout_s: float, what: str) -> T:
    """Fetch until the value is the wanted one, and return it.

    Args:
        fetch: Reads the value; what it raises ends the wait.
        done: Says whether the value is the wanted one.
        timeout_s: How long to go on. The value is read at least once.
        what: The thing waited for, for the message.

    Raises:
        TimeoutError: The time is over; the message shows the last value.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        value = fetch()
        if done(value):
            return value
        if time.monotonic() >= deadline_s:
            message = f"no {what} within {timeout_s:g} s; the last answer was {value!r:.2000}"
            raise TimeoutError(message)
        time.sleep(_PAUSE_S)
