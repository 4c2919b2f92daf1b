"""The anthropic SDK, with its clients for Bedrock, Vertex and Foundry.

Source: ``anthropic/_base_client.py``, ``anthropic/_tracing.py`` and ``anthropic/resources`` of anthropic 2.11.
"""

from __future__ import annotations

from typing import Any, Final

from agentotel.adapters.providers import _stainless
from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Call, Hook
from agentotel.wire import anthropic_messages

PATHS: Final = {
    ("post", "/v1/messages"): Call(operation="chat", format=anthropic_messages.FORMAT),
}
"""Which request paths are operations; ``not_operations`` names the others."""

PLATFORMS: Final = (
    ("Bedrock", "aws.bedrock"),
    ("Vertex", "gcp.vertex_ai"),
)
"""Parts of the names of platform clients and the provider behind them."""


def provider(client: Any) -> str:
    """Name the provider of a client, by its class or its host; a host that is not known is taken for ``anthropic``."""
    names = [kind.__name__ for kind in type(client).__mro__]
    platform = next((found for part, found in PLATFORMS if any(part in name for name in names)), None)
    found = platform or hosts.provider_of(client.base_url.host, "anthropic")
    return "anthropic" if found.startswith("azure.") else found  # whose names there are of other models


ADAPTER: Final = Adapter(
    package="anthropic",
    oldest=(1,),
    below=(3,),
    hooks=_stainless.hooks("anthropic"),
    read=_stainless.reader(PATHS, provider),
    validators=_stainless.validators(
        "anthropic",
        ("lib.streaming._messages", ("MessageStream", "AsyncMessageStream")),
        ("lib.streaming._beta_messages", ("BetaMessageStream", "BetaAsyncMessageStream")),
    ),
    parsed=_stainless.PARSED,
    tracers=(Hook(module="anthropic._base_client", owner="BaseClient", method="_tracer"),),
)
