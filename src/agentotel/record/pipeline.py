"""What operations need at run time: recorders, prices, hashes. One value, replaced as a whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agentotel._core.canonical import Digest, make_digest
from agentotel.facts.call import Cost, Usage
from agentotel.record.operation import Recorder
from agentotel.record.reading import Reading
from agentotel.record.requested import Requested
from agentotel.record.unit import Unit

logger = logging.getLogger("agentotel")


class Pricing(Protocol):
    """Gives the price of a usage; None where it is not known."""

    def cost(
        self, provider: str, model: str, usage: Usage, *, at: datetime, tier: str | None = None
    ) -> Cost | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The working parts behind every operation of this process."""

    recorders: tuple[Recorder, ...] = ()
    pricing: Pricing | None = None
    digest: Digest = field(default_factory=make_digest)
    content_on_spans: bool = False
    content_on_events: bool = False
    unpriced: set[tuple[str, str]] = field(default_factory=set)

    @property
    def content(self) -> bool:
        """Whether content leaves the process at all."""
        return self.content_on_spans or self.content_on_events

    def price(
        self, provider: str, models: Sequence[str | None], usage: Usage, at: datetime, tier: str | None
    ) -> Cost | None:
        """Price a usage by the first of ``models`` whose price is known. Report an unknown one once."""
        if self.pricing is None:
            return None
        for model in models:
            if model is not None:
                cost = self.pricing.cost(provider, model, usage, at=at, tier=tier)
                if cost is not None:
                    return cost
        self._unknown(provider, next((model for model in models if model is not None), "unknown"), usage)
        return None

    def _unknown(self, provider: str, model: str, usage: Usage) -> None:
        known_usage = usage.input_tokens is not None or usage.output_tokens is not None
        if known_usage and (provider, model) not in self.unpriced and len(self.unpriced) < 1000:
            self.unpriced.add((provider, model))
            logger.warning(
                "no price is known for model %r of %r: its cost is left out; give one with init(prices={%r: ...})",
                model,
                provider,
                model,
            )

    def reading(self, unit: Unit) -> Reading:
        """Return the contexts read in ``unit``, made on first use."""
        if unit.reading is None:
            unit.reading = Reading(self.digest)
        return unit.reading

    def requested(self, unit: Unit) -> Requested:
        """Return the tool requests of ``unit``, made on first use."""
        if unit.requested is None:
            unit.requested = Requested()
        return unit.requested


IDLE = Pipeline()
"""Records nothing: what is in place before set-up and after ``uninstrument()``."""

_active = IDLE


def active() -> Pipeline:
    """Return the pipeline in place."""
    return _active


def activate(pipeline: Pipeline) -> None:
    """Put ``pipeline`` in place for operations that start from now on."""
    global _active  # noqa: PLW0603 - the one switch of the process
    _active = pipeline
