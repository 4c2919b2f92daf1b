"""Our compiled rates equal genai-prices' own calculation, for every model of the larger providers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import genai_prices
import pytest
from genai_prices import data_snapshot, types

from agentotel.facts.call import Usage
from agentotel.pricing import Prices
from agentotel.pricing.classes import CLASSES, SEARCHES
from agentotel.pricing.providers import LIST_PRICED, TIER_KEYS

PROVIDERS = ("openai", "anthropic", "google", "aws", "azure", "groq", "mistral", "deepseek", "x-ai")
TIERS = (None, "batch", "flex", "priority", "fast")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

KEYS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "audio_input_tokens": "input_audio_tokens",
    "audio_output_tokens": "output_audio_tokens",
    "image_input_tokens": "input_image_tokens",
    "image_output_tokens": "output_image_tokens",
    "text_input_tokens": "input_text_tokens",
    "text_output_tokens": "output_text_tokens",
    "audio_cache_read_tokens": "cache_audio_read_tokens",
    "image_cache_read_tokens": "cache_image_read_tokens",
    "text_cache_read_tokens": "cache_text_read_tokens",
    "video_input_tokens": "input_video_tokens",
    "video_output_tokens": "output_video_tokens",
    "video_cache_read_tokens": "cache_video_read_tokens",
    "web_searches": "web_searches",
    "storage_searches": "storage_searches",
}
"""Usage of genai-prices by ours."""

UNPRICED = {field for field, key in SEARCHES.items() if key is None}
"""What genai-prices has no unit for."""

USAGES = {
    "plain": {"input_tokens": 1_234, "output_tokens": 567},
    "zeros": {"input_tokens": 0, "output_tokens": 0},
    "all zeros": dict.fromkeys(KEYS, 0),
    "input only": {"input_tokens": 77},
    "output only": {"output_tokens": 88},
    "cache read": {"input_tokens": 5_000, "output_tokens": 10, "cache_read_tokens": 4_096},
    "all cached": {"input_tokens": 4_096, "output_tokens": 0, "cache_read_tokens": 4_096},
    "cache write": {"input_tokens": 5_000, "output_tokens": 10, "cache_write_tokens": 3_000},
    "cache write 1h": {
        "input_tokens": 5_000,
        "output_tokens": 10,
        "cache_read_tokens": 100,
        "cache_write_tokens": 3_000,
        "cache_write_1h_tokens": 1_000,
    },
    "1h without its whole": {"input_tokens": 5_000, "output_tokens": 10, "cache_write_1h_tokens": 1_000},
    "reasoning": {"input_tokens": 100, "output_tokens": 9_000, "reasoning_tokens": 8_192},
    "audio": {"input_tokens": 900, "output_tokens": 800, "audio_input_tokens": 700, "audio_output_tokens": 600},
    "audio and cache, split": {
        "input_tokens": 900,
        "output_tokens": 800,
        "cache_read_tokens": 500,
        "audio_input_tokens": 700,
        "audio_cache_read_tokens": 400,
    },
    "audio and cache, not split": {
        "input_tokens": 900,
        "output_tokens": 800,
        "cache_read_tokens": 500,
        "audio_input_tokens": 700,
    },
    "cached audio without cached": {"input_tokens": 900, "output_tokens": 8, "audio_cache_read_tokens": 400},
    "images": {"input_tokens": 900, "output_tokens": 800, "image_input_tokens": 700, "image_output_tokens": 600},
    "images and cache": {"input_tokens": 900, "output_tokens": 8, "image_input_tokens": 7, "cache_read_tokens": 600},
    "images and cache, split": {
        "input_tokens": 900,
        "output_tokens": 8,
        "cache_read_tokens": 600,
        "text_input_tokens": 200,
        "image_input_tokens": 700,
        "text_cache_read_tokens": 100,
        "image_cache_read_tokens": 500,
    },
    "video": {
        "input_tokens": 900,
        "output_tokens": 800,
        "video_input_tokens": 700,
        "video_output_tokens": 600,
        "audio_input_tokens": 100,
        "image_input_tokens": 50,
    },
    "video and cache, split": {
        "input_tokens": 900,
        "output_tokens": 8,
        "cache_read_tokens": 500,
        "video_input_tokens": 700,
        "video_cache_read_tokens": 400,
    },
    "text and cache, not split": {
        "input_tokens": 900,
        "output_tokens": 8,
        "cache_read_tokens": 500,
        "text_input_tokens": 900,
    },
    "text": {"input_tokens": 900, "output_tokens": 800, "text_input_tokens": 200, "text_output_tokens": 200},
    "mixture": {
        "input_tokens": 20_000,
        "output_tokens": 3_000,
        "cache_read_tokens": 9_000,
        "cache_write_tokens": 2_000,
        "cache_write_1h_tokens": 2_000,
        "reasoning_tokens": 1_000,
        "audio_input_tokens": 5_000,
        "audio_output_tokens": 500,
        "audio_cache_read_tokens": 4_000,
        "text_input_tokens": 15_000,
        "text_output_tokens": 2_500,
    },
    "searches": {"input_tokens": 900, "output_tokens": 800, "web_searches": 3, "storage_searches": 2},
    "more cached than input": {"input_tokens": 10, "output_tokens": 10, "cache_read_tokens": 11},
    "parts without a whole": {"output_tokens": 10, "cache_read_tokens": 11},
    "only parts": {"input_tokens": 10, "reasoning_tokens": 11},
} | {
    f"{size} input": {"input_tokens": size, "output_tokens": 1_000, "cache_read_tokens": size // 3}
    for size in (99_999, 100_001, 128_000, 128_001, 199_999, 200_000, 200_001, 272_000, 272_001, 1_000_000)
}
"""Usages in the field names of ``Usage``."""


def test_usage_classes_are_all_in_the_grid() -> None:
    assert {*KEYS, *UNPRICED} == set(Usage._fields) == {kind.field for kind in CLASSES if kind.field} | SEARCHES.keys()


@pytest.mark.parametrize("provider_id", PROVIDERS)
def test_equals_genai_prices(provider_id: str) -> None:
    prices = Prices()
    provider = data_snapshot.find_provider_by_id(data_snapshot.get_snapshot().providers, provider_id)
    assert provider is not None
    priced = 0
    for reference in sorted({model.id for model in provider.models}):
        info = provider.find_model(reference, all_providers=data_snapshot.get_snapshot().providers)
        for at in _times(info):
            for tier in TIERS:
                priced += sum(_compare(prices, provider, reference, name, at, tier) for name in USAGES)
    assert priced > 100, "the grid compared next to nothing"


def _times(info: types.ModelInfo | None) -> list[datetime]:
    """Give now, and times around every change of price of a model."""
    constraints = (
        [] if info is None else [item.constraint for item in (*_listed(info.prices), *(info.price_variants or ()))]
    )
    changes = {change for constraint in constraints if constraint for change in _changes(constraint)}
    return sorted({NOW} | {at for change in changes for at in (change - timedelta(microseconds=1), change)})


def _listed(prices: types.ModelPrice | list[types.ConditionalPrice]) -> list[types.ConditionalPrice]:
    return [] if isinstance(prices, types.ModelPrice) else prices


def _changes(constraint: types.StartDateConstraint | types.TimeOfDateConstraint) -> Iterator[datetime]:
    if isinstance(constraint, types.StartDateConstraint):
        yield datetime.combine(constraint.start_date, time(), tzinfo=UTC)
    else:
        yield datetime.combine(NOW.date(), constraint.start_time)
        yield datetime.combine(NOW.date(), constraint.end_time)


def _compare(
    prices: Prices,
    provider: types.Provider,
    model: str,
    name: str,
    at: datetime,
    tier: str | None,
) -> bool:
    sent = USAGES[name]
    cost = prices.cost(provider.id, model, Usage(**sent), at=at, tier=tier)
    expected = _expected(provider, sent, model, at, None if (provider.id, tier) in LIST_PRICED else tier)
    case = (provider.id, model, name, at, tier)
    assert (cost is None) == (expected is None), (*case, cost, expected)
    if cost is None or expected is None:
        return False
    assert cost.usd == pytest.approx(float(expected.total_price), rel=1e-12, abs=0), case
    assert (cost.input_usd or 0) == pytest.approx(float(expected.input_price), rel=1e-12, abs=0), case
    assert (cost.output_usd or 0) == pytest.approx(float(expected.output_price), rel=1e-12, abs=0), case
    assert (cost.input_usd is None) == ("input_tokens" not in sent), case
    assert (cost.output_usd is None) == ("output_tokens" not in sent), case
    return True


def _expected(
    provider: types.Provider,
    sent: dict[str, int],
    model: str,
    at: datetime,
    tier: str | None,
) -> types.PriceCalculation | None:
    """Give genai-prices' own result, or None where it refuses, or bills what it has no price for at 0 or the list price."""
    usage = genai_prices.Usage(**{KEYS[name]: count for name, count in sent.items()})
    context = dict.fromkeys(TIER_KEYS, tier) if tier else None
    try:
        result = genai_prices.calc_price(
            usage, model, provider_id=provider.id, genai_request_timestamp=at, price_context=context
        )
    except (LookupError, ValueError):
        return None
    if tier and not _has_tier(provider, result.model, tier, at):
        return None
    return None if _is_unpriced(result.model_price, sent) else result


def _has_tier(provider: types.Provider, info: types.ModelInfo, tier: str, at: datetime) -> bool:
    return any(own is info for own in provider.models) and any(
        set(variant.when.values()) == {tier}
        and set(variant.when) <= set(TIER_KEYS)
        and (variant.constraint is None or variant.constraint.active(at))
        for variant in info.price_variants or ()
    )


def _is_unpriced(price: types.ModelPrice, sent: dict[str, int]) -> bool:
    known = {
        side
        for side in ("input", "output")
        if isinstance(getattr(price, f"{side}_mtok"), (Decimal, types.TieredPrices))
    }
    counted = {name for name, count in sent.items() if count}
    used = {KEYS[name].replace("cache", "input").split("_")[0] for name in counted - SEARCHES.keys()}
    searched = all(getattr(price, SEARCHES[name]) is not None for name in counted & SEARCHES.keys())
    return not known or not used <= known or not searched


def test_a_compiled_price_takes_few_steps() -> None:
    """What it is compiled for: a fraction of the work of genai-prices' own calculation, by the functions called."""
    prices, own = Prices(), genai_prices.Usage(input_tokens=1_000, output_tokens=500, cache_read_tokens=200)
    usage = Usage(input_tokens=1_000, output_tokens=500, cache_read_tokens=200)
    ours = steps(lambda: prices.cost("openai", "gpt-4o", usage, at=NOW))
    theirs = steps(lambda: genai_prices.calc_price(own, "gpt-4o", provider_id="openai", genai_request_timestamp=NOW))
    assert ours < theirs / 20


def steps(work: Callable[[], object]) -> int:
    """Count the Python functions that are called, once everything is warm."""
    called = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal called
        called += event == "call"

    work()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return called
