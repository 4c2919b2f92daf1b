"""Names of the conventions, ids of the catalogue, and tiers."""

from __future__ import annotations

import pytest
from genai_prices import data_snapshot

from agentotel.pricing.providers import PROVIDER_IDS, TIER_KEYS, catalogue_id, paid_tier


def test_every_id_in_the_table_is_in_the_catalogue() -> None:
    assert set(PROVIDER_IDS.values()) <= {provider.id for provider in data_snapshot.get_snapshot().providers}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai", "openai"),
        ("azure.ai.openai", "azure"),
        ("gcp.vertex_ai", "google"),
        (" X_AI ", "x-ai"),
        ("acme", "acme"),
    ],
)
def test_names_become_ids(name: str, expected: str) -> None:
    assert catalogue_id(name) == expected


@pytest.mark.parametrize("tier", [None, "", " ", "default", "standard", "ON_DEMAND", "Default"])
def test_standard_tiers_have_the_list_price(tier: str | None) -> None:
    assert paid_tier(tier) is None


@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        ("batch", "batch"),
        ("Priority", "priority"),
        ("auto", "auto"),
        ("ON_DEMAND_PRIORITY", "priority"),
        ("ON_DEMAND_FLEX", "flex"),
        ("PROVISIONED_THROUGHPUT", "provisioned_throughput"),
    ],
)
def test_other_tiers_have_the_catalogue_s_name(tier: str, expected: str) -> None:
    assert paid_tier(tier) == expected


def test_the_keys_of_variants_that_change_the_price_of_tokens_are_known() -> None:
    keys = {
        key
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        for variant in model.price_variants or ()
        for key in variant.when
    }
    assert keys - set(TIER_KEYS) <= {"route", "search_type"}
