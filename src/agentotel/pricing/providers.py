"""Names of providers and service tiers, as data."""

from __future__ import annotations

from typing import Final

__all__ = ["LIST_PRICED", "PROVIDER_IDS", "STANDARD_TIERS", "TIER_KEYS", "TIER_NAMES", "catalogue_id", "paid_tier"]

PROVIDER_IDS: Final = {
    "aws.bedrock": "aws",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
"""Id in the catalogue by ``gen_ai.provider.name``, where the two differ.

Source: open-telemetry/semantic-conventions-genai at 6fd0d763, ``gen_ai.provider.name``, its older
values included; genai-prices 0.2.3, ``Provider.id``.
"""

STANDARD_TIERS: Final = frozenset({"default", "on_demand", "standard"})
"""Tiers that are billed at the list price. ``auto`` is a wish of the request, not a tier.

Source: OpenAI ``service_tier`` (default), Anthropic ``usage.service_tier`` (standard), Gemini
``usageMetadata.serviceTier`` (standard) and ``trafficType`` (ON_DEMAND), Bedrock ``serviceTier``
(default), Groq ``service_tier`` (on_demand).
"""

TIER_NAMES: Final = {"on_demand_flex": "flex", "on_demand_priority": "priority"}
"""Tiers that the catalogue has by another name: Vertex AI's ``trafficType``. Its list of prices is both APIs'."""

LIST_PRICED: Final = frozenset({("groq", "flex")})
"""Other tiers that a provider bills at the list price, by its id in the catalogue.

Source: https://console.groq.com/docs/flex-processing
"""

TIER_KEYS: Final = ("service_tier", "processing", "speed")
"""Keys of the catalogue's price variants that a tier can be the value of: ``service_tier`` flex,
priority or fast; ``processing`` batch; ``speed`` fast.

Source: genai-prices 0.2.3, ``PriceVariant.when``.
"""


def catalogue_id(provider: str) -> str:
    """Give the catalogue's id of a provider; a name not in the table is taken as an id."""
    name = provider.strip().lower()
    return PROVIDER_IDS.get(name, name)


def paid_tier(tier: str | None) -> str | None:
    """Give the tier as the catalogue has it if it has prices of its own, None for the list price."""
    name = (tier or "").strip().lower()
    return None if not name or name in STANDARD_TIERS else TIER_NAMES.get(name, name)
