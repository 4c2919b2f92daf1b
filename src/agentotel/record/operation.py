"""Operations: what has a start and an end and becomes a span. One lifecycle for all of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, set_span_in_context

from agentotel._core import guard, late
from agentotel.facts.call import (
    Attempt,
    AttributeValue,
    Cost,
    Failure,
    Request,
    Response,
    ServerToolUse,
)
from agentotel.facts.stop import Outcome, StopReason
from agentotel.record import again
from agentotel.record.identity import Identity
from agentotel.record.served import served_attributes
from agentotel.record.unit import Unit
from agentotel.semconv import names as n
from agentotel.semconv.operations import MODELLESS, SPEAKING

if TYPE_CHECKING:
    from agentotel.record.pipeline import Pipeline
    from agentotel.record.reading import ContextFacts
    from agentotel.wire.format import Body, Format
    from agentotel.wire.headers import HeaderFacts

MODEL: Final = "model"
TOOL: Final = "tool"
UNIT: Final = "unit"
MOST_EVENTS: Final = 1000
PRICED_AS_ASKED: Final = frozenset({"aws.bedrock"})
"""Providers whose price goes by the model that is asked for: ``global.anthropic.claude...`` has another one than
``us.anthropic.claude...``, and the answer names neither. It decides where the name asked for has no price."""
_MOST_SERVED: Final = 100

_start = guard.site("record.start")
_attempt = guard.site("record.attempt")
_event = guard.site("record.event")
_finish = guard.site("record.finish")
_total = guard.site("record.totals")
_served = guard.site("record.served")
_again = guard.site("record.again")
_price = guard.site("record.price")
_context = guard.site("record.context")


class ModelFacts:
    """Facts of one model call as they become known."""

    __slots__ = (
        "_asked",
        "answer",
        "body",
        "context",
        "cost",
        "first_chunk_s",
        "format",
        "headers",
        "operation",
        "port",
        "provider",
        "request",
        "response",
        "retry_limit",
        "server",
        "shared",
        "timeout_s",
        "usage_source",
    )

    def __init__(
        self,
        format: Format,  # noqa: A002 - the wire's word
        operation: str,
        provider: str,
        request: Request,
        body: Body,
    ) -> None:
        self.format = format
        self.operation = operation
        self.provider = provider
        self.request = request
        self.body: Body | None = body
        self.answer: Body | None = None
        self.response: Response | None = None
        self.server: str | None = None
        self.port: int | None = None
        self.first_chunk_s: float | None = None
        self.cost: Cost | None = None
        self.usage_source: str | None = None
        self.context: ContextFacts | None = None
        self.headers: HeaderFacts | None = None
        self.shared: tuple[object, ...] = ()
        self.retry_limit: int | None = None
        self.timeout_s: float | None = None
        self._asked: Mapping[str, AttributeValue] | None = None

    def asked(self) -> Mapping[str, AttributeValue]:
        """Give what the request asks for, as attributes; it is read once."""
        if self._asked is None:
            self._asked = {**self.request.attributes, **self.format.asks(self.body or {})}
        return self._asked

    def said(self) -> dict[str, AttributeValue]:
        """Give what the request asks for and what the answer says, as attributes."""
        found = dict(self.asked())
        if self.answer is not None:
            found.update(self.format.tells(self.answer))
        if self.response is not None:
            found.update(self.response.attributes)
        return found


class ToolFacts:
    """Facts of one tool call as they become known. ``arguments`` and ``result`` are canonical JSON.

    ``described`` is what is known of the tool itself, as attributes.
    """

    __slots__ = (
        "args_bytes",
        "args_hash",
        "arguments",
        "attempt",
        "call_id",
        "cost_usd",
        "described",
        "name",
        "requested_by",
        "result",
        "result_bytes",
        "result_hash",
        "type",
    )

    def __init__(self, name: str, type: str, described: Mapping[str, AttributeValue]) -> None:  # noqa: A002 - the conventions' word
        self.name = name
        self.type = type
        self.described = described
        self.arguments: str | None = None
        self.args_hash: str | None = None
        self.args_bytes: int | None = None
        self.result: str | None = None
        self.result_hash: str | None = None
        self.result_bytes: int | None = None
        self.call_id: str | None = None
        self.requested_by: Link | None = None
        self.attempt = 1
        self.cost_usd: float | None = None


Facts = ModelFacts | ToolFacts | Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened inside an operation, with attributes under their final names."""

    name: str
    attributes: Mapping[str, AttributeValue]
    kind: str | None = None


class Recorder(Protocol):
    """Makes one kind of output from operations. Every call is guarded by the operation."""

    def start(self, operation: Operation) -> None:
        """Take up an operation that starts."""
        ...

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Take up an HTTP request."""
        ...

    def event(self, operation: Operation, event: Event) -> None:
        """Take up an event."""
        ...

    def finish(self, operation: Operation) -> None:
        """Take up an operation that ended."""
        ...


class Operation:
    """One model call, tool call, or unit from its start to its only end."""

    __slots__ = (
        "_latch",
        "attempts",
        "context",
        "ended_at_ns",
        "events",
        "extra",
        "facts",
        "failure",
        "identity",
        "kind",
        "links",
        "outcome",
        "parent_context",
        "pipeline",
        "requests",
        "retries",
        "span",
        "started_at_ns",
        "waited_s",
    )

    def __init__(
        self, pipeline: Pipeline, kind: str, facts: Facts, identity: Identity, parent_context: Context | None = None
    ) -> None:
        self.pipeline = pipeline
        self.kind = kind
        self.facts = facts
        self.identity = identity
        self.parent_context = otel_context.get_current() if parent_context is None else parent_context
        self.span: Span = INVALID_SPAN
        self.context: Context = self.parent_context
        self.attempts: list[Attempt] = []
        self.requests = 0
        self.retries = 0
        self.waited_s = 0.0
        self.links: list[Link] = []
        self.events: list[Event] = []
        self.extra: dict[str, AttributeValue] = {}
        self.outcome = Outcome.COMPLETED
        self.failure: Failure | None = None
        self.started_at_ns = 0
        self.ended_at_ns = 0
        self._latch = [True]

    @property
    def duration_s(self) -> float:
        """Seconds between start and end."""
        return (self.ended_at_ns - self.started_at_ns) / 1e9

    @property
    def open(self) -> bool:
        """Whether the operation has not ended yet."""
        return bool(self._latch)

    def start(self) -> None:
        """Start the clock and the recorders, and make the context that calls inside run in."""
        if late.waiting:
            late.settle()
        self.started_at_ns = time.time_ns()
        for recorder in self.pipeline.recorders:
            _start(recorder.start, self)
        if self.span is not INVALID_SPAN:
            self.context = set_span_in_context(self.span, self.parent_context)

    def attempt(self, attempt: Attempt) -> None:
        """Report one HTTP request made inside this operation. The last ones stay readable."""
        self.requests += 1
        if attempt.wait_s is not None:
            self.retries += 1
            self.waited_s += attempt.wait_s
        if len(self.attempts) >= MOST_EVENTS:
            del self.attempts[: MOST_EVENTS // 2]
        self.attempts.append(attempt)
        for recorder in self.pipeline.recorders:
            _attempt(recorder.attempt, self, attempt)

    def event(self, event: Event) -> None:
        """Report something that happened inside this operation. The first ones stay readable."""
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)
        late.run(self._tell, event)

    def _tell(self, event: Event) -> None:
        for recorder in self.pipeline.recorders:
            _event(recorder.event, self, event)

    def finish(self, outcome: Outcome = Outcome.COMPLETED, failure: Failure | None = None) -> bool:
        """End the operation, once; later calls change nothing and give False."""
        try:
            self._latch.pop()
        except IndexError:
            return False
        if late.waiting:
            late.settle()
        self.ended_at_ns = time.time_ns()
        self.outcome = outcome
        self.failure = failure
        late.run(self._report)
        return True

    def _report(self) -> None:
        """Add up the operation that ended, and hand it to the recorders."""
        facts = self.facts
        if isinstance(facts, ModelFacts):
            if facts.response is not None and facts.response.server_tools:
                _served(self._tell_served, facts.response.server_tools)
            if self.failure is not None or again.SEEN:
                _again(self._follow, facts)
            _price(self._price_call, facts)
            if self.identity.unit is not None:
                _context(self._read_context, facts)
                _total(self._total_call, facts)
        elif isinstance(facts, ToolFacts):
            _total(self._total_tool, facts)
        for recorder in self.pipeline.recorders:
            _finish(recorder.finish, self)
        if isinstance(facts, ModelFacts):
            facts.body = facts.answer = None

    def _follow(self, facts: ModelFacts) -> None:
        """Mark a call that repeats a failed one, or stands in for it."""
        shared = facts.shared or again.places(self.parent_context)
        kept = again.failures(self.identity, self.pipeline.token, make=self.failure is not None, shared=shared)
        before = None if kept is None else again.follow(self, facts, kept)
        if before is None:
            return
        asked, span_id = (facts.provider, facts.request.model), format(before.span_id, "016x")
        if (before.provider, before.model) == asked:
            self.extra[n.RESEND_CALLS] = before.times
            self.extra[n.RESEND_OF] = span_id
            return
        self.extra[n.FALLBACK_OF] = span_id
        source, to = (before.provider, asked[0]) if before.model == asked[1] else (before.model, asked[1])
        told = {"source": source, "to": to, "kind": "model", "reason": before.reason}
        attributes = {f"agentotel.fallback.{key}": value for key, value in told.items() if value is not None}
        made = Event(name="agentotel.fallback", kind="fallback", attributes=attributes)
        self.events.append(made)
        self._tell(made)

    def _tell_served(self, uses: Iterable[ServerToolUse]) -> None:
        for use in islice(uses, _MOST_SERVED):
            made = Event(name="agentotel.server_tool", kind="server_tool", attributes=served_attributes(use))
            self.events.append(made)
            self._tell(made)

    def _price_call(self, facts: ModelFacts) -> None:
        response = facts.response
        counts = None if response is None else response.billed or response.usage
        if response is None or counts is None:
            return
        at = datetime.fromtimestamp(self.started_at_ns / 1e9, UTC)
        models = (response.model, facts.request.model)
        if facts.provider in PRICED_AS_ASKED:
            models = models[::-1]
        price = self.pipeline.price
        cost = price(facts.provider, models, counts, at, response.tier)
        for model, usage in response.beside:
            more = price(facts.provider, models if model is None else (model,), usage, at, response.tier)
            cost = None if cost is None or more is None else cost.plus(more)
        facts.cost = cost

    def _read_context(self, facts: ModelFacts) -> None:
        unit, session = self.identity.unit, self.identity.session
        if unit is None or facts.body is None or not self.span.is_recording():
            return
        home = unit.home
        requested = home.requested
        if session is None and not requested:
            return
        context = facts.format.context(facts.body)
        if context is None:
            return
        fresh = context.messages
        if session is not None:
            facts.context = self.pipeline.reading(home, session).read(context, facts.asked())
            fresh = facts.context.fresh
        if requested:
            requested.answered(one for message in fresh for one in facts.format.answers(message))

    def _total_call(self, facts: ModelFacts) -> None:
        unit = self.identity.unit
        if unit is None:
            return
        response = facts.response
        usage = None if response is None else response.usage
        errors = 0 if self.failure is None else 1
        if facts.operation in MODELLESS:
            unit.add_troubles(self.retries, errors)
        else:
            unit.add_call(
                None if facts.cost is None else facts.cost.usd,
                0 if usage is None else usage.input_tokens or 0,
                0 if usage is None else usage.output_tokens or 0,
                self.retries,
                errors,
            )
        if response is not None and facts.operation in SPEAKING:
            place = unit.place
            place.last_finish = response.finish_reasons
            place.last_asked = bool(response.tool_requests)
            if response.tool_requests:
                self._ask(unit.home, facts, response)

    def _ask(self, home: Unit, facts: ModelFacts, response: Response) -> None:
        context = None if facts.body is None else facts.format.context(facts.body)
        span = self.span.get_span_context()
        self.pipeline.requested(home).ask(
            response.tool_requests,
            span=(span.trace_id, span.span_id, span.trace_flags),
            offered=None if context is None else _tool_names(context.tools),
        )

    def _total_tool(self, facts: ToolFacts) -> None:
        if (unit := self.identity.unit) is not None:
            unit.add_tool(facts.cost_usd, self.retries, 0 if self.failure is None else 1)


def _tool_names(tools: object) -> frozenset[str] | None:
    """Name the tools of a request; None where a tool has no name to go by."""
    if not isinstance(tools, list | tuple):
        return None
    names = []
    for tool in tools:
        if not isinstance(tool, Mapping):
            return None
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else tool.get("name")
        if not isinstance(name, str):
            return None
        names.append(name)
    return frozenset(names)


REASONS: Final[Mapping[str, StopReason]] = {
    "rate_limit": StopReason.RATE_LIMITED,
    "quota": StopReason.RATE_LIMITED,
    "context_overflow": StopReason.CONTEXT_OVERFLOW,
    "content_filter": StopReason.CONTENT_FILTER,
    "guardrail": StopReason.GUARDRAIL,
}
"""Stop reasons by error category; the origin decides where a category is not listed."""


def stop_reason(failure: Failure) -> StopReason:
    """Tell why a unit stops that ends because of ``failure``."""
    if failure.origin == "tool":
        return StopReason.TOOL_TIMEOUT if failure.category == "timeout" else StopReason.TOOL_ERROR
    return REASONS.get(failure.category or "", StopReason.MODEL_ERROR)
