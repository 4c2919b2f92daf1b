"""What could not be sent, told in few lines: the first failure at once, then at most one line a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from agentotel.config.settings import SignalName
from agentotel.export.fork import after_fork
from agentotel.export.heard import Heard

logger = logging.getLogger("agentotel")

_ITEM: dict[SignalName, str] = {"traces": "span", "metrics": "export of metrics", "logs": "log record"}
_ITEMS: dict[SignalName, str] = {"traces": "spans", "metrics": "exports of metrics", "logs": "log records"}
_NOT_ALLOWED = frozenset({"401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"})
_NOT_THERE = frozenset({"404", "405", "501", "UNIMPLEMENTED"})


class Failures:
    """The failures of every exporter of one set-up.

    Args:
        interval_s: Seconds between two lines.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, *, interval_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._lock = threading.Lock()
        self._untold: Counter[SignalName] = Counter()
        self._told_at: float | None = None
        self._refused: list[SignalName] = []
        after_fork(self._forget)

    @property
    def refused(self) -> tuple[SignalName, ...]:
        """Signals that the backend does not take and that are sent no more."""
        return tuple(self._refused)

    def lost(self, signal: SignalName, count: int, endpoint: str, heard: Heard) -> None:
        """Count items that could not be sent, and say so if it is time."""
        with self._lock:
            self._untold[signal] += count
            now = self._clock()
            first = self._told_at is None
            if self._told_at is not None and now - self._told_at < self._interval_s:
                return
            self._told_at = now
            items, self._untold = items_text(self._untold), Counter()
        if first:
            logger.warning(
                "agentotel could not send %s to %s: %s. %s"
                "The program is unaffected; further losses are reported at most once a minute.",
                items, without_secrets(endpoint), heard, _advice(heard),
            )  # fmt: skip
        else:
            logger.warning("agentotel could not send %s since the last report: %s.", items, heard)

    def refuse(self, signal: SignalName, endpoint: str, heard: Heard) -> None:
        """Note that the backend does not take a signal; only the first one is worth a line."""
        with self._lock:
            first = not self._refused
            self._refused.append(signal)
        line = "%s does not take %s (%s): agentotel sends it none, nor other signals that it turns out to refuse."
        logger.log(logging.WARNING if first else logging.DEBUG, line, without_secrets(endpoint), signal, heard)

    def close(self, unsent: Mapping[SignalName, int], *, timed_out: bool, waited_s: float) -> None:
        """Say in one line what is lost for good, if anything is that no earlier line told."""
        with self._lock:
            lost = self._untold + Counter(unsent)
            self._untold = Counter()
        if timed_out:
            items = items_text(lost) or "the last telemetry"
            logger.warning("agentotel stopped waiting for the backend after %.1f s: %s not sent.", waited_s, items)
        elif lost:
            logger.warning("agentotel could not send %s before it was shut down.", items_text(lost))

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._untold = Counter()


def items_text(counts: Mapping[SignalName, int]) -> str:
    """Write counts for people: ``3 spans, 1 log record``."""
    return ", ".join(f"{count} {(_ITEM if count == 1 else _ITEMS)[name]}" for name, count in counts.items() if count)


def without_secrets(endpoint: str) -> str:
    """Leave user, password and query out of a URL."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else endpoint


def _advice(heard: Heard) -> str:
    if heard.unreachable:
        return "Is a collector listening there? "
    if heard.code in _NOT_ALLOWED:
        return "Check the headers: headers= or OTEL_EXPORTER_OTLP_HEADERS. "
    if heard.code in _NOT_THERE:
        return "Check the endpoint's path and protocol. "
    return ""
