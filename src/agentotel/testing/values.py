"""Finished spans, events and metric points as immutable values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Self, TypeVar, overload

from agentotel.facts.call import AttributeValue
from agentotel.semconv import names as n

T = TypeVar("T")

Attributes = Mapping[str, AttributeValue]


class Fact(Generic[T]):
    """An attribute of a span as a property of its value; None where it is absent."""

    __slots__ = ("_name", "_read")

    def __init__(self, name: str, read: Callable[[Any], T]) -> None:
        self._name = name
        self._read = read

    @overload
    def __get__(self, span: None, owner: type[Span]) -> Self: ...

    @overload
    def __get__(self, span: Span, owner: type[Span]) -> T | None: ...

    def __get__(self, span: Span | None, owner: type[Span]) -> Self | T | None:
        if span is None:
            return self
        value = span.attributes.get(self._name)
        return None if value is None else self._read(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A span that another one points to. Ids are hexadecimal."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: an event of a span, or a log record.

    Attributes:
        name: For example ``agentotel.decision``.
        kind: Its kind as ``agentotel.event(kind)`` takes it, for example ``decision``; None for other events.
        attributes: Its attributes under their full names.
        signal: ``spans`` for an event of a span, ``logs`` for a log record.
        time_ns: When it happened, in nanoseconds of Unix time.
        span_id: The span that it belongs to; None outside every span.
        body: Body of a log record.
    """

    name: str
    kind: str | None
    attributes: Attributes = field(hash=False)
    signal: Literal["spans", "logs"]
    time_ns: int
    span_id: str | None
    body: object = field(default=None, hash=False)
    _spans: Mapping[str, Span] = field(repr=False, compare=False, hash=False)

    @property
    def span(self) -> Span | None:
        """The span that the event belongs to; None where it is not among those captured."""
        return None if self.span_id is None else self._spans.get(self.span_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A finished span.

    Attributes:
        name: For example ``chat gpt-5-mini``.
        kind: ``INTERNAL``, ``CLIENT``, ...
        status: ``UNSET``, ``OK`` or ``ERROR``.
        status_description: What the status says beyond that.
        attributes: Its attributes under their full names; sequences are tuples.
        events: Its events, oldest first.
        links: The spans it points to.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: The parent's ``span_id``; None at the root.
        started_at_ns: Start, in nanoseconds of Unix time.
        ended_at_ns: End, in nanoseconds of Unix time.
        scope: Name of the instrumentation that made it; agentotel's own is ``agentotel``.
    """

    name: str
    kind: str
    status: Literal["UNSET", "OK", "ERROR"]
    status_description: str | None
    attributes: Attributes = field(hash=False)
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    trace_id: str
    span_id: str
    parent_id: str | None
    started_at_ns: int
    ended_at_ns: int
    scope: str | None
    _spans: Mapping[str, Span] = field(repr=False, compare=False, hash=False)

    error_type = Fact(n.ERROR_TYPE, str)
    """Why it failed; None where it did not."""
    session_id = Fact(n.SESSION_ID, str)
    """The session it is part of."""

    @property
    def duration_s(self) -> float:
        """Seconds between start and end."""
        return (self.ended_at_ns - self.started_at_ns) / 1e9

    @property
    def parent(self) -> Span | None:
        """The span around this one; None at the root, or where it is not among those captured."""
        return None if self.parent_id is None else self._spans.get(self.parent_id)

    @property
    def children(self) -> tuple[Span, ...]:
        """The spans right inside this one, in the order they started."""
        return tuple(span for span in self._spans.values() if span.parent_id == self.span_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One series of a metric, as it stands.

    Attributes:
        name: Name of the metric.
        unit: Its unit, for example ``s``.
        kind: ``histogram``, ``sum`` or ``gauge``.
        attributes: The attributes of the series.
        value: The value of a sum or a gauge; None for a histogram.
        sum: The sum of a histogram's records.
        count: How many records a histogram has.
    """

    name: str
    unit: str
    kind: Literal["histogram", "sum", "gauge"]
    attributes: Attributes = field(hash=False)
    value: float | None = None
    sum: float | None = None
    count: int | None = None
