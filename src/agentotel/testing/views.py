"""Spans of agentotel by what they are: model calls, tool calls, runs, turns, steps, sessions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from agentotel.facts.call import AttributeValue
from agentotel.facts.stop import Outcome, Result, StopReason
from agentotel.facts.totals import Totals
from agentotel.semconv import names as n
from agentotel.testing.values import Fact, Span


def _json(text: str) -> Any:
    return json.loads(text)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall(Span):
    """One call of a model. A fact that was not sent is None. Messages are there with ``capture(content=True)``."""

    operation = Fact(n.OPERATION_NAME, str)
    provider = Fact(n.PROVIDER_NAME, str)
    model = Fact(n.REQUEST_MODEL, str)
    response_model = Fact(n.RESPONSE_MODEL, str)
    response_id = Fact(n.RESPONSE_ID, str)
    stream = Fact(n.REQUEST_STREAM, bool)
    finish_reasons = Fact(n.RESPONSE_FINISH_REASONS, _texts)
    input_tokens = Fact(n.USAGE_INPUT_TOKENS, int)
    output_tokens = Fact(n.USAGE_OUTPUT_TOKENS, int)
    cache_read_tokens = Fact(n.USAGE_CACHE_READ, int)
    cache_write_tokens = Fact(n.USAGE_CACHE_WRITE, int)
    reasoning_tokens = Fact(n.USAGE_REASONING, int)
    cost_usd = Fact(n.COST_USD, float)
    retries = Fact(n.RESEND_COUNT, int)
    first_chunk_s = Fact(n.RESPONSE_TIME_TO_FIRST_CHUNK, float)
    outcome = Fact(n.OUTCOME, Outcome)
    prompt = Fact(n.PROMPT_NAME, str)
    prompt_version = Fact(n.PROMPT_VERSION, str)
    system_instructions = Fact(n.SYSTEM_INSTRUCTIONS, _json)
    input_messages = Fact(n.INPUT_MESSAGES, _json)
    output_messages = Fact(n.OUTPUT_MESSAGES, _json)
    tool_definitions = Fact(n.TOOL_DEFINITIONS, _json)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Span):
    """One call of a tool. Arguments and result are there with ``capture(content=True)``, their hashes always."""

    tool = Fact(n.TOOL_NAME, str)
    version = Fact(n.TOOL_VERSION, str)
    call_id = Fact(n.TOOL_CALL_ID, str)
    attempt = Fact(n.TOOL_ATTEMPT, int)
    fallback_for = Fact(n.TOOL_FALLBACK, str)
    requested_by = Fact(n.TOOL_REQUESTED_BY, str)
    cost_usd = Fact(n.COST_USD, float)
    outcome = Fact(n.OUTCOME, Outcome)
    args_hash = Fact(n.TOOL_ARGS_HASH, str)
    result_hash = Fact(n.TOOL_RESULT_HASH, str)
    arguments = Fact(n.TOOL_CALL_ARGUMENTS, _json)
    result = Fact(n.TOOL_CALL_RESULT, _json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Span):
    """What adds up and stops for a reason."""

    stop_reason = Fact(n.STOP_REASON, StopReason)
    stop_detail = Fact(n.STOP_DETAIL, str)
    result = Fact(n.RESULT, Result)

    @property
    def totals(self) -> Totals:
        """The sums of this part and everything inside it."""
        known: dict[str, Any] = {one.name: self.attributes.get(n.TOTAL_PREFIX + one.name) for one in fields(Totals)}
        return Totals(**{name: value for name, value in known.items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Ended):
    """One run of an agent."""

    agent = Fact(n.AGENT_NAME, str)
    version = Fact(n.AGENT_VERSION, str)
    run_id = Fact(n.RUN_ID, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Ended):
    """One turn of a session."""

    index = Fact(n.TURN_INDEX, int)
    turn_id = Fact(n.TURN_ID, str)
    input = Fact(n.INPUT_MESSAGES, _json)
    output = Fact(n.OUTPUT_MESSAGES, _json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Span):
    """One step of a run."""

    type = Fact(n.STEP_TYPE, str)
    step_id = Fact(n.STEP_ID, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Ended):
    """One session, or a segment of it."""

    user = Fact(n.USER_ID, str)
    tenant = Fact(n.TENANT, str)
    feature = Fact(n.FEATURE, str)


_BY_KIND: Final[Mapping[object, type[Span]]] = {"session": Session, "turn": Turn, "step": Step}
_BY_OPERATION: Final[Mapping[object, type[Span]]] = {"execute_tool": ToolCall, "invoke_agent": Run}


def kind_of(attributes: Mapping[str, AttributeValue]) -> type[Span]:
    """Tell what a span of agentotel is from its attributes."""
    if n.PROVIDER_NAME in attributes:
        return ModelCall
    by_kind = _BY_KIND.get(attributes.get(n.KIND))
    return by_kind or _BY_OPERATION.get(attributes.get(n.OPERATION_NAME), Span)
