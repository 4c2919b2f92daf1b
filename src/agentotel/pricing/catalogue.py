"""The catalogue of genai-prices: which prices of a model are in force, and from when until when.

``genai_prices`` takes most of a second to import (pydantic models, an HTTP client, all prices), so it is imported
by the first function that needs it, never with this module. Nothing here reaches the network except ``fetch``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from agentotel.pricing.classes import CLASSES, SEARCHES
from agentotel.pricing.providers import LIST_PRICED, TIER_KEYS, catalogue_id
from agentotel.pricing.rates import Rate, Rates, compile_rates

if TYPE_CHECKING:
    from decimal import Decimal

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import (
        ModelInfo,
        ModelPrice,
        PriceVariant,
        Provider,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

    Constraint = StartDateConstraint | TimeOfDateConstraint

__all__ = ["ALWAYS", "NEVER", "Catalogue", "Period", "bundled", "fetch"]

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Prices in force from ``since`` until before ``until``; ``rates`` is None where none are known."""

    since: datetime
    until: datetime
    rates: Rates | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One version of the catalogue. ``name`` is catalogue and version, ``genai-prices 0.2.3``."""

    snapshot: DataSnapshot
    name: str

    def period(self, provider: str, model: str, tier: str | None, at: datetime) -> Period:
        """Give the prices of a model in force at a time, with the period over which they hold.

        A tier that the model has no prices for at that time is without rates, even where the
        standard price is known: genai-prices would bill it at the standard price.

        Args:
            provider: ``gen_ai.provider.name`` or the catalogue's id.
            model: Name of the model in a request or a response.
            tier: Service tier in lower case, None for the standard price.
            at: Time of the call, with a time zone.
        """
        found = self._find(provider, model)
        if found is None:
            return Period(ALWAYS, NEVER, None, self.name)
        owner, info = found
        if (owner.id, tier) in LIST_PRICED:
            tier = None
        context = dict.fromkeys(TIER_KEYS, tier) if tier else {}
        variants = _variants(owner, info, context)
        constraints = [*_constraints(info), *(variant.constraint for variant in variants if variant.constraint)]
        since, until = _window(constraints, at)
        started = _started(constraints, at)
        source = f"{self.name} {started}" if started else self.name
        if tier and not any(_active(variant.constraint, at) for variant in variants):
            return Period(since, until, None, source)
        return Period(since, until, _compile(info.get_prices(at, context)), source)

    def _find(self, provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
        """Find a model by the catalogue's own rules; its provider by exact id, since a likeness is a guess."""
        wanted = catalogue_id(provider)
        for candidate in self.snapshot.providers:
            if candidate.id == wanted:
                info = candidate.find_model(model, all_providers=self.snapshot.providers)
                return None if info is None else (candidate, info)
        return None


def bundled() -> Catalogue:
    """Give the catalogue in use by genai-prices: the one in its package unless the application set another."""
    from genai_prices import __version__
    from genai_prices.data_snapshot import get_snapshot

    return _catalogue(get_snapshot(), __version__)


def fetch(url: str | None = None) -> Catalogue | None:
    """Fetch the current catalogue over the network, for us alone: genai-prices keeps its own.

    Args:
        url: Where to fetch it; None for the address that genai-prices publishes at.

    Returns:
        The catalogue, or None if the publisher sent none.

    Raises:
        Exception: Whatever the HTTP client or the parser of genai-prices raises.
    """
    from genai_prices import UpdatePrices, __version__
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    snapshot = UpdatePrices(url=url or DEFAULT_UPDATE_URL).fetch()
    return None if snapshot is None else _catalogue(snapshot, __version__)


def _catalogue(snapshot: DataSnapshot, version: str) -> Catalogue:
    fetched = f"+{snapshot.timestamp:%Y%m%d}" if snapshot.from_auto_update else ""
    return Catalogue(snapshot=snapshot, name=f"genai-prices {version}{fetched}")


def _variants(owner: Provider, info: ModelInfo, context: dict[str, str]) -> list[PriceVariant]:
    """Give the variants for a context. They hold only where the provider itself lists the model."""
    if not any(info is model for model in owner.models):
        return []
    return [variant for variant in info.price_variants or () if variant.when.items() <= context.items()]


def _constraints(info: ModelInfo) -> Iterator[Constraint]:
    if isinstance(info.prices, list):
        for price in info.prices:
            if price.constraint is not None:
                yield price.constraint


def _active(constraint: Constraint | None, at: datetime) -> bool:
    return constraint is None or constraint.active(at)


def _window(constraints: list[Constraint], at: datetime) -> tuple[datetime, datetime]:
    """Give the last change of price until ``at`` and the first one after it."""
    changes = {change for constraint in constraints for change in _changes(constraint, at)}
    since = max((change for change in changes if change <= at), default=ALWAYS)
    until = min((change for change in changes if change > at), default=NEVER)
    return since, until


def _changes(constraint: Constraint, at: datetime) -> list[datetime]:
    """Give the times around ``at`` at which a constraint starts or stops to hold."""
    from genai_prices.types import StartDateConstraint

    if isinstance(constraint, StartDateConstraint):
        return [_moment(constraint.start_date, time())]
    today = at.astimezone(UTC).date()
    days = [today + timedelta(days=offset) for offset in range(-2, 3)]
    return [_moment(day, clock) for day in days for clock in (constraint.start_time, constraint.end_time)]


def _moment(day: date, clock: time) -> datetime:
    """Combine day and time of day; a time without a zone is UTC."""
    return datetime.combine(day, clock if clock.tzinfo else clock.replace(tzinfo=UTC))


def _started(constraints: list[Constraint], at: datetime) -> date | None:
    """Give the latest date from which one of the prices in force holds."""
    from genai_prices.types import StartDateConstraint

    dated = [item for item in constraints if isinstance(item, StartDateConstraint) and item.active(at)]
    return max((item.start_date for item in dated), default=None)


def _compile(prices: ModelPrice) -> Rates | None:
    known: dict[str, Decimal | TieredPrices | None] = vars(prices)
    rates = {kind.name: _rate(value) for kind in CLASSES if (value := known.get(kind.price)) is not None}
    per_thousand = known.get("requests_kcount")
    searches = {field: _rate(price, scale=1000) for field, key in SEARCHES.items() if key and (price := known.get(key))}
    return compile_rates(
        rates,
        request=0.0 if per_thousand is None else _rate(per_thousand, scale=1000),
        searches={field: usd for field, usd in searches.items() if isinstance(usd, float)},
    )


def _rate(price: Decimal | TieredPrices, *, scale: int = 1) -> Rate:
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        steps = ((tier.start, float(tier.price * scale)) for tier in price.tiers)
        return [(-1, float(price.base * scale)), *steps]
    return float(price * scale)
