"""One call of a tool, from its arguments to its result, paired with the model call that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import AsyncGeneratorType, GeneratorType
from typing import cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, TraceFlags

from agentotel._core import guard
from agentotel._core.canonical import canonical_json
from agentotel.api import check, events
from agentotel.api.block import failure_of
from agentotel.api.decorate import opening_site
from agentotel.api.mistakes import warn_once
from agentotel.api.stopping import known
from agentotel.facts.call import AttributeValue
from agentotel.facts.stop import Outcome, StopReason
from agentotel.record import identity as identities
from agentotel.record.operation import TOOL, Operation, ToolFacts, stop_reason
from agentotel.record.pipeline import IDLE, active
from agentotel.record.requested import Requested, canonical_arguments
from agentotel.wire import errors

_arguments = guard.site("api.tool.arguments")
_pairing = guard.site("api.tool.pairing")
_result = guard.site("api.tool.result")
_end = guard.site("api.tool.end")

_UNREAD = (GeneratorType, AsyncGeneratorType)

Arguments = Mapping[str, object] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What is known of a tool before it is called. ``described`` is the part that only spans tell."""

    name: str
    type: str
    cost_usd: float | None
    fallback_for: str | None
    described: Mapping[str, AttributeValue]


class Tool:
    """One call of a tool."""

    def __init__(self, operation: Operation, facts: ToolFacts) -> None:
        self._operation = operation
        self._facts = facts
        self._context = identities.place(operation.identity.inside(operation), operation.context)

    def __repr__(self) -> str:
        return f"<agentotel tool {self.name} call_id={self.call_id}>"

    @property
    def name(self) -> str:
        """The tool's name."""
        return self._facts.name

    @property
    def call_id(self) -> str | None:
        """The id that the model gave to this call; None where no model asked for it."""
        return self._facts.call_id

    @property
    def context(self) -> Context:
        """The OpenTelemetry context that the call runs in."""
        return self._context

    def result(self, value: object) -> None:
        """Set what the call gave; only its hash and size leave the process where content is off."""
        if self._operation.pipeline is not IDLE:
            _result(_note_result, self._operation, self._facts, value)

    def set_cost(self, usd: float) -> None:
        """Set what this call cost in US dollars, in place of the tool's usual price."""
        set_cost(self._operation, usd)

    def event(self, kind: str, /, **data: object) -> None:
        """Record an event on this call. See ``agentotel.event``."""
        events.record(self._operation, kind, data)

    # -- the life of a call

    def _done(self, value: object) -> None:
        """End the call of a decorated function that returned."""
        self.result(value)
        self._close(None)

    def _close(self, error: BaseException | None) -> None:
        """End the call, once."""
        operation = self._operation
        if not operation.open:
            return
        if error is None:
            _end(self._settle, None, None)
            operation.finish()
        elif isinstance(error, Exception):
            failure = failure_of(error, "tool")
            _end(self._settle, error, stop_reason(failure))
            operation.finish(Outcome.ERROR, failure)
        else:
            _end(self._settle, error, StopReason.TOOL_TIMEOUT)
            operation.finish(Outcome.ABANDONED if isinstance(error, GeneratorExit) else Outcome.CANCELLED)

    def _settle(self, error: BaseException | None, reason: StopReason | None) -> None:
        """Count a failed attempt, and remember at the unit around why it failed, in case that ends the unit."""
        unit, facts = self._operation.identity.unit, self._facts
        if unit is None:
            return
        failed = isinstance(error, Exception)
        if facts.arguments is not None and (failed or unit.home.requested is not None):
            self._operation.pipeline.requested(unit.home).ended(facts.name, facts.arguments, failed=failed)
        if error is not None and reason is not None:
            explained = known(unit, error) if isinstance(error, Exception) else unit.blamed(error)
            if explained is None:
                unit.blame(error, reason, f"{facts.name}: {errors.error_type(error)}")


def set_cost(operation: Operation, usd: object) -> None:
    """Set the cost of a tool call that is running."""
    facts = operation.facts
    if not isinstance(facts, ToolFacts):
        return
    if not check.is_price(usd):
        warn_once("set_cost() takes US dollars, zero or more, not %s: the cost is left out", usd)
    elif not operation.open:
        warn_once("set_cost() of tool %s comes after its end: the cost is left out", facts.name)
    else:
        facts.cost_usd = float(usd)  # type: ignore[arg-type]  # a number, as is_price says


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _note_arguments(operation: Operation, facts: ToolFacts, arguments: Arguments) -> None:
    text = canonical_arguments(arguments)
    facts.arguments = text
    facts.args_hash = operation.pipeline.digest(text)
    facts.args_bytes = _size(text)
    unit = operation.identity.unit
    if unit is not None and (requested := unit.home.requested) is not None:
        _pairing(_pair, requested, operation, facts, text)


def _note_result(operation: Operation, facts: ToolFacts, value: object) -> None:
    if type(value) in _UNREAD:
        return
    text = canonical_json(value)
    facts.result = text
    facts.result_hash = operation.pipeline.digest(text)
    facts.result_bytes = _size(text)


def _pair(requested: Requested, operation: Operation, facts: ToolFacts, arguments: str) -> None:
    """Find the request of a model that this call answers, and number the attempt."""
    facts.attempt = requested.attempt(facts.name, arguments)
    asked = requested.take(facts.name, arguments)
    if asked is None:
        return
    facts.call_id = asked.id
    context = SpanContext(asked.trace_id, asked.span_id, is_remote=False, trace_flags=TraceFlags(asked.trace_flags))
    if context.is_valid:
        facts.requested_by = Link(context)
        operation.links.append(facts.requested_by)


def open_call(spec: ToolSpec, arguments: Arguments) -> Tool:
    """Start the operation of one call."""
    pipeline = active()
    context = otel_context.get_current()
    identity = identities.within(context)
    facts = ToolFacts(spec.name, spec.type, spec.described)
    facts.cost_usd = spec.cost_usd
    operation = Operation(pipeline, TOOL, facts, identity, context)
    if pipeline is not IDLE:
        _arguments(_note_arguments, operation, facts, arguments)
    operation.start()
    if spec.fallback_for is not None and identity.operation is not None:
        events.record(identity.operation, "fallback", {"source": spec.fallback_for, "to": spec.name, "kind": "tool"})
    return Tool(operation, facts)


def _unrecorded(name: str) -> Operation:
    return Operation(IDLE, TOOL, ToolFacts(name, "function", {}), identities.NOBODY)


_NOTHING = _unrecorded("")


def unopened_call(spec: ToolSpec) -> Tool:
    """Make a call by hand, where opening failed: it takes everything, and nothing is recorded."""
    made = Tool.__new__(Tool)
    made._operation = operation = opening_site(_unrecorded, spec.name) or _NOTHING  # noqa: SLF001 - as its class does
    made._facts = cast("ToolFacts", operation.facts)  # noqa: SLF001
    made._context = otel_context.get_current()  # noqa: SLF001
    return made
