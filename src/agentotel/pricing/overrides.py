"""Prices of the user: checked, compiled, matched by pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from agentotel.errors import ConfigurationError
from agentotel.pricing.classes import CLASSES, SEARCHES
from agentotel.pricing.rates import Rates, compile_rates

__all__ = ["OVERRIDE_CLASSES", "Override", "parse_overrides"]

OVERRIDE_CLASSES: Final = (*(kind.name for kind in CLASSES if kind.field), *SEARCHES)
"""Names of classes that a user can give a rate for."""

_SIDE: Final = {kind.name: kind.inside[-1] if kind.inside else kind.name for kind in CLASSES}
_MOST: Final = 1_000_000_000
_EXAMPLE: Final = '{"input": 1.25, "output": 10}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Rates for the models that a pattern matches, in lower case."""

    pattern: str
    tier: str | None
    rates: Rates
    source: str

    def holds(self, provider: str, model: str, tier: str | None) -> bool:
        """Tell whether this price is the one of a model (all three in lower case)."""
        if tier is None or self.tier is None:
            return tier is self.tier and self._matches(provider, model)
        return fnmatchcase(tier, self.tier) and self._matches(provider, model)

    def _matches(self, provider: str, model: str) -> bool:
        return fnmatchcase(model, self.pattern) or fnmatchcase(f"{provider}/{model}", self.pattern)


def parse_overrides(prices: object, *, where: str = "prices") -> tuple[Override, ...]:
    """Check and compile prices of the user.

    Args:
        prices: Rates by pattern, in USD per million tokens, or per million of what is billed by the search:
            ``{"azure.ai.openai/gpt-4o*": {"input": 2.5, "output": 10, "cache_read": 1.25}}``.
            A pattern is ``[provider/]model[#tier]`` with the wildcards of ``fnmatch``, without regard
            to case; without a tier it prices the standard tier only, ``#*`` any other.
        where: What to call the prices in messages, for example a file.

    Raises:
        ConfigurationError: If a pattern, a class or a number is wrong.
    """
    if not isinstance(prices, Mapping):
        found = _found(prices)
        raise ConfigurationError(
            f'{where}: expected a table of prices by model, found {found}; write {{"my-model": {_EXAMPLE}}}'
        )
    return tuple(_override(pattern, rates, where) for pattern, rates in prices.items())


def _override(key: object, rates: object, where: str) -> Override:
    if not isinstance(key, str) or not key.partition("#")[0].strip():
        raise ConfigurationError(
            f'{where}: expected a model or pattern as key, found {key!r}; write for example "gpt-4o*"'
        )
    pattern, _, tier = key.lower().partition("#")
    checked = _rates(rates, f'{where}: "{key}"')
    tokens = {name: usd for name, usd in checked.items() if name not in SEARCHES}
    compiled = compile_rates(tokens, searches={name: usd for name, usd in checked.items() if name in SEARCHES})
    if compiled is None:
        missing = next(_SIDE[name] for name in tokens if _SIDE[name] not in tokens)
        raise ConfigurationError(
            f'{where}: "{key}" has rates for parts of {missing} but none for {missing}; add "{missing}"'
        )
    return Override(pattern=pattern.strip(), tier=tier.strip() or None, rates=compiled, source=f"override {key}")


def _rates(rates: object, where: str) -> dict[str, float]:
    if not isinstance(rates, Mapping) or not rates:
        raise ConfigurationError(
            f"{where}: expected rates in USD per million tokens, found {_found(rates)}; write {_EXAMPLE}"
        )
    return {_name(name, where): _number(value, f"{where}.{name}") for name, value in rates.items()}


def _name(name: object, where: str) -> str:
    if name not in OVERRIDE_CLASSES:
        raise ConfigurationError(f"{where}: unknown class {name!r}; use {', '.join(OVERRIDE_CLASSES)}")
    return str(name)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        raise ConfigurationError(
            f"{where}: expected USD per million tokens, 0 or more, found {_found(value)}; write a number such as 1.25"
        )
    return float(value)


def _found(value: object) -> str:
    return f"{type(value).__name__} {value!r:.80}"
