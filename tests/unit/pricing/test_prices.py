"""The facade: what it keeps, what it reports, what it does not touch."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agentotel.facts.call import Usage
from agentotel.pricing import Prices
from agentotel.pricing import prices as module

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEAK = datetime(2026, 11, 21, 2, tzinfo=UTC)
USAGE = Usage(input_tokens=1_000_000, output_tokens=1_000)


def _usd(prices: Prices, at: datetime, tier: str | None = None) -> float:
    cost = prices.cost("deepseek", "deepseek-flash", USAGE, at=at, tier=tier)
    assert cost is not None
    return cost.usd


def test_the_price_is_the_one_in_force_at_the_time_of_the_call() -> None:
    prices = Prices()
    quiet, peak = _usd(prices, AT), _usd(prices, PEAK)
    assert peak == pytest.approx(2 * quiet)
    assert [_usd(prices, at) for at in (PEAK, AT, PEAK, AT)] == [peak, quiet, peak, quiet]


def test_a_time_without_a_zone_is_utc_and_any_other_is_the_same_instant() -> None:
    prices = Prices()
    assert _usd(prices, PEAK.replace(tzinfo=None)) == _usd(prices, PEAK)
    assert _usd(prices, PEAK.astimezone(timezone(timedelta(hours=-9)))) == _usd(prices, PEAK)


def test_a_usage_without_totals_has_no_price_and_is_no_unknown_model() -> None:
    prices = Prices()
    assert prices.cost("openai", "gpt-4o", Usage(reasoning_tokens=4), at=AT) is None
    assert prices.cost("acme", "m", Usage(), at=AT) is None
    assert prices.unknown == set()


def test_zero_tokens_of_a_known_model_cost_nothing() -> None:
    cost = Prices().cost("openai", "gpt-4o", Usage(input_tokens=0, output_tokens=0), at=AT)
    assert cost is not None
    assert (cost.usd, cost.input_usd, cost.output_usd) == (0.0, 0.0, 0.0)


def test_an_uncertain_usage_of_a_known_model_is_no_unknown_model() -> None:
    prices = Prices()
    assert prices.cost("openai", "gpt-4o", Usage(input_tokens=1, cache_read_tokens=2), at=AT) is None
    assert prices.unknown == set()


def test_the_standard_tier_has_one_price_by_any_name() -> None:
    prices = Prices()
    assert _usd(prices, AT, "default") == _usd(prices, AT, "standard") == _usd(prices, AT)


def test_a_tier_without_a_price_is_never_billed_at_the_standard_price() -> None:
    prices = Prices()
    assert prices.cost("openai", "gpt-5", USAGE, at=AT, tier="flex") is not None
    assert [prices.cost("openai", "gpt-5", USAGE, at=AT, tier=tier) for tier in ("scale", "auto")] == [None, None]
    assert prices.unknown == {("openai", "gpt-5", "scale"), ("openai", "gpt-5", "auto")}


def test_a_tier_that_is_billed_at_the_list_price() -> None:
    prices = Prices({"groq/llama-3.3-70b-versatile#flex": {"input": 7, "output": 8}})
    for model, tier in (("openai/gpt-oss-20b", "flex"), ("openai/gpt-oss-20b", "on_demand")):
        assert prices.cost("groq", model, USAGE, at=AT, tier=tier) == prices.cost("groq", model, USAGE, at=AT)
    assert prices.cost("groq", "openai/gpt-oss-20b", USAGE, at=AT, tier="performance") is None
    own = prices.cost("groq", "llama-3.3-70b-versatile", USAGE, at=AT, tier="flex")
    assert own is not None
    assert own.usd == pytest.approx(7.008)


def test_the_tiers_of_vertex_have_the_prices_of_gemini_s() -> None:
    prices, model = Prices(), "gemini-3.8-flash-tts"
    for name, tier in (("ON_DEMAND_PRIORITY", "priority"), ("ON_DEMAND_FLEX", "flex"), ("ON_DEMAND", None)):
        cost = prices.cost("gcp.vertex_ai", model, USAGE, at=AT, tier=name)
        assert cost is not None
        assert cost == prices.cost("gcp.gemini", model, USAGE, at=AT, tier=tier)
    assert prices.cost("gcp.vertex_ai", model, USAGE, at=AT, tier="PROVISIONED_THROUGHPUT") is None


def test_video_has_a_price_of_its_own() -> None:
    prices, model = Prices(), "gemini-embedding-2"
    cost = prices.cost("gcp.gemini", model, Usage(input_tokens=1_000_000, video_input_tokens=1_000_000), at=AT)
    assert cost is not None
    assert cost.usd == 12


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(search_units=3), 0.006),
        (Usage(search_units=3, input_tokens=5), None),
        (Usage(search_units=0), None),
        (Usage(web_searches=3), None),
    ],
)
def test_a_price_by_the_search(usage: Usage, usd: float | None) -> None:
    cost = Prices({"cohere/rerank-*": {"search_units": 2000}}).cost("cohere", "rerank-v3.5", usage, at=AT)
    assert (None if cost is None else (cost.usd, cost.input_usd, cost.output_usd)) == (usd and (usd, None, None))


def test_an_override_with_searches() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0, web_searches=2)
    assert Prices({"m": {"input": 1, "output": 2}}).cost("acme", "m", usage, at=AT) is None
    cost = Prices({"m": {"input": 1, "output": 2, "web_searches": 10_000}}).cost("acme", "m", usage, at=AT)
    assert cost is not None
    assert cost.usd == pytest.approx(1.02)


def test_what_has_no_price_is_reported_once() -> None:
    reported: list[tuple[str, str, str | None]] = []
    prices = Prices(on_unknown=lambda *key: reported.append(key))
    for _ in range(3):
        for tier in (None, "default", "batch"):
            assert prices.cost("acme", "m", USAGE, at=AT, tier=tier) is None
    assert reported == [("acme", "m", None), ("acme", "m", "batch")]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_PERIODS", 4)
    monkeypatch.setattr(module, "_MOST_UNKNOWN", 3)
    prices = Prices({"mine": {"input": 1}})
    for number in range(10):
        assert prices.cost("acme", f"m{number}", USAGE, at=AT) is None
        assert len(prices._book.periods) <= 4
    assert prices.unknown == {("acme", f"m{number}", None) for number in range(3)}


def test_threads_see_the_same_prices() -> None:
    prices = Prices()
    expected = {at: _usd(Prices(), at) for at in (AT, PEAK)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: (at, _usd(prices, at)), [AT, PEAK] * 500))
    assert all(usd == expected[at] for at, usd in found)


def test_loading_early_changes_nothing() -> None:
    prices = Prices()
    prices.load()
    assert _usd(prices, AT) == _usd(Prices(), AT)


SCRIPT = """
import socket, sys
from datetime import UTC, datetime
socket.socket.connect = socket.getaddrinfo = lambda *args, **kwargs: sys.exit("network")
from agentotel.facts.call import Usage
from agentotel.pricing import Prices
prices = Prices({"mine": {"input": 1}})
arguments = (Usage(input_tokens=1),)
assert prices.cost("acme", "mine", *arguments, at=datetime.now(UTC)).usd == 1e-6
assert not {"genai_prices", "pydantic", "httpx2"} & set(sys.modules), "imported before first use"
prices.load()
assert "genai_prices" in sys.modules
assert prices.cost("openai", "gpt-4o", *arguments, at=datetime.now(UTC)).usd > 0
"""


def test_the_catalogue_is_imported_on_first_use_and_touches_no_network() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
