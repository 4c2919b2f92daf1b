"""Spans: operations in the attributes of the conventions, plus what they lack under ``agentotel.``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry.trace import INVALID_SPAN, SpanKind, Status, StatusCode, Tracer

from agentotel._core import guard
from agentotel.facts.call import Attempt, AttributeValue, Cost, Failure, Usage
from agentotel.record import unit as units
from agentotel.record.content import content_attributes
from agentotel.record.operation import MODEL, TOOL, UNIT, Event, ModelFacts, Operation, ToolFacts
from agentotel.record.reading import ContextFacts
from agentotel.record.sdk import add_event, starter, write
from agentotel.record.unit import Unit
from agentotel.semconv import names as n
from agentotel.semconv.operations import INFERENCE, NAMED_AFTER, NAMELESS

Attributes = dict[str, AttributeValue]

USAGE: Final = (
    ("input_tokens", n.USAGE_INPUT_TOKENS),
    ("output_tokens", n.USAGE_OUTPUT_TOKENS),
    ("cache_read_tokens", n.USAGE_CACHE_READ),
    ("cache_write_tokens", n.USAGE_CACHE_WRITE),
    ("reasoning_tokens", n.USAGE_REASONING),
    ("audio_input_tokens", n.USAGE_AUDIO_INPUT),
    ("audio_output_tokens", n.USAGE_AUDIO_OUTPUT),
    ("image_input_tokens", n.USAGE_IMAGE_INPUT),
    ("image_output_tokens", n.USAGE_IMAGE_OUTPUT),
    ("text_input_tokens", n.USAGE_TEXT_INPUT),
    ("text_output_tokens", n.USAGE_TEXT_OUTPUT),
    ("audio_cache_read_tokens", n.USAGE_AUDIO_CACHE_READ),
    ("image_cache_read_tokens", n.USAGE_IMAGE_CACHE_READ),
    ("text_cache_read_tokens", n.USAGE_TEXT_CACHE_READ),
)
"""Fields of ``Usage`` and the attributes that carry them."""

_USAGE_NAMES: Final = tuple(dict(USAGE).get(field) for field in Usage._fields[: Usage._fields.index("web_searches")])
_INPUT_NAME: Final = _USAGE_NAMES[:1]
"""The same in the order of ``Usage``, whose values are read in one loop; its first field is the input, and what the
conventions lack comes last."""

_CONTEXT_NAMES: Final = (
    n.CONTEXT_HASH,
    n.CONTEXT_SYSTEM_HASH,
    n.CONTEXT_TOOLS_HASH,
    n.CONTEXT_MESSAGES,
    n.CONTEXT_NEW_MESSAGES,
    n.CONTEXT_CHANGE,
)
"""The attributes of a context, in the order of ``ContextFacts``, whose messages themselves come last."""

_said = guard.site("record.said")


class SpanRecorder:
    """Makes one span of each operation.

    Attributes that samplers may want are there at the start; everything else is written in one step at
    the end, and only where the span records.
    """

    def __init__(self, tracer: Tracer, *, content: bool, events: bool = True) -> None:
        self._start_span = starter(tracer)
        self._content = content
        self._events = events

    def start(self, operation: Operation) -> None:
        """Start the span and keep it on the operation, or take over the one that is there."""
        name, kind, attributes = _STARTS[operation.kind](operation)
        if operation.span is not INVALID_SPAN:
            _take_over(operation, name, attributes)
            return
        operation.span = self._start_span(
            name,
            attributes=attributes,
            context=operation.parent_context,
            kind=kind,
            links=operation.links or None,
            start_time=operation.started_at_ns,
        )

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Add one event for an HTTP request."""
        if self._events and operation.span.is_recording():
            add_event(operation.span, "agentotel.attempt", attempt_attributes(attempt), attempt.ended_at_ns)

    def event(self, operation: Operation, event: Event) -> None:
        """Add an event to the span."""
        if self._events and operation.span.is_recording():
            add_event(operation.span, event.name, event.attributes)

    def finish(self, operation: Operation) -> None:
        """Write what is known at the end, and end the span."""
        span = operation.span
        try:
            if span.is_recording():
                if operation.failure is not None:
                    span.set_attributes(failure_attributes(operation.failure))
                    description = operation.failure.message if self._content else None
                    span.set_status(Status(StatusCode.ERROR, description))
                attributes = _FINISHES[operation.kind](operation, content=self._content)
                attributes.update(operation.extra)
                write(span, attributes)
        finally:
            span.end(end_time=operation.ended_at_ns)


def _take_over(operation: Operation, name: str, attributes: Attributes) -> None:
    """Make a span that somebody else started the operation's."""
    operation.span.update_name(name)
    operation.span.set_attributes(attributes)
    for link in operation.links:
        operation.span.add_link(link.context, link.attributes)


def _model_start(operation: Operation) -> tuple[str, SpanKind, Attributes]:
    facts = operation.facts
    assert isinstance(facts, ModelFacts)  # noqa: S101 - the kind says so
    model = facts.request.model
    attributes: Attributes = {
        **operation.identity.attributes,
        n.OPERATION_NAME: facts.operation,
        n.PROVIDER_NAME: facts.provider,
    }
    if model is not None:
        attributes[n.REQUEST_MODEL] = model
    if facts.server is not None:
        attributes[n.SERVER_ADDRESS] = facts.server
        if facts.port is not None:
            attributes[n.SERVER_PORT] = facts.port
    other = NAMED_AFTER.get(facts.operation)
    after = model if other is None else facts.request.attributes.get(other)
    return facts.operation if after is None else f"{facts.operation} {after}", SpanKind.CLIENT, attributes


def _model_finish(operation: Operation, *, content: bool) -> Attributes:
    facts = operation.facts
    assert isinstance(facts, ModelFacts)  # noqa: S101 - the kind says so
    attributes: Attributes = _said(facts.said) or {}
    if facts.request.stream and facts.operation in INFERENCE:
        attributes[n.REQUEST_STREAM] = True
    _add_response(attributes, facts)
    if facts.provider != "openai":
        attributes = {name: value for name, value in attributes.items() if not name.startswith("openai.")}
    if operation.identity.session is not None:
        attributes.pop(n.CONVERSATION_ID, None)
    _add_course(attributes, operation, facts)
    if facts.context is not None:
        _add_context(attributes, facts.context)
    if operation.identity.prompt is not None and facts.operation in INFERENCE:
        name, version = operation.identity.prompt
        attributes[n.PROMPT_NAME] = name
        if version is not None:
            attributes[n.PROMPT_VERSION] = version
    if content:
        attributes.update(content_attributes(operation, facts))
    return attributes


def model_attributes(operation: Operation) -> Attributes:
    """Give every attribute of a model call but its content and its failure."""
    return {**_model_start(operation)[2], **_model_finish(operation, content=False)}


def _add_response(attributes: Attributes, facts: ModelFacts) -> None:
    response = facts.response
    if response is None:
        return
    if response.id is not None and facts.operation not in NAMELESS:
        attributes[n.RESPONSE_ID] = response.id
    if response.model is not None:
        attributes[n.RESPONSE_MODEL] = response.model
    if response.finish_reasons:
        attributes[n.RESPONSE_FINISH_REASONS] = response.finish_reasons
    if response.usage is not None:
        add_usage(attributes, response.usage, facts.operation)


def add_usage(attributes: Attributes, usage: Usage, operation: str) -> None:
    """Add the token counts that were sent; an embedding has input only."""
    for name, value in zip(_INPUT_NAME if operation == "embeddings" else _USAGE_NAMES, usage, strict=False):
        if value is not None and name is not None:
            attributes[name] = value


def _add_course(attributes: Attributes, operation: Operation, facts: ModelFacts) -> None:
    """Add how the call went: outcome, cost, time to first chunk, retries, headroom."""
    attributes[n.OUTCOME] = str(operation.outcome)
    if facts.usage_source is not None:
        attributes[n.USAGE_SOURCE] = facts.usage_source
    if facts.first_chunk_s is not None and facts.operation in INFERENCE:
        attributes[n.RESPONSE_TIME_TO_FIRST_CHUNK] = facts.first_chunk_s
    if facts.retry_limit is not None:
        attributes[n.RETRY_LIMIT] = facts.retry_limit
    if facts.timeout_s is not None:
        attributes[n.TIMEOUT_S] = facts.timeout_s
    if facts.cost is not None:
        _add_cost(attributes, facts.cost)
    if facts.headers is not None:
        attributes.update(facts.headers.limits())
    if operation.retries:
        _add_retries(attributes, operation)


def _add_cost(attributes: Attributes, cost: Cost) -> None:
    attributes[n.COST_USD] = cost.usd
    attributes[n.COST_SOURCE] = cost.source
    if cost.input_usd is not None:
        attributes[n.COST_INPUT_USD] = cost.input_usd
    if cost.output_usd is not None:
        attributes[n.COST_OUTPUT_USD] = cost.output_usd


def _add_retries(attributes: Attributes, operation: Operation) -> None:
    attributes[n.RESEND_COUNT] = operation.retries
    attributes[n.RETRY_WAIT_S] = round(operation.waited_s, 6)


def _add_context(attributes: Attributes, context: ContextFacts) -> None:
    for name, value in zip(_CONTEXT_NAMES, context[:-1], strict=True):
        if value is not None:
            attributes[name] = value


def attempt_attributes(attempt: Attempt) -> Attributes:
    """Give the attributes of the event of one attempt."""
    attributes: Attributes = {
        "agentotel.attempt.number": attempt.number,
        "agentotel.attempt.duration_s": attempt.duration_s,
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.request_id is not None:
        attributes["agentotel.attempt.request_id"] = attempt.request_id
    if attempt.host is not None:
        attributes[n.SERVER_ADDRESS] = attempt.host
    if attempt.error_type is not None or attempt.wait_s is not None:
        attributes.update(_troubles(attempt))
    return attributes


def _troubles(attempt: Attempt) -> Attributes:
    """Give what only a failed attempt or a repeated one has."""
    values: dict[str, AttributeValue | None] = {
        n.ERROR_TYPE: attempt.error_type,
        "agentotel.attempt.reason": attempt.reason,
        "agentotel.attempt.wait_s": attempt.wait_s,
        "agentotel.attempt.retry_after_s": attempt.retry_after_s,
    }
    return {name: value for name, value in values.items() if value is not None}


def failure_attributes(failure: Failure) -> Attributes:
    """Give the attributes of a failure; its message is not among them."""
    values: dict[str, AttributeValue | None] = {
        n.ERROR_TYPE: failure.type,
        n.ERROR_CATEGORY: failure.category,
        n.ERROR_ORIGIN: failure.origin,
        n.ERROR_RETRY: failure.retry,
    }
    return {name: value for name, value in values.items() if value is not None}


def _tool_start(operation: Operation) -> tuple[str, SpanKind, Attributes]:
    facts = operation.facts
    assert isinstance(facts, ToolFacts)  # noqa: S101 - the kind says so
    attributes: Attributes = {
        **operation.identity.attributes,
        n.OPERATION_NAME: "execute_tool",
        n.TOOL_NAME: facts.name,
        n.TOOL_TYPE: facts.type,
    }
    run = operation.identity.run
    if run is not None and run.name is not None:
        attributes[n.AGENT_NAME] = run.name
    return f"execute_tool {facts.name}", SpanKind.INTERNAL, attributes


def _tool_finish(operation: Operation, *, content: bool) -> Attributes:
    facts = operation.facts
    assert isinstance(facts, ToolFacts)  # noqa: S101 - the kind says so
    attributes: Attributes = {n.TOOL_ATTEMPT: facts.attempt, n.OUTCOME: str(operation.outcome)}
    if facts.args_hash is not None and facts.args_bytes is not None:
        attributes[n.TOOL_ARGS_HASH] = facts.args_hash
        attributes[n.TOOL_ARGS_BYTES] = facts.args_bytes
    if facts.result_hash is not None and facts.result_bytes is not None:
        attributes[n.TOOL_RESULT_HASH] = facts.result_hash
        attributes[n.TOOL_RESULT_BYTES] = facts.result_bytes
    attributes.update(facts.described)
    if facts.call_id is not None:
        attributes[n.TOOL_CALL_ID] = facts.call_id
    if facts.requested_by is not None:
        attributes[n.TOOL_REQUESTED_BY] = format(facts.requested_by.context.span_id, "016x")
    if facts.cost_usd is not None:
        attributes[n.COST_USD] = facts.cost_usd
        attributes[n.COST_SOURCE] = "tool"
    if operation.retries:
        _add_retries(attributes, operation)
    if content:
        _add_tool_content(attributes, facts)
    return attributes


def _add_tool_content(attributes: Attributes, facts: ToolFacts) -> None:
    if facts.arguments is not None:
        attributes[n.TOOL_CALL_ARGUMENTS] = facts.arguments
    if facts.result is not None:
        attributes[n.TOOL_CALL_RESULT] = _as_object(facts.result)


def _as_object(text: str) -> str:
    """Put a result that is no JSON object into one: the conventions' schema of results knows only objects."""
    return text if text.startswith("{") else f'{{"result":{text}}}'


def _unit_start(operation: Operation) -> tuple[str, SpanKind, Attributes]:
    unit = operation.facts
    assert isinstance(unit, Unit)  # noqa: S101 - the kind says so
    attributes: Attributes = {**operation.identity.attributes}
    if unit.kind == units.RUN:
        attributes[n.OPERATION_NAME] = "invoke_agent"
        if unit.name is not None:
            attributes[n.AGENT_NAME] = unit.name
        return f"invoke_agent {unit.name}" if unit.name else "invoke_agent", SpanKind.INTERNAL, attributes
    attributes[n.KIND] = unit.kind
    if unit.kind == units.TURN:
        return f"turn {unit.index}" if unit.index else "turn", SpanKind.INTERNAL, attributes
    if unit.kind == units.SESSION:
        return f"session {unit.name}" if unit.name else "session", SpanKind.INTERNAL, attributes
    if unit.name == "planning":
        return _plan_start(operation, attributes)
    return unit.name or "step", SpanKind.INTERNAL, attributes


def _plan_start(operation: Operation, attributes: Attributes) -> tuple[str, SpanKind, Attributes]:
    attributes[n.OPERATION_NAME] = "plan"
    run = operation.identity.run
    if run is None or run.name is None:
        return "plan", SpanKind.INTERNAL, attributes
    attributes[n.AGENT_NAME] = run.name
    return f"plan {run.name}", SpanKind.INTERNAL, attributes


def _unit_finish(operation: Operation, *, content: bool) -> Attributes:  # noqa: ARG001 - one signature for all
    unit = operation.facts
    assert isinstance(unit, Unit)  # noqa: S101 - the kind says so
    attributes: Attributes = {}
    if unit.kind == units.STEP:
        return attributes
    if unit.stop_reason is not None:
        attributes[n.STOP_REASON] = str(unit.stop_reason)
    if unit.detail is not None:
        attributes[n.STOP_DETAIL] = unit.detail
    if unit.result is not None:
        attributes[n.RESULT] = str(unit.result)
    attributes.update(total_attributes(unit))
    return attributes


def total_attributes(unit: Unit) -> Attributes:
    """Give the sums of a unit; a cost that is not known is left out."""
    return {name: value for name, value in zip(_TOTAL_NAMES, unit.amounts(), strict=True) if value is not None}


_TOTAL_NAMES: Final = tuple(f"{n.TOTAL_PREFIX}{field}" for field in units.AMOUNTS)


_Start = Callable[[Operation], tuple[str, SpanKind, Attributes]]
_Finish = Callable[..., Attributes]

_STARTS: Final[Mapping[str, _Start]] = {MODEL: _model_start, TOOL: _tool_start, UNIT: _unit_start}
_FINISHES: Final[Mapping[str, _Finish]] = {MODEL: _model_finish, TOOL: _tool_finish, UNIT: _unit_finish}
