"""Calls that follow a failed one: sent again by the application, or on another model in its place.

Only failed calls are kept, a few for each run or session, and outside of them for each context (task or thread), span
around the calls, and run of a framework. As long as one is kept, a later call there is compared with it by a hash of
what it asks.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from agentotel._core.canonical import canonical_json
from agentotel._core.locks import make_lock
from agentotel.semconv.operations import INFERENCE
from agentotel.wire.sameness import asked

if TYPE_CHECKING:
    from agentotel.record.identity import Identity
    from agentotel.record.operation import ModelFacts, Operation

MOST_FAILED: Final = 8
MOST_PLACES: Final = 256
LONGEST_NS: Final = 600 * 1_000_000_000
"""How long a failed call is waited for."""


class Failed(NamedTuple):
    """A failed call: a hash of what it asked, whom, and how often it has failed in a row."""

    key: str
    provider: str
    model: str | None
    span_id: int
    ended_at_ns: int
    times: int
    reason: str | None


class Failures:
    """The failed calls of one place, the latest last. ``token`` tells what records them."""

    __slots__ = ("_kept", "_lock", "token")

    def __init__(self, token: object) -> None:
        self.token = token
        self._kept: deque[Failed] = deque(maxlen=MOST_FAILED)
        self._lock = make_lock()

    def __bool__(self) -> bool:
        return bool(self._kept)

    def before(self, key: str, provider: str, model: str | None, at_ns: int) -> Failed | None:
        """Find the failed call that one started at ``at_ns`` repeats, or else the one that it stands in for."""
        with self._lock:
            while self._kept and self._kept[0].ended_at_ns < at_ns - LONGEST_NS:
                self._kept.popleft()
            fitting = [one for one in reversed(self._kept) if one.key == key and one.ended_at_ns <= at_ns]
        same = (one for one in fitting if (one.provider, one.model) == (provider, model))
        return next(same, fitting[0] if fitting else None)

    def ended(self, key: str, failed: Failed | None) -> None:
        """Keep a failed call in place of the one that it repeats; after one that did not fail, forget all alike."""
        with self._lock:
            for one in [one for one in self._kept if one.key == key]:
                if failed is None or one[1:3] == failed[1:3]:
                    self._kept.remove(one)
            if failed is not None:
                self._kept.append(failed)


SEEN: list[bool] = []
"""Not empty once a call has failed in this process: until then nothing is looked for."""

run: ContextVar[object] = ContextVar("agentotel-announced-run", default=None)
"""The run of a framework that a call is announced to be part of, which may give each call a context of its own."""

_loose: ContextVar[Failures | None] = ContextVar("agentotel-failed-calls", default=None)
_places: OrderedDict[object, Failures] = OrderedDict()
_lock = make_lock()


def places(context: Context) -> tuple[object, ...]:
    """Name what a call outside of units shares with those it may follow, beside its context: a run, a span around."""
    around = get_current_span(context).get_span_context()
    named = (run.get(), (around.trace_id, around.span_id) if around.is_valid else None)
    return tuple(one for one in named if one is not None)


def failures(identity: Identity, token: object, *, make: bool, shared: tuple[object, ...] = ()) -> Failures | None:
    """Find the failed calls of a place; None where there are none, unless they are to be made.

    Outside of units, ``shared`` is what ``places`` names. Those that another set-up recorded, for example an earlier
    test, are none.
    """
    home = None if identity.unit is None else identity.unit.home
    known = (home.failures,) if home is not None else (_loose.get(), *map(_places.get, shared))
    found = next((one for one in known if one and one.token is token), None)
    if not make:
        return found
    if found is None:
        found = Failures(token)
        SEEN[:] = (True,)
    if home is not None:
        home.failures = found
    else:
        _loose.set(found)
        _keep(found, shared)
    return found


def _keep(found: Failures, shared: tuple[object, ...]) -> None:
    with _lock:
        for place in shared:
            _places[place] = found
            _places.move_to_end(place)
        while len(_places) > MOST_PLACES:
            _places.popitem(last=False)


def follow(operation: Operation, facts: ModelFacts, kept: Failures) -> Failed | None:
    """Take up a call that ended, and tell which failed one it follows."""
    kind = "inference" if facts.operation in INFERENCE else facts.operation
    key = operation.pipeline.digest(canonical_json((kind, asked(facts.format, facts.body or {}))))
    model = facts.request.model
    before = kept.before(key, facts.provider, model, operation.started_at_ns)
    failure = operation.failure
    if failure is None:
        kept.ended(key, None)
        return before
    repeats = before is not None and (before.provider, before.model) == (facts.provider, model)
    failed = Failed(
        key=key,
        provider=facts.provider,
        model=model,
        span_id=operation.span.get_span_context().span_id,
        ended_at_ns=operation.ended_at_ns,
        times=1 + (before.times if before is not None and repeats else 0),
        reason=failure.category or failure.type,
    )
    kept.ended(key, failed)
    return before
