"""Flush and shut down providers side by side, within one deadline for all of them.

The SDK's own bounds add up: ``force_flush`` of its processors ignores its time limit, and each provider
waits up to 30 s at exit. Here every provider is closed in a daemon thread of its own, and the caller
waits for all of them until one deadline. The threads are started early and parked, because Python 3.12
and newer start none while the interpreter exits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agentotel._core.guard import Site, site
from agentotel.config.settings import SignalName
from agentotel.export.fork import after_fork
from agentotel.export.watched import Watch

_flush = site("export.flush")
_shutdown = site("export.shutdown")


class Provider(Protocol):
    """What the SDK's three providers have in common."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is queued."""

    def shutdown(self) -> None:
        """Send what is queued and stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A provider of ours and what hangs on it.

    Attributes:
        signal: What it provides.
        provider: The SDK's provider.
        watches: Its exporters.
        processors: Its batch processors, asked for what is still queued.
    """

    signal: SignalName
    provider: Provider
    watches: Sequence[Watch] = ()
    processors: Sequence[object] = field(default=(), repr=False)

    def unsent(self) -> int:
        """Count the items in the queues and on the way."""
        return sum(watch.in_flight for watch in self.watches) + sum(map(_queued, self.processors))


def _queued(processor: object) -> int:
    """Count the queue of an SDK batch processor. It has no public name for it: 0 when it is elsewhere."""
    return len(getattr(getattr(processor, "_batch_processor", None), "_queue", ()))


class _Job:
    """One function run in one daemon thread, now or when told to."""

    def __init__(self, name: str, guard: Site, function: Callable[[], object], *, parked: bool) -> None:
        self._guard = guard
        self._function = function
        self._go = threading.Event()
        self._done = threading.Event()
        if not parked:
            self._go.set()
        threading.Thread(target=self._run, name=f"agentotel-{name}", daemon=True).start()

    def _run(self) -> None:
        self._go.wait()
        try:
            self._guard(self._function)
        finally:
            self._done.set()

    def start(self) -> None:
        self._go.set()

    def wait(self, deadline: float) -> bool:
        return self._done.wait(max(0.0, deadline - time.monotonic()))


def flush(targets: Sequence[Target], timeout_s: float) -> tuple[SignalName, ...]:
    """Send what is queued now; return the signals that did not finish in ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    try:
        jobs = [_Job(f"flush-{one.signal}", _flush, one.provider.force_flush, parked=False) for one in targets]
    except RuntimeError:  # the interpreter is exiting and starts no thread; Closer.run() comes after this
        return tuple(one.signal for one in targets)
    finished = [job.wait(deadline) for job in jobs]
    return tuple(one.signal for one, done in zip(targets, finished, strict=True) if not done)


class Closer:
    """Shuts the providers of one set-up down, once, also while the interpreter exits.

    Its threads wait from the beginning, and again in a forked child.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)
        self._closed = False
        self._jobs: list[_Job] = []
        self._park()
        after_fork(self._park)

    def run(self, timeout_s: float) -> Mapping[SignalName, int] | None:
        """Shut all providers down and wait up to ``timeout_s`` seconds.

        Returns:
            None when all is done, else what was left unsent by signal (``{"traces": 512}``). A second
            call does nothing and returns None.
        """
        if self._closed:
            return None
        self._closed = True
        deadline = time.monotonic() + timeout_s
        for target in self._targets:
            for watch in target.watches:
                watch.end()
        for job in self._jobs:
            job.start()
        finished = [job.wait(deadline) for job in self._jobs]
        if all(finished):
            return None
        late = (one for one, done in zip(self._targets, finished, strict=True) if not done)
        return {one.signal: one.unsent() for one in late}

    def _park(self) -> None:
        if not self._closed:
            self._jobs = [
                _Job(f"close-{one.signal}", _shutdown, one.provider.shutdown, parked=True) for one in self._targets
            ]
