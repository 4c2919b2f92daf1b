"""Hosts of providers and ports of schemes, as data."""

from __future__ import annotations

from typing import Any, Final

HOSTS: Final = (
    ("openai.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.openai"),
    ("cognitiveservices.azure.com", "azure.ai.openai"),
    ("inference.ai.azure.com", "azure.ai.inference"),
    ("models.ai.azure.com", "azure.ai.inference"),
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("api.groq.com", "groq"),
    ("mistral.ai", "mistral_ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.moonshot.ai", "moonshot_ai"),
    ("api.moonshot.cn", "moonshot_ai"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("openrouter.ai", "openrouter"),
    ("api.together.xyz", "together"),
    ("api.together.ai", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("ml.cloud.ibm.com", "ibm.watsonx.ai"),
    ("amazonaws.com", "aws.bedrock"),
    ("api.aws", "aws.bedrock"),
    ("api.cerebras.ai", "cerebras"),
    ("api.meta.ai", "meta"),
    ("api.minimax.io", "minimax"),
    ("api.novita.ai", "novita"),
    ("api.voyageai.com", "voyageai"),
    ("api.z.ai", "zai"),
    ("open.bigmodel.cn", "zhipuai"),
    ("inference.baseten.co", "baseten"),
    ("cloud.databricks.com", "databricks"),
    ("azuredatabricks.net", "databricks"),
    ("gcp.databricks.com", "databricks"),
)
"""Ends of host names and the provider behind them: the conventions' name, else the price catalogue's."""

PORTS: Final = {"https": 443, "http": 80, "wss": 443, "ws": 80}


def ends(host: str, end: str) -> bool:
    """Tell whether a host is ``end`` or below it; a regional host such as ``us-x-aiplatform...`` counts as well."""
    return host == end or host.endswith(("." + end, "-" + end))


def provider_of(host: str | None, otherwise: str) -> str:
    """Name the provider behind a host, ``otherwise`` where the host is not known."""
    return next((name for end, name in HOSTS if host is not None and ends(host, end)), otherwise)


def port_of(url: Any) -> int | None:
    """Give the port of a parsed URL or a pool of connections: its own, else that of its scheme."""
    port: int | None = url.port or PORTS.get(url.scheme)
    return port
