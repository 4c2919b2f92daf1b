"""The anthropic SDK, with its clients for Bedrock, Vertex and Foundry.

Source: ``anthropic/_base_client.py``, ``anthropic/_tracing.py`` and ``anthropic/resources`` of anthropic 2.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentotel.adapters.providers import _stainless
from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Call, Hook, Sent, own
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


_READ: Final = _stainless.reader(PATHS, provider)


def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read the arguments of ``request``; unlike the other SDKs of its kind, anthropic 2 passes settings on uncopied."""
    sent = _READ(client, args, kwargs)
    return sent and sent._replace(body=own(sent.body))


ADAPTER: Final = Adapter(
    package="anthropic",
    oldest=(1,),
    below=(3,),
    hooks=_stainless.hooks("anthropic"),
    read=read,
    validators=_stainless.validators(
        "anthropic",
        ("lib.streaming._messages", ("MessageStream", "AsyncMessageStream")),
        ("lib.streaming._beta_messages", ("BetaMessageStream", "BetaAsyncMessageStream")),
    ),
    parsed=_stainless.PARSED,
    tracers=(Hook(module="anthropic._base_client", owner="BaseClient", method="_tracer"),),
)
