"""Sessions: the only thing that creates identity."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.trace import Link, SpanContext

from agentotel._core import ids
from agentotel.api import check
from agentotel.api.block import Block, Handle, start
from agentotel.facts.call import AttributeValue
from agentotel.facts.stop import StopReason
from agentotel.record import identity as identities
from agentotel.record import unit as units
from agentotel.record.identity import Identity
from agentotel.record.operation import Operation
from agentotel.record.unit import Unit
from agentotel.semconv import names as n

logger = logging.getLogger("agentotel")

MOST_SESSIONS = 10_000


class _Known:
    """What this process knows of a session that has an id of its own."""

    __slots__ = ("attributes", "feature", "last_segment", "unit")

    def __init__(self, unit: Unit, feature: str | None, attributes: Mapping[str, AttributeValue]) -> None:
        self.unit = unit
        self.feature = feature
        self.attributes = attributes
        self.last_segment: SpanContext | None = None


_lock = threading.Lock()
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


class Session(Handle):
    """A session, or the segment of one that this block is."""

    def __init__(self, operation: Operation, unit: Unit, *, segment: bool, borrowed: bool = False) -> None:
        super().__init__(operation, unit, context=otel_context.get_current() if borrowed else None)
        self._segment = segment
        self._borrowed = borrowed

    def end(self, reason: str | StopReason = StopReason.COMPLETED, detail: str | None = None) -> None:
        """End a session that was entered by its id; the next use of the id starts a new one.

        Outside the block, a last segment is opened for it. A session without an id of its own ends with its
        block, and this only sets its stop reason.
        """
        if self._operation.open:
            self.stop(reason, detail)
            self._unit.ended = True
        elif self._segment and not self._unit.ended:
            with SessionBlock(self.id) as last:
                last.end(reason, detail)

    def close(self, error: BaseException | None) -> None:
        """End the segment; a nested use of the same session ends nothing."""
        if not self._borrowed:
            super().close(error)

    def _settle(self) -> None:
        if not self._segment:
            self._unit.ended = True
            return
        with _lock:
            if self._unit.ended:
                _sessions.pop(self._unit.id, None)
            elif (known := _sessions.get(self._unit.id)) is not None:
                known.last_segment = self._operation.span.get_span_context()


class SessionBlock(Block[Session]):
    """Declare a session: one continuous task or conversation.

        with agentotel.session(user="u-17", feature="refunds") as session: ...

    Works with ``with``, ``async with`` and as a decorator, of generators too. Without ``session_id`` the block is
    the session and ends it. With one, the block is a segment: entering the id again resumes the session with its
    turn count and totals, until ``session.end()``. The same id inside itself changes nothing; another session
    inside is recorded as a linked session of its own.

    Args:
        session_id: Id of a session that outlives the block.
        user: Whom the session is for.
        tenant: Customer or organisation.
        feature: Feature of the application, a bounded set: it labels metrics.
        channel: Where it comes from, for example ``web``.
        experiment: Experiment that the session takes part in.
        variant: Variant of the experiment.
        config_id: Version of the application's configuration.
        metadata: Further facts, a mapping of texts to texts, numbers and booleans.

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
        self._id = check.text("session(session_id)", session_id)
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
        if around.session is not None and self._id is not None and around.session.id == self._id:
            return self._borrow(around)
        known = self._known()
        unit = known.unit
        unit.closed = False
        unit.stop_reason = unit.detail = None
        identity = Identity(session=unit, unit=unit, feature=known.feature, attributes=known.attributes)
        links = [known.last_segment] if known.last_segment is not None else []
        if around.session is not None:
            logger.warning(
                "session %s is opened inside session %s: it is recorded as a linked session of its own; "
                "use turn(), agent() or step() for parts of one session",
                unit.id,
                around.session.id,
            )
            if around.operation is not None:
                links.append(around.operation.span.get_span_context())
        operation = start(unit, identity, prepare=lambda made: made.links.extend(Link(one) for one in links))
        return Session(operation, unit, segment=self._id is not None)

    def _borrow(self, around: Identity) -> Session:
        operation = around.operation
        assert operation is not None  # noqa: S101 - a session has one
        assert around.session is not None  # noqa: S101 - asked by the caller
        return Session(operation, around.session, segment=True, borrowed=True)

    def _known(self) -> _Known:
        with _lock:
            if self._id is not None and (known := _sessions.get(self._id)) is not None:
                _sessions.move_to_end(self._id)
                self._widen(known)
                return known
            session_id = self._id if self._id is not None else ids.long_id()
            unit = Unit(units.SESSION, self._feature, id=session_id)
            identity: dict[str, AttributeValue] = {
                n.SESSION_ID: session_id,
                n.CONVERSATION_ID: session_id,
                **self._attributes,
            }
            known = _Known(unit, self._feature, identity)
            if self._id is not None:
                _sessions[session_id] = known
                if len(_sessions) > MOST_SESSIONS:
                    _sessions.popitem(last=False)
            return known

    def _widen(self, known: _Known) -> None:
        """Take up what a later segment says about the session and earlier ones did not."""
        known.attributes = {**known.attributes, **self._attributes}
        if self._feature is not None:
            known.feature = known.unit.name = self._feature
