"""What calls cost: overrides of the user first, then the catalogue of genai-prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from agentotel._core.locks import make_lock
from agentotel.facts.call import Cost, Usage
from agentotel.pricing import catalogue
from agentotel.pricing.catalogue import Catalogue, Period
from agentotel.pricing.overrides import parse_overrides
from agentotel.pricing.providers import paid_tier

__all__ = ["Prices", "Unknown"]

Unknown = tuple[str, str, str | None]
"""Provider, model and tier without a price. The tier is None for the standard price."""

_MOST_PERIODS: Final = 4096
_MOST_UNKNOWN: Final = 1000


@dataclass(slots=True)
class _Book:
    """A catalogue, once loaded, and what was compiled from it; replaced as a whole on a refresh."""

    catalogue: Catalogue | None = None
    periods: dict[tuple[str, str, str | None], Period] = field(default_factory=dict)


class Prices:
    """Prices of model calls. Safe to use from any thread; a call whose price is compiled takes no lock.

    Args:
        overrides: Prices that come before the catalogue, first match first, as ``parse_overrides``
            takes them; ``load_prices`` reads them from a file.
        on_unknown: Called once for each provider, model and tier that has no price, at most 1000 times.

    Raises:
        ConfigurationError: If an override is wrong.
    """

    def __init__(
        self,
        overrides: Mapping[str, Mapping[str, float]] | None = None,
        *,
        on_unknown: Callable[[str, str, str | None], object] | None = None,
    ) -> None:
        self.unknown: set[Unknown] = set()
        self._overrides = parse_overrides(overrides or {})
        self._on_unknown = on_unknown
        self._book = _Book()
        self._lock = make_lock()

    def cost(self, provider: str, model: str, usage: Usage, *, at: datetime, tier: str | None = None) -> Cost | None:
        """Price the tokens of one call.

        Args:
            provider: ``gen_ai.provider.name``, for example ``aws.bedrock``, or an id of the catalogue.
            model: Name of the model as a request or a response gives it.
            usage: Tokens of the call, and searches where the provider bills them by number. Other tools that it
                bills, such as code execution by the hour, are not in it.
            at: When the call was made; without a time zone it is taken as UTC.
            tier: Service tier that the response names, ``batch`` for a batch. Not what the request
                asks for: ``auto`` has no price.

        Returns:
            The cost in USD, or None where it is not certain: unknown model, a tier without prices
            of its own, a usage with neither totals nor search units or one that the rates cannot be applied to. Never 0
            for want of a price.
        """
        if usage.input_tokens is None and usage.output_tokens is None and not usage.search_units:
            return None
        period = self._book.periods.get((provider, model, tier))
        if period is None or at.tzinfo is None or not period.since <= at < period.until:
            period = self._period(provider, model, tier, at)
        priced = period.rates.price(usage) if period.rates else None
        if priced is None:
            return None
        usd, input_usd, output_usd = priced
        return Cost(usd, period.source, input_usd, output_usd)

    def knows(self, provider: str, model: str, *, at: datetime, tier: str | None = None) -> bool:
        """Tell whether a model has a price, whatever the usage; the arguments are those of ``cost``."""
        return self._period(provider, model, tier, at).rates is not None

    def load(self) -> None:
        """Import the catalogue now (most of a second) rather than in the first call that needs it."""
        self._loaded(self._book)

    def refresh(self, url: str | None = None) -> None:
        """Fetch current prices over the network, blocking, and use them from now on.

        Args:
            url: Where to fetch them; None for the address that genai-prices publishes at.

        Raises:
            Exception: Whatever the fetch raises; the prices in use stay.
        """
        fetched = catalogue.fetch(url)
        if fetched is not None:
            self._book = _Book(fetched)

    def _period(self, provider: str, model: str, tier: str | None, at: datetime) -> Period:
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        period = self._book.periods.get((provider, model, tier))
        if period is None or not period.since <= at < period.until:
            period = self._look_up(provider, model, tier, at)
        return period

    def _look_up(self, provider: str, model: str, tier: str | None, at: datetime) -> Period:
        book = self._book
        paid = paid_tier(tier)
        period = self._override(provider, model, paid) or self._loaded(book).period(provider, model, paid, at)
        with self._lock:
            if len(book.periods) >= _MOST_PERIODS:
                book.periods.clear()
            book.periods[provider, model, tier] = period
        if period.rates is None:
            self._report(provider, model, paid)
        return period

    def _override(self, provider: str, model: str, tier: str | None) -> Period | None:
        names = provider.lower(), model.lower()
        for override in self._overrides:
            if override.holds(*names, tier):
                return Period(catalogue.ALWAYS, catalogue.NEVER, override.rates, override.source)
        return None

    def _loaded(self, book: _Book) -> Catalogue:
        if book.catalogue is None:
            book.catalogue = catalogue.bundled()
        return book.catalogue

    def _report(self, provider: str, model: str, tier: str | None) -> None:
        key = provider, model, tier
        with self._lock:
            if key in self.unknown or len(self.unknown) >= _MOST_UNKNOWN:
                return
            self.unknown.add(key)
        if self._on_unknown is not None:
            self._on_unknown(*key)
