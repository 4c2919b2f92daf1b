"""The table of classes agrees with the units of genai-prices."""

from __future__ import annotations

from genai_prices import data_snapshot, types
from genai_prices.data_units import unit_data

from agentotel.pricing.classes import CLASSES

BEYOND = {"output_citation_mtok"}
"""Priced in the catalogue, without a count in ``Usage``: billed as the input or output around them."""


def test_every_price_key_is_a_unit_of_tokens() -> None:
    known = {unit["price_key"]: unit["dimensions"] for unit in unit_data.values()}
    by_name = {kind.name: known[kind.price] for kind in CLASSES}
    for kind in CLASSES:
        assert known[kind.price]["family"] == "tokens"
        assert all(by_name[outer].items() < known[kind.price].items() for outer in kind.inside), kind


def test_every_class_names_all_classes_around_it() -> None:
    known = {unit["price_key"]: unit["dimensions"] for unit in unit_data.values()}
    for kind in CLASSES:
        around = {other.name for other in CLASSES if known[other.price].items() < known[kind.price].items()}
        assert around == set(kind.inside), kind


def test_every_class_of_tokens_with_a_price_is_in_the_table() -> None:
    tokens = {unit["price_key"] for unit in unit_data.values() if unit["dimensions"]["family"] == "tokens"}
    priced = {
        key
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        for prices in _all_prices(model)
        for key in vars(prices)
    }
    assert priced & tokens <= {kind.price for kind in CLASSES} | BEYOND


def _all_prices(model: types.ModelInfo) -> list[types.ModelPrice]:
    listed = [model.prices] if isinstance(model.prices, types.ModelPrice) else [item.prices for item in model.prices]
    return [*listed, *(variant.prices for variant in model.price_variants or ())]
