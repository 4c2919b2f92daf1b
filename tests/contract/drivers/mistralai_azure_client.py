"""mistralai's client for Azure."""

from __future__ import annotations

from mistralai.azure.client import MistralAzure, basesdk

from tests.contract.drivers import _mistral_platforms as platforms
from tests.contract.drivers._stainless import KEY

DRIVER = platforms.driver(
    package="mistralai.azure.client",
    distribution="mistralai",
    platform="azure",
    provider="azure.ai.inference",
    client=platforms.maker(basesdk.httpx, MistralAzure, api_key=KEY),
)
