"""Which prices are in force when, from a small catalogue of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import genai_prices
import pytest
from genai_prices import data_snapshot, types

from agentotel.facts.call import Usage
from agentotel.pricing import Prices, catalogue
from agentotel.pricing.catalogue import ALWAYS, NEVER, Catalogue

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000, output_tokens=0)


def _prices(usd: str) -> types.ModelPrice:
    return types.ModelPrice(input_mtok=Decimal(usd), output_mtok=Decimal(0))


def _price(
    usd: str, constraint: types.StartDateConstraint | types.TimeOfDateConstraint | None
) -> types.ConditionalPrice:
    return types.ConditionalPrice(constraint=constraint, prices=_prices(usd))


def _catalogue(*models: types.ModelInfo) -> Catalogue:
    acme = types.Provider(id="acme", name="Acme", api_pattern="", models=list(models))
    lender = types.Provider(id="azure", name="Azure", api_pattern="", fallback_model_providers=["acme"])
    snapshot = data_snapshot.DataSnapshot(providers=[acme, lender], from_auto_update=False)
    return Catalogue(snapshot=snapshot, name="genai-prices 9")


def _model(prices: types.ModelPrice | list[types.ConditionalPrice], *variants: types.PriceVariant) -> types.ModelInfo:
    match = types.ClauseEquals(equals="m")
    return types.ModelInfo(id="m", match=match, prices=prices, price_variants=list(variants) or None)


def _usd(book: Catalogue, at: datetime, tier: str | None = None, provider: str = "acme") -> float | None:
    rates = book.period(provider, "m", tier, at).rates
    priced = rates and rates.price(MILLION)
    return priced[0] if priced else None


def test_a_price_without_constraints_holds_always() -> None:
    period = _catalogue(_model(_prices("3"))).period("acme", "m", None, NOON)
    assert (period.since, period.until, period.source) == (ALWAYS, NEVER, "genai-prices 9")


def test_a_price_holds_from_its_date_in_utc_until_the_next_one() -> None:
    first, second = date(2026, 1, 1), date(2026, 6, 1)
    starts = [None, types.StartDateConstraint(start_date=first), types.StartDateConstraint(start_date=second)]
    book = _catalogue(_model([_price(str(usd), start) for usd, start in enumerate(starts, start=1)]))
    january, june = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    found = [book.period("acme", "m", None, at) for at in (january - timedelta(seconds=1), january, NOON, june)]
    assert [(period.since, period.until) for period in found] == [
        (ALWAYS, january),
        (january, june),
        (january, june),
        (june, NEVER),
    ]
    assert [period.source for period in found] == [
        "genai-prices 9",
        "genai-prices 9 2026-01-01",
        "genai-prices 9 2026-01-01",
        "genai-prices 9 2026-06-01",
    ]
    assert [_usd(book, at) for at in (january - timedelta(seconds=1), january, june)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("zone", "start_hour", "end_hour"),
    [(None, 22, 2), (UTC, 22, 2), (timezone(timedelta(hours=9)), 7, 11), (timezone(timedelta(hours=-11)), 11, 15)],
)
def test_a_time_of_day_holds_every_day(zone: timezone | None, start_hour: int, end_hour: int) -> None:
    night = types.TimeOfDateConstraint(start_time=time(start_hour, tzinfo=zone), end_time=time(end_hour, tzinfo=zone))
    book = _catalogue(_model([_price("1", None), _price("2", night)]))
    for hour in range(24):
        at = NOON.replace(hour=hour)
        period = book.period("acme", "m", None, at)
        is_night = hour >= 22 or hour < 2
        assert _usd(book, at) == (2 if is_night else 1)
        assert period.until - period.since == timedelta(hours=4 if is_night else 20)
        assert period.since <= at < period.until


def test_a_tier_has_a_price_only_where_the_catalogue_names_it() -> None:
    start = types.StartDateConstraint(start_date=date(2026, 6, 1))
    flex = types.PriceVariant(when={"service_tier": "flex"}, prices=_prices("1"), constraint=start)
    fast = types.PriceVariant(when={"speed": "fast"}, prices=_prices("9"))
    both = types.PriceVariant(when={"speed": "batch", "route": "eu"}, prices=_prices("7"))
    book = _catalogue(_model(_prices("3"), flex, fast, both))
    june = datetime(2026, 6, 1, tzinfo=UTC)
    assert [_usd(book, at, "flex") for at in (NOON, june)] == [None, 1]
    assert [_usd(book, NOON, tier) for tier in (None, "fast", "batch", "scale")] == [3, 9, None, None]
    assert book.period("acme", "m", "flex", NOON).until == june
    assert book.period("acme", "m", None, NOON).until == NEVER


def test_a_tier_of_a_lent_model_has_no_price_since_the_lender_may_ask_for_more() -> None:
    book = _catalogue(_model(_prices("3"), types.PriceVariant(when={"service_tier": "flex"}, prices=_prices("1"))))
    assert [_usd(book, NOON, tier, "azure.ai.openai") for tier in (None, "flex")] == [3, None]


def test_requests_and_sizes_have_prices() -> None:
    steps = types.TieredPrices(base=Decimal(1), tiers=[types.Tier(start=10, price=Decimal(2))])
    prices = types.ModelPrice(input_mtok=steps, output_mtok=Decimal(0), requests_kcount=steps)
    rates = _catalogue(_model(prices)).period("acme", "m", None, NOON).rates
    assert rates is not None
    assert rates.price(Usage(input_tokens=10)) == pytest.approx((10e-6 + 1e-3, 10e-6, None))
    assert rates.price(Usage(input_tokens=11)) == pytest.approx((22e-6 + 2e-3, 22e-6, None))


@pytest.mark.parametrize(("provider", "model"), [("acme", "other"), ("other", "m"), ("acmeish", "m")])
def test_what_is_not_in_the_catalogue_has_no_price(provider: str, model: str) -> None:
    assert _catalogue(_model(_prices("3"))).period(provider, model, None, NOON).rates is None


def test_a_model_that_is_not_priced_by_tokens_has_no_price() -> None:
    assert _usd(_catalogue(_model(types.ModelPrice(audio_hours=Decimal(1)))), NOON) is None


def test_the_bundled_catalogue_is_named_by_its_version() -> None:
    assert catalogue.bundled().name == f"genai-prices {genai_prices.__version__}"


@pytest.fixture
def published() -> Iterator[tuple[str, list[bytes]]]:
    """Serve what is put into the list on loopback."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bodies[0])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/data.json", bodies
        server.shutdown()
        thread.join()


def test_a_refresh_replaces_the_prices_in_use_and_no_others(published: tuple[str, list[bytes]]) -> None:
    url, bodies = published
    model = {"id": "gpt-4o", "match": {"equals": "gpt-4o"}, "prices": {"input_mtok": 7, "output_mtok": 8}}
    bodies.append(json.dumps([{"id": "openai", "name": "OpenAI", "api_pattern": "x", "models": [model]}]).encode())
    prices, bystander = Prices(), Prices()
    before = prices.cost("openai", "gpt-4o", MILLION, at=NOON)
    prices.refresh(url)
    after = prices.cost("openai", "gpt-4o", MILLION, at=NOON)
    assert before is not None
    assert after is not None
    assert before.usd != after.usd == 7
    assert after.source == f"genai-prices {genai_prices.__version__}+{datetime.now():%Y%m%d}"  # noqa: DTZ005 - as genai-prices does
    assert bystander.cost("openai", "gpt-4o", MILLION, at=NOON) == before
    assert genai_prices.calc_price(genai_prices.Usage(input_tokens=1_000_000), "gpt-4o").total_price == Decimal(
        str(before.usd)
    )


def test_a_failed_refresh_keeps_the_prices_in_use(published: tuple[str, list[bytes]]) -> None:
    url, bodies = published
    bodies.append(b"{}")
    prices = Prices()
    before = prices.cost("openai", "gpt-4o", MILLION, at=NOON)
    with pytest.raises(ValueError, match="array"):
        prices.refresh(url)
    assert prices.cost("openai", "gpt-4o", MILLION, at=NOON) == before


def test_a_refresh_to_nothing_keeps_the_prices_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genai_prices.UpdatePrices, "fetch", lambda _: None)
    prices = Prices()
    prices.refresh()
    assert prices.cost("openai", "gpt-4o", MILLION, at=NOON) is not None
