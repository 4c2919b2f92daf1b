"""What the formats of Bedrock share: finish reasons, token counts, what a request says beside the model's own body.

Source: ``bedrock-runtime/2023-09-30/service-2.json`` of botocore 1.44.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.facts.call import AttributeValue, Usage
from agentotel.semconv import names
from agentotel.wire.format import Body, fields
from agentotel.wire.parts import MISSING_REASON
from agentotel.wire.read import Rule, UsageTable, attributes, inside, items, natural, text, usage

FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "stop": "stop",
    "finish": "stop",
    "finished": "stop",
    "complete": "stop",
    "endoftext": "stop",
    "stop_criteria_met": "stop",
    "max_tokens": "length",
    "length": "length",
    "tool_use": "tool_call",
    "tool_call": "tool_call",
    "tool_calls": "tool_call",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "error_toxic": "content_filter",
}
"""Words of Bedrock and of its models, in lower case.

Source: ``map_finish_reason`` of opentelemetry-instrumentation-genai-bedrock 1.3b0, and the models' own words that it
leaves as they are.
"""

USAGE: UsageTable = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_tokens",
    "cacheReadInputTokenCount": "cache_read_tokens",
    "cacheWriteInputTokens": "cache_write_tokens",
    "cacheWriteInputTokenCount": "cache_write_tokens",
}
"""Token counts of Converse; Nova's own bodies end the names of those for the cache in ``Count``."""

METRICS = "amazon-bedrock-invocationMetrics"
_METRICS: UsageTable = {
    "inputTokenCount": "input_tokens",
    "outputTokenCount": "output_tokens",
    "cacheReadInputTokenCount": "cache_read_tokens",
    "cacheWriteInputTokenCount": "cache_write_tokens",
}
_COUNTS: UsageTable = {
    "x-amzn-bedrock-input-token-count": "input_tokens",
    "x-amzn-bedrock-output-token-count": "output_tokens",
    "x-amzn-bedrock-cache-read-input-token-count": "cache_read_tokens",
    "x-amzn-bedrock-cache-write-input-token-count": "cache_write_tokens",
}
TIER = "x-amzn-bedrock-service-tier"
HEADERS = (*_COUNTS, TIER)
"""Response headers that hold facts of an invocation."""

_GUARDRAIL = inside("guardrailIdentifier", text)
REQUEST: tuple[Rule, ...] = (
    ("guardrailIdentifier", names.AWS_BEDROCK_GUARDRAIL_ID, text),
    ("guardrailConfig", names.AWS_BEDROCK_GUARDRAIL_ID, _GUARDRAIL),
)


def finish_reason(sent: object) -> str:
    """Translate a reason; one that is not known keeps its own word in lower case, a missing one is ``error``."""
    reason = text(sent)
    if reason is None:
        return MISSING_REASON
    return FINISH_REASONS.get(reason.lower(), reason.lower())


def token_counts(sent: object) -> Usage | None:
    """Read a usage object of Converse, which counts what was read from and written to the cache apart."""
    found = usage(sent, USAGE)
    if found is None:
        return None
    details = [fields(detail) for detail in items(fields(sent).get("cacheDetails"))]
    hour = [natural(detail.get("inputTokens")) or 0 for detail in details if detail.get("ttl") == "1h"]
    return with_cache(found._replace(cache_write_1h_tokens=sum(hour)) if hour else found)


def billed(body: Body) -> Usage | None:
    """Read what Bedrock itself counts for an invocation: the metrics that end a stream, else response headers."""
    metrics = usage(body.get(METRICS), _METRICS)
    if metrics is not None:
        return metrics
    counts = {name: int(value) for name in _COUNTS if (value := text(body.get(name))) and value.isdecimal()}
    return usage(counts, _COUNTS)


def with_cache(counted: Usage) -> Usage:
    """Add what was read from and written to the cache to the input."""
    if counted.input_tokens is None:
        return counted
    cached = (counted.cache_read_tokens or 0) + (counted.cache_write_tokens or 0)
    return counted._replace(input_tokens=counted.input_tokens + cached) if cached else counted


def merged(said: Usage | None, counted: Usage | None) -> Usage | None:
    """Join what a model says it used with what Bedrock bills, whose count of the output is the one that is paid."""
    if said is None or counted is None:
        return said if counted is None else with_cache(counted)
    read, written = (
        getattr(counted, name) if getattr(said, name) is None else getattr(said, name)
        for name in ("cache_read_tokens", "cache_write_tokens")
    )
    whole = with_cache(Usage(counted.input_tokens, cache_read_tokens=read, cache_write_tokens=written)).input_tokens
    return said._replace(
        input_tokens=whole if said.input_tokens is None else said.input_tokens,
        output_tokens=said.output_tokens if counted.output_tokens is None else counted.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def beside(body: Body) -> dict[str, AttributeValue]:
    """Read what a request says beside what its model reads."""
    return attributes(body, REQUEST)


def tier(body: Body) -> str | None:
    """Read the service tier that was used."""
    sent = body.get("serviceTier")
    return text(sent) or text(fields(sent).get("type")) or text(body.get(TIER))
