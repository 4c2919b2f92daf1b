"""What an SDK exporter says in its log during one export.

An exporter returns only success or failure; the status, the reason and the retries are in what it
logs. While one of our exports runs, its records are read here instead of being printed, so that
failures can be told once, in our words. Exporters of the application log as before.

Source: opentelemetry-exporter-otlp-proto-grpc and -http, 1.38 to 1.45: ``_export``, ``export``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

_HTTP_STATUS = range(100, 600)
_REASON_LENGTH = 160


@dataclass(slots=True)
class Heard:
    """What was heard of one export.

    Attributes:
        on_retry: Called in the exporting thread when the exporter is about to wait and try again.
        code: ``404``, ``UNIMPLEMENTED`` or None when no answer came.
        reason: Why it failed, short, for people.
        unreachable: True when no connection was made.
    """

    on_retry: Callable[[Heard], None]
    code: str | None = None
    reason: str = ""
    unreachable: bool = False

    def take(self, record: logging.LogRecord) -> None:
        """Read one record of the exporter."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        template = str(record.msg)
        for value in arguments:
            self._value(value)
        if arguments and isinstance(arguments[-1], str) and ("reason:" in template or "details:" in template):
            self._details(arguments[-1])
        if record.levelno == logging.WARNING and "retrying" in template:
            if isinstance(arguments[0], str):  # the HTTP exporter gives the status as its phrase here
                self.code, self.reason, self.unreachable = None, _short(arguments[0]), False
            self.on_retry(self)

    def fail(self, error: BaseException) -> None:
        """Note an exception as the reason."""
        self.code = None
        self.reason, self.unreachable = plain_reason(error)

    def __str__(self) -> str:
        """Write code and reason, ``HTTP 404 Not Found``, ``UNAVAILABLE: Connection refused``."""
        if self.code is None:
            return self.reason or "no reason given"
        if self.code.isdecimal():
            return f"HTTP {self.code} {self.reason}".strip()
        return f"{self.code}: {self.reason}" if self.reason else self.code

    def _value(self, value: object) -> None:
        name = getattr(value, "name", None)
        if isinstance(value, BaseException):
            self.fail(value)
        elif isinstance(value, int) and value in _HTTP_STATUS:
            self.code, self.reason, self.unreachable = str(value), "", False
        elif isinstance(name, str) and isinstance(getattr(value, "value", None), tuple):  # a grpc.StatusCode
            self.code, self.reason, self.unreachable = name, "", name == "UNAVAILABLE"

    def _details(self, text: str) -> None:
        if self.code == "UNAVAILABLE":  # no connection, or an answer that says so
            self.unreachable = "connect" in text
            text = text.rpartition(": ")[2] if self.unreachable else text
        self.reason = _short(text)


def plain_reason(error: BaseException) -> tuple[str, bool]:
    """Say why a request failed, from its innermost system error, and whether nothing was reached at all.

    ``requests`` wraps "Connection refused" four times; people need the two words.
    """
    chain: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in chain:
        chain.append(inner)
        inner = inner.__cause__ or inner.__context__
    for one in reversed(chain):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror, isinstance(one, ConnectionRefusedError) or "resolution" in one.strerror
    timed_out = any("timeout" in type(one).__name__.lower() for one in chain)
    return ("no answer in time" if timed_out else _short(f"{type(error).__name__}: {error}")), False


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]}..."


class _Ear(logging.Filter):
    """A log filter that hands the records of a listening thread to its ``Heard``."""

    thread: ClassVar[threading.local] = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        heard: Heard | None = getattr(self.thread, "heard", None)
        if heard is None:
            return True
        heard.take(record)
        return False


_ear = _Ear()


def listen_to(exporter: object) -> None:
    """Attach the ear to the loggers of an exporter's modules, before any other filter of theirs."""
    for module in {kind.__module__ for kind in type(exporter).__mro__ if kind.__module__ not in {"abc", "builtins"}}:
        logger = logging.getLogger(module)
        if _ear not in logger.filters:
            logger.filters.insert(0, _ear)


@contextmanager
def listening(heard: Heard) -> Iterator[None]:
    """Hand what this thread's exporter logs in the block to ``heard``."""
    before = getattr(_Ear.thread, "heard", None)
    _Ear.thread.heard = heard
    try:
        yield
    finally:
        _Ear.thread.heard = before
