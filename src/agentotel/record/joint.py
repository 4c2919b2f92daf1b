"""One span that several libraries tell about the same call.

A *joint* span is the one that is exported. Whoever opened it, and whoever else opened a span for the same call, are
its parties: it ends when the last of them has ended or dropped theirs, and what the library knows wins over what
others wrote. Spans of the other parties keep their attributes by giving them away, and have the identity of the joint
one, so that what they started or sent (``traceparent``) hangs below it.

Source of the private names of spans: ``opentelemetry/sdk/trace/__init__.py`` of opentelemetry-sdk 1.38 to 1.45.
"""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from agentotel._core import guard, late
from agentotel._core.locks import make_lock
from agentotel.record.identity import NOBODY, Identity

_party = guard.site("record.joint")
_close = guard.site("record.joint_close")

_JOINT: Final = "_agentotel_joint"
_KIND: Final = "_agentotel_kind"


class Joint(Span):
    """The library's side of a joint span; what it writes wins.

    ``announced`` is the operation that it was said to be before its attributes say so.
    ``claimed`` is set once a call of ours writes onto it, ``holds_calls`` once one ran in its trace while it was open,
    ``told_again`` once a call that it tells about had a span of its own.
    ``before_end`` is called with the joint and the span when all parties have ended. While nobody but the one who
    opened the span is left, it is not kept: it ends when it is dropped, too.
    """

    def __init__(
        self, span: Any, before_end: Callable[[Joint, Any], None] | None = None, *, identity: Identity = NOBODY
    ) -> None:
        self.context: SpanContext = span.get_span_context()
        self.parent: SpanContext | None = span.parent
        self.identity = identity
        self.claimed = False
        self.announced: str | None = None
        self.holds_calls = False
        self.told_again = False
        self.written: dict[str, AttributeValue] = {}
        self.started_at_ns: int = span.start_time
        self.ended_at_ns = 0
        self._before_end = before_end
        self._name: str | None = None
        self._status: Status | None = None
        self._lock = make_lock()
        self._ref = weakref.ref(span)
        self._kept: Any = span
        self._opener = False
        self._others = 0

    @classmethod
    def over(cls, span: Any, before_end: Callable[[Joint, Any], None], identity: Identity) -> Joint:
        """Make the span that somebody else just opened a joint one; ``identity`` is who was current."""
        joint = cls(span, before_end, identity=identity)
        joint._opener = True
        joint._kept = None
        span.__dict__[_JOINT] = joint
        span.__class__ = _opened(span.__class__)
        return joint

    @property
    def span(self) -> Any:
        """The span itself; None once it is gone."""
        return self._kept if self._kept is not None else self._ref()

    @property
    def resource(self) -> Any:
        """The resource of the span, by which those of different providers are told apart."""
        return getattr(self.span, "resource", None)

    @property
    def open(self) -> bool:
        """Whether the one who opened the span has not ended it."""
        return self._opener

    def join(self) -> Joint:
        """Take part: the span stays open until ``end()``."""
        with self._lock:
            self._others += 1
            self._kept = self.span
        return self

    def invite(self, span: Any) -> None:
        """Let a span that somebody just opened for the same call be one with this."""
        self.join()
        span.__dict__[_JOINT] = self
        span._context = self.context  # noqa: SLF001 - before anybody asked for it
        span._span_processor = _NOBODY  # noqa: SLF001 - it is never exported
        span.__class__ = _invited(span.__class__)

    def take(self, attributes: Mapping[str, AttributeValue] | None) -> None:
        """Add what another party knows, where the library does not know better."""
        span = self.span
        if span is not None and attributes:
            span.set_attributes({name: value for name, value in attributes.items() if name not in self.written})

    def end(self, end_time: int | None = None) -> None:
        """End the part of one who joined."""
        self._left(end_time if end_time is not None else time.time_ns())

    def dropped(self) -> None:
        """End the part of one who joined and was dropped, which tells no time."""
        self._left(0)

    def _left(self, ended_at_ns: int) -> None:
        with self._lock:
            self._others -= 1
            self.ended_at_ns = max(self.ended_at_ns, ended_at_ns)
            if self._others:
                return
            span = self.span
            if self._opener:
                self._kept = None
                return
        self._end(span)

    def released(self, span: Any, ended_at_ns: int) -> bool:
        """End the part of the one who opened the span. Always True, to be told from a fault."""
        with self._lock:
            self._opener = False
            self.ended_at_ns = max(self.ended_at_ns, ended_at_ns)
            if self._others:
                self._kept = span
                return True
        self._end(span)
        return True

    def _end(self, span: Any) -> None:
        if span is None:
            return
        ended_at_ns = self.ended_at_ns
        if self._before_end is not None:
            self.join()
            _close(self._before_end, self, span)
            with self._lock:
                self._others -= 1
        _part(span)
        _close(self._write, span)
        span.end(end_time=ended_at_ns or None)
        self._kept = None

    def _write(self, span: Any) -> None:
        if self._name is not None:
            span.update_name(self._name)
        span.set_attributes(self.written)
        if self._status is not None:
            span.set_status(self._status)

    def get_span_context(self) -> SpanContext:
        """Return the identity of the span."""
        return self.context

    def is_recording(self) -> bool:
        """Tell whether the span is there to be written to."""
        span = self.span
        return span is not None and bool(span.is_recording())

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Write attributes, now and again at the end."""
        self.written.update(attributes)
        if (span := self.span) is not None:
            span.set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Write one attribute."""
        self.set_attributes({key: value})

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event."""
        if (span := self.span) is not None:
            span.add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link."""
        if (span := self.span) is not None:
            span.add_link(context, attributes)

    def update_name(self, name: str) -> None:
        """Name the span, now and again at the end."""
        self._name = name
        if (span := self.span) is not None:
            span.update_name(name)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status."""
        self._status = status if isinstance(status, Status) else Status(status, description)
        if (span := self.span) is not None:
            span.set_status(self._status)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT002 - the interface of spans
    ) -> None:
        """Record an exception."""
        if (span := self.span) is not None:
            span.record_exception(exception, attributes, timestamp, escaped)


def _end_opened(self: Any, end_time: int | None = None) -> None:
    """End the part of the one who opened the span, once."""
    joint: Joint = self.__dict__[_JOINT]
    if joint.open and not _party(joint.released, self, end_time if end_time is not None else time.time_ns()):
        _part(self)
        self.end(end_time)


def _drop_opened(self: Any) -> None:
    joint: Joint | None = self.__dict__.get(_JOINT)
    if joint is not None and joint.open:
        _party(lambda: late.run(_party, joint.released, self, 0))


def _end_invited(self: Any, end_time: int | None = None) -> None:
    """Give what the span knows to the joint one."""
    joint: Joint | None = self.__dict__.pop(_JOINT, None)
    if joint is not None:
        _party(_give, self, joint)
        _party(joint.end, end_time)
    _part(self)
    self.end(end_time)


def _drop_invited(self: Any) -> None:
    joint: Joint | None = self.__dict__.pop(_JOINT, None)
    if joint is not None:
        _party(lambda: late.run(_party, joint.dropped))


def _give(span: Any, joint: Joint) -> None:
    joint.take(span.attributes)
    for event in span.events:
        joint.add_event(event.name, event.attributes, event.timestamp)
    for link in span.links:
        joint.add_link(link.context, link.attributes)


class Guest(Span):
    """A span handed to somebody who traces inside a call of ours, instead of one of their own."""

    def __init__(self, joint: Joint, attributes: Attributes = None) -> None:
        self._joint: Joint | None = joint.join()
        self._context = joint.context
        self._written: dict[str, AttributeValue] = dict(attributes or {})

    def get_span_context(self) -> SpanContext:
        """Return the identity of the joint span."""
        return self._context

    def is_recording(self) -> bool:
        """Tell whether it is open."""
        return self._joint is not None

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Keep attributes for the joint span."""
        self._written.update(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Keep one attribute."""
        self._written[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event to the joint span."""
        if self._joint is not None:
            _party(self._joint.add_event, name, attributes, timestamp)

    def update_name(self, name: str) -> None:
        """Do nothing: the joint span has its name."""

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Do nothing: the status is known to the call itself."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT002 - the interface of spans
    ) -> None:
        """Do nothing: the error is known to the call itself."""

    def end(self, end_time: int | None = None) -> None:
        """Give what was kept, once."""
        joint, self._joint = self._joint, None
        if joint is not None:
            _party(joint.take, self._written)
            _party(joint.end, end_time)

    def __del__(self) -> None:
        joint, self._joint = self._joint, None
        if joint is not None:
            _party(lambda: late.run(_party, joint.dropped))


class _Nobody:
    """A span processor that exports nothing."""

    def on_start(self, span: Any, parent_context: Context | None = None) -> None:
        """Do nothing."""

    def _on_ending(self, span: Any) -> None:
        """Do nothing."""

    def on_end(self, span: Any) -> None:
        """Do nothing."""


_NOBODY: Final = _Nobody()


@functools.cache
def _opened(kind: type) -> type:
    """Make the class of spans that their opener still holds."""
    return _like(kind, _end_opened, _drop_opened)


@functools.cache
def _invited(kind: type) -> type:
    """Make the class of spans that give what they know to a joint one."""
    return _like(kind, _end_invited, _drop_invited)


def _like(kind: type, end: Callable[..., None], drop: Callable[..., None]) -> type:
    # One base and no slots: only then may the class of a span be changed.
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "end": end, "__del__": drop, _KIND: kind})


def _part(span: Any) -> None:
    """Make a span what it was."""
    kind = getattr(span, _KIND, None)
    if kind is not None:
        span.__class__ = kind
        span.__dict__.pop(_JOINT, None)


def without(span: Any, unwanted: Callable[[str], bool]) -> dict[str, AttributeValue]:
    """Remove attributes of an open span, and give what they held."""
    attributes = span._attributes  # noqa: SLF001 - spans have no way to take an attribute back
    removed = {name: attributes[name] for name in [*attributes] if unwanted(name)}
    for name in removed:
        del attributes[name]
    return removed
