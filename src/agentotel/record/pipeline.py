"""What operations need at run time: recorders, prices, hashes. One value, replaced as a whole."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from agentotel._core.canonical import Digest, make_digest
from agentotel._core.locks import make_lock
from agentotel.facts.call import Cost, Usage
from agentotel.pricing.providers import paid_tier
from agentotel.record.operation import Operation, Recorder
from agentotel.record.reading import Hashes, Reading
from agentotel.record.requested import Requested
from agentotel.record.unit import Unit

logger = logging.getLogger("agentotel")

_lock = make_lock()

MOST_UNPRICED = 1000


class Pricing(Protocol):
    """Gives the price of a usage; None where it is not known."""

    def cost(self, provider: str, model: str, usage: Usage, *, at: datetime, tier: str | None = None) -> Cost | None:
        """Price a usage at a time."""
        ...

    def knows(self, provider: str, model: str, *, at: datetime, tier: str | None = None) -> bool:
        """Tell whether a model has a price."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The working parts behind every operation of this process."""

    recorders: tuple[Recorder, ...] = ()
    pricing: Pricing | None = None
    digest: Digest = field(default_factory=make_digest)
    content_on_spans: bool = False
    content_on_events: bool = False
    reasoning: bool = True
    stream_usage: str = "auto"
    ignored_hosts: tuple[str, ...] = ()
    token: object = field(default_factory=object)
    unpriced: set[tuple[str, str, str | None]] = field(default_factory=set)

    @property
    def content(self) -> bool:
        """Whether content leaves the process at all."""
        return self.content_on_spans or self.content_on_events

    def price(
        self, provider: str, models: Sequence[str | None], usage: Usage, at: datetime, tier: str | None
    ) -> Cost | None:
        """Price a usage by the first of ``models`` that has a price. Report it once where none has."""
        if self.pricing is None:
            return None
        first = None
        for model in models:
            if model is None:
                continue
            first = first or model
            cost = self.pricing.cost(provider, model, usage, at=at, tier=tier)
            if cost is not None or self.pricing.knows(provider, model, at=at, tier=tier):
                return cost
        if first is not None and any(count is not None for count in usage):
            self._unknown(provider, first, tier)
        return None

    def _unknown(self, provider: str, model: str, tier: str | None) -> None:
        tier = paid_tier(tier)
        key = (provider, model, tier)
        if key in self.unpriced or len(self.unpriced) >= MOST_UNPRICED:
            return
        self.unpriced.add(key)
        name = model if tier is None else f"{model}#{tier}"
        logger.warning(
            "no price is known for %s of %s: its cost is left out; give one with init(prices={%r: ...})",
            name,
            provider,
            name,
        )

    def reading(self, home: Unit, session: Unit) -> Reading:
        """Return the contexts read in ``home``, made on first use; the hashes are kept for the whole session."""
        known = home.reading
        if known is not None and known.hashes is session.hashes and known.hashes.digest is self.digest:
            return known
        with _lock:
            if session.hashes is None or session.hashes.digest is not self.digest:
                session.hashes = Hashes(self.digest)
            if home.reading is None or home.reading.hashes is not session.hashes:
                home.reading = Reading(session.hashes)
            return home.reading

    def requested(self, home: Unit) -> Requested:
        """Return the tool requests of ``home``, made on first use."""
        with _lock:
            if home.requested is None:
                home.requested = Requested()
            return home.requested


IDLE = Pipeline()
"""Records nothing: what is in place before set-up and after ``uninstrument()``."""

_active = IDLE


class _Inherited:
    """Records what goes on in operations that a parent process opened, but not their end: the parent does that."""

    __slots__ = ("attempt", "event", "start")

    def __init__(self, recorder: Recorder) -> None:
        self.start = recorder.start
        self.attempt = recorder.attempt
        self.event = recorder.event

    def finish(self, operation: Operation) -> None:
        """Do nothing."""


def _fork() -> None:
    """Leave the end of the operations that are open to the parent: one span each, and counted once."""
    global _active  # noqa: PLW0603 - the one switch of the process
    before = _active
    if before is not IDLE:
        _active = replace(before)
        object.__setattr__(before, "recorders", tuple(map(_Inherited, before.recorders)))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork)


def active() -> Pipeline:
    """Return the pipeline in place."""
    return _active


def activate(pipeline: Pipeline) -> None:
    """Put ``pipeline`` in place for operations that start from now on."""
    global _active  # noqa: PLW0603 - the one switch of the process
    _active = pipeline
