"""Pairs the tool calls that a model asks for with the tools that run, within one run."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from agentotel._core.canonical import canonical_json
from agentotel._core.locks import make_lock
from agentotel.facts.call import ToolRequest

_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A tool call that a model asked for. ``trace_id`` and ``span_id`` name the asking span."""

    id: str | None
    name: str
    arguments: str
    trace_id: int
    span_id: int
    trace_flags: int
    offered: bool


def canonical_arguments(arguments: object) -> str:
    """Write arguments as canonical JSON, whether the provider sent a text or a mapping.

    A text that is not JSON stays as it is: it matches no call, and the request becomes an event.
    """
    if not isinstance(arguments, str):
        return canonical_json(arguments)
    try:
        return canonical_json(json.loads(arguments)) if arguments else "{}"
    except ValueError:
        return arguments


class Requested:
    """The open tool requests of one run, oldest first. Bounded: the oldest gives way."""

    __slots__ = ("_failures", "_lock", "_open", "_serial")

    def __init__(self) -> None:
        self._lock = make_lock()
        self._open: OrderedDict[tuple[str, str, int], Asked] = OrderedDict()
        self._serial = 0
        self._failures: dict[tuple[str, str], int] = {}

    def ask(
        self, requests: Iterable[ToolRequest], *, span: tuple[int, int, int], offered: frozenset[str] | None
    ) -> None:
        """Note the requests of one response. ``offered`` names the tools of the request, None if unknown."""
        trace_id, span_id, flags = span
        with self._lock:
            for request in requests:
                arguments = canonical_arguments(request.arguments)
                self._serial += 1
                self._open[(request.name, arguments, self._serial)] = Asked(
                    id=request.id,
                    name=request.name,
                    arguments=arguments,
                    trace_id=trace_id,
                    span_id=span_id,
                    trace_flags=flags,
                    offered=offered is None or request.name in offered,
                )
            while len(self._open) > _MOST:
                self._open.popitem(last=False)

    def take(self, name: str, arguments: str) -> Asked | None:
        """Take the oldest open request for this name and these canonical arguments."""
        with self._lock:
            for key in self._open:
                if key[0] == name and key[1] == arguments:
                    return self._open.pop(key)
        return None

    def answered(self, ids: Iterable[str]) -> None:
        """Drop requests whose result the application sent back without a tool of ours having run.

        Where the provider gives its requests no ids, the name of the tool stands for one.
        """
        wanted = set(ids)
        with self._lock:
            for key in [key for key, asked in self._open.items() if (asked.id or asked.name) in wanted]:
                del self._open[key]

    def __bool__(self) -> bool:
        """Whether a request is open."""
        return bool(self._open)

    def left(self) -> list[Asked]:
        """Take what was asked for and never ran."""
        with self._lock:
            open_requests = list(self._open.values())
            self._open.clear()
        return open_requests

    def attempt(self, name: str, arguments: str) -> int:
        """Number this execution: one more than the failures in a row of the same call."""
        return self._failures.get((name, arguments), 0) + 1

    def ended(self, name: str, arguments: str, *, failed: bool) -> None:
        """Note how an execution ended."""
        with self._lock:
            before = self._failures.pop((name, arguments), 0)
            if failed:
                self._failures[(name, arguments)] = before + 1
                if len(self._failures) > _MOST:
                    del self._failures[next(iter(self._failures))]
