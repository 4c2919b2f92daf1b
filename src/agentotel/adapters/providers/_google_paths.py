"""What the requests of google-genai are, by their paths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from agentotel.adapters.providers._paths import Found, Routes
from agentotel.capture import hosts
from agentotel.capture.spec import Call, Sent, Target
from agentotel.wire import google_embeddings, google_generate, google_images, google_interactions
from agentotel.wire.format import fields

PATHS: Final = {
    ("post", "/{model}:generateContent"): Call(operation="generate_content", format=google_generate.FORMAT),
    ("post", "/{model}:streamGenerateContent"): Call(operation="generate_content", format=google_generate.PASSED_ON),
    ("post", "/{model}:embedContent"): Call(operation="embeddings", format=google_embeddings.FORMAT),
    ("post", "/{model}:batchEmbedContents"): Call(operation="embeddings", format=google_embeddings.FORMAT),
    ("post", "/{model}:predict"): Call(operation="generate_content", format=google_images.FORMAT),
    ("post", "/interactions"): Call(operation="generate_content", format=google_interactions.FORMAT),
    ("get", "/interactions/{id}"): Call(operation="fetch_response", format=google_interactions.FETCH),
    ("post", "/decisions"): Call(operation="generate_content", format=google_interactions.DECISION),
}
"""Which ends of request paths are operations; ``not_operations`` names the others."""

_ROUTES: Final = Routes(PATHS, {"model": r"(?:tunedModels/|endpoints/)?[^/:]+"})


def find(method: str, path: str) -> Found | None:
    """Find the operation of a request, and what its path says: the model and whether it streams, or an id."""
    found = _ROUTES.find_end(method, path)
    if found is None or not path.endswith(":streamGenerateContent"):
        return found
    return found[0], {**found[1], "stream": True}


def told_apart(sent: Sent) -> Sent:
    """Tell apart what one path is used for: the older embedding models by their body, agents from models."""
    first = next(iter(sent.body.get("instances") or ()), None)  # type: ignore[call-overload]  # a list
    if "content" in fields(first):
        return sent._replace(call=PATHS["post", "/{model}:embedContent"])
    agent = sent.body.get("agent") and sent.call.operation == "generate_content"
    return sent._replace(call=replace(sent.call, operation="invoke_agent")) if agent else sent


def target(host: str | None, url: Any, *, vertex: bool) -> Target:
    """Name who is asked; kinds of parsed URLs differ in what they call their host."""
    return Target(provider="gcp.vertex_ai" if vertex else "gcp.gemini", server=host or None, port=hosts.port_of(url))
