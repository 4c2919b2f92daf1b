"""Time of one ``Prices.cost()``, warm and cold, beside genai-prices' own calculation.

Run: ``python -m tests.benchmarks.bench_pricing``
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from timeit import repeat

import genai_prices

from agentotel.facts.call import Cost, Usage
from agentotel.pricing import Prices

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAIN = Usage(input_tokens=1_000, output_tokens=500)
CACHED = Usage(input_tokens=1_000, output_tokens=500, cache_read_tokens=200, reasoning_tokens=300)
WRITTEN = Usage(
    input_tokens=1_000, output_tokens=500, cache_read_tokens=200, cache_write_tokens=100, cache_write_1h_tokens=20
)


def microseconds(call: Callable[[], object], *, number: int, rounds: int = 5) -> float:
    """Give the least time of one call over some rounds, in microseconds."""
    return min(repeat(call, number=number, repeat=rounds)) / number * 1e6


def bench_pricing() -> dict[str, float]:
    """Give microseconds per call by case."""
    prices = Prices()
    prices.load()
    own = genai_prices.Usage(input_tokens=1_000, output_tokens=500, cache_read_tokens=200)
    warm = {
        "warm, gpt-4o, plain": lambda: prices.cost("openai", "gpt-4o", PLAIN, at=AT),
        "warm, gpt-4o, cache read": lambda: prices.cost("openai", "gpt-4o", CACHED, at=AT),
        "warm, gpt-5, tier flex": lambda: prices.cost("openai", "gpt-5", CACHED, at=AT, tier="flex"),
        "warm, claude-sonnet-4-5, cache read and writes": lambda: prices.cost(
            "anthropic", "claude-sonnet-4-5", WRITTEN, at=AT
        ),
        "warm, unknown model": lambda: prices.cost("openai", "no-such-model", PLAIN, at=AT),
        "the Cost object alone": lambda: Cost(usd=1.0, input_usd=0.5, output_usd=0.5, source="x"),
    }
    found = {name: microseconds(call, number=50_000) for name, call in warm.items()}
    found["cold, gpt-4o"] = microseconds(lambda: _cold(prices), number=200)
    found["genai-prices, calc_price"] = microseconds(
        lambda: genai_prices.calc_price(own, "gpt-4o", provider_id="openai", genai_request_timestamp=AT), number=1_000
    )
    return found


def _cold(prices: Prices) -> object:
    prices._book.periods.clear()
    return prices.cost("openai", "gpt-4o", PLAIN, at=AT)


if __name__ == "__main__":
    for case, time_us in bench_pricing().items():
        print(f"{case:48} {time_us:8.2f} us")
