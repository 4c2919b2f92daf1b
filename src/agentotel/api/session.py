"""Sessions: the only thing that creates identity."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.trace import INVALID_SPAN, Link, NonRecordingSpan, Span

from agentotel._core import guard, ids
from agentotel._core.locks import make_lock
from agentotel.api import check
from agentotel.api.block import Block, Handle, start, unopened
from agentotel.api.decorate import close
from agentotel.facts.call import AttributeValue
from agentotel.facts.stop import StopReason
from agentotel.facts.totals import Totals
from agentotel.record import identity as identities
from agentotel.record import unit as units
from agentotel.record.identity import NOBODY, Identity
from agentotel.record.operation import UNIT, Operation
from agentotel.record.pipeline import active
from agentotel.record.unit import Unit
from agentotel.semconv import names as n

logger = logging.getLogger("agentotel")

_link = guard.site("api.link")

MOST_SESSIONS = 10_000


class _Known:
    """What this process knows of a session. ``whole`` sums up the segments of one that has an id of its own."""

    __slots__ = ("attributes", "feature", "id", "last", "whole")

    def __init__(
        self, session_id: str, feature: str | None, attributes: Mapping[str, AttributeValue], *, whole: Unit | None
    ) -> None:
        self.id = session_id
        self.whole = whole
        self.feature = feature
        self.attributes: Mapping[str, AttributeValue] = {
            n.SESSION_ID: session_id,
            n.CONVERSATION_ID: session_id,
            **attributes,
        }
        self.last: Span = INVALID_SPAN


_lock = make_lock()
_sessions: OrderedDict[str, _Known] = OrderedDict()


@contextmanager
def forgotten() -> Iterator[None]:
    """Know no session of before for a block, and none of the block after it."""
    with _lock:
        before = dict(_sessions)
        _sessions.clear()
    try:
        yield
    finally:
        with _lock:
            _sessions.clear()
            _sessions.update(before)


def _known(unit: Unit) -> _Known | None:
    """Find the session that a segment belongs to, unless it has ended or has no id of its own."""
    known = _sessions.get(unit.id)
    return known if known is not None and known.whole is unit.whole else None


class Session(Handle):
    """A session, or the segment of one that this block is. ``totals`` are those of the session so far."""

    @property
    def totals(self) -> Totals:
        """Sums so far, over all segments of the session in this process."""
        return (self._unit.whole or self._unit).totals

    def end(self, reason: str | StopReason = StopReason.COMPLETED, detail: str | None = None) -> None:
        """End a session that was entered by its id; the next use of the id starts a new one.

        Outside the block, a last segment is opened for it. A session without an id of its own ends with its
        block, and this only sets its stop reason.
        """
        if self._operation.open:
            self.stop(reason, detail)
            self._unit.ended = True
        elif (known := _known(self._unit)) is not None:
            last = _segment(known, NOBODY)
            last.end(reason, detail)
            close(last, None)

    def _settle(self, error: BaseException | None) -> None:
        unit = self._unit
        with _lock:
            known = _known(unit)
            unit.ended |= unit.whole is None
            if known is not None and unit.ended:
                del _sessions[unit.id]
            elif known is not None and known.last is self._operation.span:
                known.last = NonRecordingSpan(known.last.get_span_context())
        super()._settle(error)


class _Nested(Session):
    """A session used inside itself: the same session, which this use does not end."""

    def __init__(self, operation: Operation, unit: Unit) -> None:
        super().__init__(operation, unit)
        self._context = otel_context.get_current()

    def _close(self, error: BaseException | None) -> None:
        """Leave the session as it is."""


class SessionBlock(Block[Session]):
    """Declare a session: one continuous task or conversation.

        with agentotel.session(user="u-17", feature="refunds") as session: ...

    Works with ``with``, ``async with`` and as a decorator, of generators too. Without ``session_id`` the block is
    the session and ends it. With one, the block is a segment: entering the id again resumes the session with its
    turn count and totals, until ``session.end()``. The same id inside itself changes nothing; another session
    inside is recorded as a linked session of its own, whose sums are part of those around it.

    Args:
        session_id: Id of a session that outlives the block, at most 256 characters.
        user: Whom the session is for.
        tenant: Customer or organisation.
        feature: Feature of the application, a bounded set: it labels metrics.
        channel: Where it comes from, for example ``web``.
        experiment: Experiment that the session takes part in.
        variant: Variant of the experiment.
        config_id: Version of the application's configuration.
        metadata: Further facts, a mapping of at most 32 texts to texts, numbers and booleans.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """

    def __init__(
        self,
        session_id: str | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        feature: str | None = None,
        channel: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        config_id: str | None = None,
        metadata: Mapping[str, str | bool | int | float] | None = None,
    ) -> None:
        super().__init__()
        self._id = check.session_id("session(session_id)", session_id)
        self._feature = check.text("session(feature=)", feature)
        given = {
            n.USER_ID: check.text("session(user=)", user),
            n.TENANT: check.text("session(tenant=)", tenant),
            n.FEATURE: self._feature,
            n.CHANNEL: check.text("session(channel=)", channel),
            n.EXPERIMENT: check.text("session(experiment=)", experiment),
            n.VARIANT: check.text("session(variant=)", variant),
            n.CONFIG_ID: check.text("session(config_id=)", config_id),
        }
        self._attributes: dict[str, AttributeValue] = {
            name: value for name, value in given.items() if value is not None
        }
        for key, item in check.metadata("session(metadata=)", metadata).items():
            self._attributes[n.METADATA_PREFIX + key] = item

    def _open(self) -> Session:
        around = identities.current()
        outer, operation = around.session, around.segment
        if outer is None or operation is None:
            return _segment(self._find(), around)
        if outer.id == self._id:
            return _Nested(operation, outer)
        session = _segment(self._find(), around)
        if not outer.warned:
            outer.warned = True
            logger.warning(
                "session %s is opened inside session %s: it is recorded as a linked session of its own; "
                "use turn(), agent() or step() for parts of one session",
                session.id,
                outer.id,
            )
        return session

    def _unopened(self) -> Session:
        return unopened(Session, units.SESSION, self._id or ids.long_id())

    def _find(self) -> _Known:
        """Find the session by its id, or make one."""
        if self._id is None:
            return _Known(ids.long_id(), self._feature, self._attributes, whole=None)
        with _lock:
            known = _sessions.get(self._id)
            if known is None:
                whole = Unit(units.SESSION, id=self._id)
                known = _sessions[self._id] = _Known(self._id, self._feature, self._attributes, whole=whole)
                if len(_sessions) > MOST_SESSIONS:
                    _sessions.popitem(last=False)
            else:
                _sessions.move_to_end(self._id)
                known.attributes = {**known.attributes, **self._attributes}
                known.feature = self._feature or known.feature
            return known


def _segment(known: _Known, around: Identity) -> Session:
    """Open a segment: linked, both ways where that is still open, to the one before it and to the session around."""
    unit = Unit(units.SESSION, known.feature, id=known.id, parent=around.unit, whole=known.whole)
    identity = Identity(session=unit, unit=unit, feature=known.feature, attributes=known.attributes)
    operation = Operation(active(), UNIT, unit, identity)
    related = [known.last] if around.segment is None else [known.last, around.segment.span]
    operation.links += [Link(context) for span in related if (context := span.get_span_context()).is_valid]
    start(operation)
    for span in related:
        if span.is_recording():
            _link(span.add_link, operation.span.get_span_context())
    known.last = operation.span
    return Session(operation, unit)
