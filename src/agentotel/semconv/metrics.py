"""Metrics: names, units, buckets and attributes, as data.

The two names of a model call's latency are the released ones (``shipped``) and those on the main branch
of the conventions (``spec``); a process emits one family. Source: semantic-conventions-genai, main at
6fd0d763 (2026-10-09), and opentelemetry-util-genai 1.3b0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agentotel.semconv import names as n

DURATION_BUCKETS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS: Final = tuple(4**power for power in range(14))
RUN_BUCKETS: Final = tuple(round(0.1 * 2**power, 1) for power in range(13))
CALLS_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
COST_BUCKETS: Final = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100)
SESSION_BUCKETS: Final = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14400, 86400)

HISTOGRAM: Final = "histogram"
COUNTER: Final = "counter"
OBSERVABLE: Final = "observable_counter"
GAUGE: Final = "observable_up_down_counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One metric. ``attributes`` are the names that its points may carry."""

    name: str
    kind: str
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    buckets: tuple[float, ...] | None = None


_CLIENT = (n.OPERATION_NAME, n.PROVIDER_NAME, n.REQUEST_MODEL, n.RESPONSE_MODEL, n.SERVER_ADDRESS, n.SERVER_PORT)

OPERATION_DURATION: Final = Instrument(
    name="gen_ai.client.operation.duration",
    kind=HISTOGRAM,
    unit="s",
    description="Duration of a GenAI client operation.",
    attributes=(*_CLIENT, n.ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)
INFERENCE_DURATION: Final = Instrument(
    name="gen_ai.client.inference.duration",
    kind=HISTOGRAM,
    unit="s",
    description="Duration of a model call.",
    attributes=(*_CLIENT, n.ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)
OPERATION_FIRST_CHUNK: Final = Instrument(
    name="gen_ai.client.operation.time_to_first_chunk",
    kind=HISTOGRAM,
    unit="s",
    description="Time from the request to the first chunk of a stream.",
    attributes=_CLIENT,
    buckets=DURATION_BUCKETS,
)
INFERENCE_FIRST_CHUNK: Final = Instrument(
    name="gen_ai.client.inference.time_to_first_chunk",
    kind=HISTOGRAM,
    unit="s",
    description="Time from the request to the first chunk of a stream.",
    attributes=_CLIENT,
    buckets=DURATION_BUCKETS,
)
TOKEN_USAGE: Final = Instrument(
    name="gen_ai.client.token.usage",
    kind=HISTOGRAM,
    unit="{token}",
    description="Tokens of a GenAI client operation, input and output.",
    attributes=(*_CLIENT, n.TOKEN_TYPE),
    buckets=TOKEN_BUCKETS,
)
INPUT_TOKENS_PER_CALL: Final = Instrument(
    name="gen_ai.client.inference.operation.input_tokens",
    kind=HISTOGRAM,
    unit="{token}",
    description="Input tokens of one model call.",
    attributes=_CLIENT,
    buckets=TOKEN_BUCKETS,
)
OUTPUT_TOKENS_PER_CALL: Final = Instrument(
    name="gen_ai.client.inference.operation.output_tokens",
    kind=HISTOGRAM,
    unit="{token}",
    description="Output tokens of one model call.",
    attributes=_CLIENT,
    buckets=TOKEN_BUCKETS,
)


def _usage(part: str, description: str) -> Instrument:
    return Instrument(
        name=f"gen_ai.client.inference.usage.{part}",
        kind=COUNTER,
        unit="{token}",
        description=description,
        attributes=(*_CLIENT, n.TOKEN_MODALITY),
    )


USAGE_COUNTERS: Final = {
    "input_tokens": _usage("input_tokens", "Input tokens, cached ones included."),
    "output_tokens": _usage("output_tokens", "Output tokens, reasoning included."),
    "cache_read_tokens": _usage("cache_read.input_tokens", "Input tokens read from a cache."),
    "cache_write_tokens": _usage("cache_write.input_tokens", "Input tokens written to a cache."),
    "reasoning_tokens": _usage("reasoning.output_tokens", "Output tokens spent on reasoning."),
}
"""Counters of the main branch, by the field of ``Usage`` they add up."""

AGENT_DURATION: Final = Instrument(
    name="gen_ai.invoke_agent.duration",
    kind=HISTOGRAM,
    unit="s",
    description="Duration of an agent run in this process.",
    attributes=(n.AGENT_NAME, n.ERROR_TYPE),
    buckets=RUN_BUCKETS,
)
AGENT_INFERENCE_CALLS: Final = Instrument(
    name="gen_ai.invoke_agent.inference_calls",
    kind=HISTOGRAM,
    unit="{inference_call}",
    description="Model calls of one agent run itself, sub-agents excluded.",
    attributes=(n.AGENT_NAME,),
    buckets=CALLS_BUCKETS,
)
AGENT_TOOL_CALLS: Final = Instrument(
    name="gen_ai.invoke_agent.tool_calls",
    kind=HISTOGRAM,
    unit="{tool_call}",
    description="Tool calls of one agent run itself, sub-agents excluded.",
    attributes=(n.AGENT_NAME,),
    buckets=CALLS_BUCKETS,
)
TOOL_DURATION: Final = Instrument(
    name="gen_ai.execute_tool.duration",
    kind=HISTOGRAM,
    unit="s",
    description="Duration of a tool call.",
    attributes=(n.TOOL_NAME, n.TOOL_TYPE, n.AGENT_NAME, n.ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)


def _counter(name: str, unit: str, description: str, *attributes: str) -> Instrument:
    return Instrument(name=name, kind=OBSERVABLE, unit=unit, description=description, attributes=attributes)


def _histogram(name: str, unit: str, description: str, buckets: tuple[float, ...], *attributes: str) -> Instrument:
    return Instrument(
        name=name, kind=HISTOGRAM, unit=unit, description=description, attributes=attributes, buckets=buckets
    )


LLM_COST: Final = _counter("agent.llm.cost", "USD", "Cost of model calls.", n.PROVIDER_NAME, n.REQUEST_MODEL, n.FEATURE)
LLM_RETRIES: Final = _counter("agent.llm.retries", "{retry}", "Repeated HTTP requests of model calls.", "reason")
LLM_FINISHES: Final = _counter("agent.llm.finishes", "{finish}", "Choices by finish reason.", "finish_reason")
TOOL_CALLS: Final = _counter("agent.tool.calls", "{call}", "Tool calls.", n.TOOL_NAME)
TOOL_ERRORS: Final = _counter("agent.tool.errors", "{error}", "Failed tool calls.", n.TOOL_NAME, n.ERROR_TYPE)
TOOL_RETRIES: Final = _counter(
    "agent.tool.retries", "{retry}", "Repeated HTTP requests of tools.", n.TOOL_NAME, "reason"
)
FALLBACKS: Final = _counter("agent.fallbacks", "{fallback}", "Fallbacks taken.", "kind")
SESSION_COST: Final = _counter("agent.session.cost", "USD", "Cost of sessions as it arises.", n.FEATURE)
SESSION_LLM_CALLS: Final = _counter("agent.session.llm_calls", "{call}", "Model calls of sessions.", n.FEATURE)
SESSION_TOOL_CALLS: Final = _counter("agent.session.tool_calls", "{call}", "Tool calls of sessions.", n.FEATURE)
SESSION_ERRORS: Final = _counter("agent.session.errors", "{error}", "Failed calls of sessions.", n.FEATURE)
SESSION_ACTIVE: Final = Instrument(
    name="agent.session.active",
    kind=GAUGE,
    unit="{session}",
    description="Sessions open in this process.",
    attributes=(n.FEATURE,),
)
RUN_STOPS: Final = _counter("agent.run.stops", "{run}", "Ended agent runs.", "stop_reason", "result", n.AGENT_NAME)
SESSION_STOPS: Final = _counter(
    "agent.session.stops", "{session}", "Ended sessions.", "stop_reason", "result", n.FEATURE
)
INTERNAL_ERRORS: Final = _counter(
    "agentotel.internal_errors", "{error}", "Failures of the library itself, swallowed.", "site"
)

RUN_DURATION: Final = _histogram("agent.run.duration", "s", "Duration of an agent run.", RUN_BUCKETS, n.AGENT_NAME)
RUN_COST: Final = _histogram("agent.run.cost", "USD", "Cost of an agent run.", COST_BUCKETS, n.AGENT_NAME)
RUN_TOKENS: Final = _histogram(
    "agent.run.tokens", "{token}", "Tokens of an agent run, input and output.", TOKEN_BUCKETS, n.AGENT_NAME
)
RUN_LLM_CALLS: Final = _histogram(
    "agent.run.llm_calls", "{call}", "Model calls of an agent run.", CALLS_BUCKETS, n.AGENT_NAME
)
RUN_TOOL_CALLS: Final = _histogram(
    "agent.run.tool_calls", "{call}", "Tool calls of an agent run.", CALLS_BUCKETS, n.AGENT_NAME
)
TURN_DURATION: Final = _histogram("agent.turn.duration", "s", "Duration of a turn.", RUN_BUCKETS, n.FEATURE)
TURN_INPUT_TOKENS: Final = _histogram(
    "agent.turn.input_tokens", "{token}", "Input tokens of a turn.", TOKEN_BUCKETS, n.FEATURE
)
TURN_OUTPUT_TOKENS: Final = _histogram(
    "agent.turn.output_tokens", "{token}", "Output tokens of a turn.", TOKEN_BUCKETS, n.FEATURE
)
SESSION_DURATION: Final = _histogram(
    "agent.session.duration", "s", "Duration of a session.", SESSION_BUCKETS, n.FEATURE
)

ALL: Final = tuple(value for value in list(globals().values()) if isinstance(value, Instrument)) + tuple(
    USAGE_COUNTERS.values()
)

SHIPPED_ONLY: Final = (OPERATION_FIRST_CHUNK, TOKEN_USAGE)
"""Metrics of the family ``shipped`` alone."""

SPEC_ONLY: Final = (
    INFERENCE_DURATION,
    INFERENCE_FIRST_CHUNK,
    INPUT_TOKENS_PER_CALL,
    OUTPUT_TOKENS_PER_CALL,
    *USAGE_COUNTERS.values(),
)
"""Metrics of the family ``spec`` alone."""
