"""What could not be sent, told in few lines: the first failure at once, then at most one line a minute."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentotel._core.locks import make_lock
from agentotel.config.endpoints import without_secrets
from agentotel.config.settings import SignalName
from agentotel.export.fork import after_fork
from agentotel.export.heard import Heard

logger = logging.getLogger("agentotel")

_ITEM: dict[SignalName, str] = {"traces": "span", "metrics": "export of metrics", "logs": "log record"}
_ITEMS: dict[SignalName, str] = {"traces": "spans", "metrics": "exports of metrics", "logs": "log records"}
_NOT_ALLOWED = frozenset({"401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"})
NOT_TAKEN = frozenset({"404", "405", "501", "UNIMPLEMENTED"})
"""Answers of a backend that has no receiver for a signal."""


@dataclass(frozen=True, slots=True)
class _Failure:
    signal: SignalName
    endpoint: str
    heard: Heard


class Failures:
    """The failures of every exporter of one set-up.

    Args:
        interval_s: Seconds between two lines.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, *, interval_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._lock = make_lock()
        self._untold: Counter[SignalName] = Counter()
        self._last: _Failure | None = None
        self._told_at: float | None = None
        self._refused: list[SignalName] = []
        self._closing = False
        self._places: dict[SignalName, str] = {}
        after_fork(self._forget)

    @property
    def refused(self) -> tuple[SignalName, ...]:
        """Signals that the backend does not take and that are sent no more."""
        return tuple(self._refused)

    def expect(self, signal: SignalName, endpoint: str) -> None:
        """Be told that a signal is sent to an endpoint."""
        self._places[signal] = urlsplit(endpoint).netloc

    def lost(self, signal: SignalName, count: int, endpoint: str, heard: Heard) -> None:
        """Count items that could not be sent, and say so if it is time."""
        with self._lock:
            self._untold[signal] += count
            self._last = _Failure(signal, endpoint, heard)
            now = self._clock()
            soon = self._told_at is not None and now - self._told_at < self._interval_s
            if self._closing or soon:
                return
            line = self._line()
            self._told_at = now
        logger.warning("%s Further losses are reported at most once a minute.", line)

    def refuse(self, signal: SignalName, endpoint: str, heard: Heard) -> None:
        """Note that the backend does not take a signal; only the first one is worth a line."""
        with self._lock:
            told = bool(self._refused) or (self._last is not None and self._last.heard.code in NOT_TAKEN)
            self._refused.append(signal)
        line = "%s does not take %s (%s): agentotel sends it none, nor other signals that it turns out to refuse."
        logger.log(logging.DEBUG if told else logging.WARNING, line, without_secrets(endpoint), signal, heard)

    def close(self) -> None:
        """Be told that the end is near: keep what is lost from now on for the one last line."""
        self._closing = True

    def settle(self, unsent: Mapping[SignalName, int], *, timed_out: bool, waited_s: float) -> None:
        """Say in one line what is lost for good, if anything is that no earlier line told."""
        with self._lock:
            self._untold.update(unsent)
            if timed_out:
                items = items_text(self._untold) or "the last telemetry"
                line = f"agentotel stopped waiting for the backend after {waited_s:.1f} s: {items} not sent."
            elif self._untold:
                line = self._line()
            else:
                return
            self._untold = Counter()
        logger.warning("%s", line)

    def _line(self) -> str:
        signals = set(self._untold)
        items, self._untold = items_text(self._untold), Counter()
        if self._last is None:
            return f"agentotel could not send {items}."
        endpoint, heard = without_secrets(self._last.endpoint), self._last.heard
        advice = "" if self._told_at is not None else self._too(signals, self._last) + _advice(heard)
        return f"agentotel could not send {items} to {endpoint}: {heard}.{advice} The program is unaffected."

    def _too(self, signals: set[SignalName], failure: _Failure) -> str:
        """Name the other signals that go to where nothing was reached."""
        place = urlsplit(failure.endpoint).netloc
        others = [name for name, where in self._places.items() if name not in signals and where == place]
        if not failure.heard.unreachable or not place or not others:
            return ""
        return f" {' and '.join(others).capitalize()} go there too."

    def _forget(self) -> None:
        self._untold = Counter()


def items_text(counts: Mapping[SignalName, int]) -> str:
    """Write counts for people: ``3 spans, 1 log record``."""
    return ", ".join(f"{count} {(_ITEM if count == 1 else _ITEMS)[name]}" for name, count in counts.items() if count)


def _advice(heard: Heard) -> str:
    if heard.unreachable:
        return " Is a collector listening there?"
    if heard.code in _NOT_ALLOWED:
        return " Check the headers: headers= or OTEL_EXPORTER_OTLP_HEADERS."
    if heard.code in NOT_TAKEN:
        return " Check the endpoint's path and protocol."
    return ""
