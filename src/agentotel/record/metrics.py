"""Metrics: a few histogram records per operation, everything else counted in the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation
from opentelemetry.trace import INVALID_SPAN, get_current_span

from agentotel._core import guard
from agentotel.facts.call import Attempt, AttributeValue, Usage
from agentotel.record import unit as units
from agentotel.record.bound import NOWHERE, BoundHistogram, Moment, behind
from agentotel.record.operation import MODEL, TOOL, Event, ModelFacts, Operation, ToolFacts
from agentotel.record.tally import Addition, Tally
from agentotel.record.unit import Unit
from agentotel.semconv import metrics as m
from agentotel.semconv import names as n
from agentotel.semconv.operations import INFERENCE

_TALLIED: Final = tuple(one for one in m.ALL if one.kind in {m.OBSERVABLE, m.GAUGE})

_collect = guard.site("record.collect")

_MOST_LABELS: Final = 1000

_Key = tuple[str, str, str | None, str | None, str | None, int | None]
_Attributes = Mapping[str, AttributeValue]


class _CallRecords(NamedTuple):
    """What the calls of one model record: its attributes, and the histograms with them."""

    attributes: _Attributes
    duration: BoundHistogram
    first_chunk: BoundHistogram | None
    input: BoundHistogram | None
    output: BoundHistogram | None


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Histograms that take their records at the same time, with those of the same labels that they carry."""

    labels: tuple[str, ...]
    instruments: tuple[m.Instrument, ...]


_TOOL: Final = _Group((n.TOOL_NAME, n.TOOL_TYPE, n.AGENT_NAME, n.ERROR_TYPE), (m.TOOL_DURATION,))
_RUN: Final = _Group(
    (n.AGENT_NAME, n.ERROR_TYPE),
    (
        m.AGENT_DURATION,
        m.AGENT_INFERENCE_CALLS,
        m.AGENT_TOOL_CALLS,
        m.RUN_DURATION,
        m.RUN_COST,
        m.RUN_TOKENS,
        m.RUN_LLM_CALLS,
        m.RUN_TOOL_CALLS,
    ),
)
_TURN: Final = _Group((n.FEATURE,), (m.TURN_DURATION, m.TURN_INPUT_TOKENS, m.TURN_OUTPUT_TOKENS))
_SESSION: Final = _Group((n.FEATURE,), (m.SESSION_DURATION,))

_Labels = tuple[str | None, ...]


class MetricRecorder:
    """Records the conventions' metrics and the ``agent.*`` metrics of one meter.

    ``family`` chooses between the metric names that the released packages emit (``shipped``) and those on
    the main branch of the conventions (``spec``).
    """

    def __init__(self, meter: Meter, *, family: str = "shipped", cap: int = 2000) -> None:
        self._spec = family == "spec"
        self._tally = Tally(cap)
        self._errors_before = guard.counts()
        self._histograms = {
            one.name: _histogram(meter, one) for one in m.ALL if one.kind == m.HISTOGRAM and self._wanted(one)
        }
        self._counters = (
            {
                field: meter.create_counter(one.name, one.unit, one.description)
                for field, one in m.USAGE_COUNTERS.items()
            }
            if self._spec
            else {}
        )
        self._calls: dict[_Key, _CallRecords] = {}
        self._bound: dict[_Group, dict[_Labels, tuple[BoundHistogram, ...]]] = {
            group: {} for group in (_TOOL, _RUN, _TURN, _SESSION)
        }
        for one in _TALLIED:
            _observe(meter, one, self._reader(one))

    def _wanted(self, one: m.Instrument) -> bool:
        return one not in (m.SHIPPED_ONLY if self._spec else m.SPEC_ONLY)

    def _reader(self, one: m.Instrument) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: _collect(self._observations, one) or ()

    def _observations(self, one: m.Instrument) -> list[Observation]:
        if one is m.INTERNAL_ERRORS:
            before, parents = self._errors_before, guard.inherited
            counts = {
                name: count - max(before.get(name, 0), parents.get(name, 0)) for name, count in guard.counts().items()
            }
            return [Observation(count, {"site": name}) for name, count in counts.items() if count]
        return [Observation(amount, attributes) for amount, attributes in self._tally.read(one)]

    def shares_readers(self, instrument: Any) -> bool:
        """Tell whether what an instrument of somebody else records reaches the readers of this meter."""
        ours = getattr(behind(self._histograms[m.OPERATION_DURATION.name]), "_measurement_consumer", None)
        return ours is not None and ours is getattr(instrument, "_measurement_consumer", None)

    def start(self, operation: Operation) -> None:
        """Count an opened session."""
        unit = operation.facts
        if isinstance(unit, Unit) and unit.kind == units.SESSION:
            self._tally.add(m.SESSION_ACTIVE, 1, operation.identity.feature)

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Count a repeated request of a model call or a tool."""
        if attempt.wait_s is None:
            return
        facts = operation.facts
        if isinstance(facts, ToolFacts):
            self._tally.add(m.TOOL_RETRIES, 1, facts.name, attempt.reason)
        elif operation.kind == MODEL:
            self._tally.add(m.LLM_RETRIES, 1, attempt.reason)

    def event(self, operation: Operation, event: Event) -> None:  # noqa: ARG002 - the recorder's interface
        """Count a fallback."""
        if event.kind == "fallback":
            self._tally.add(m.FALLBACKS, 1, str(event.attributes.get("agentotel.fallback.kind", "")))

    def finish(self, operation: Operation) -> None:
        """Record an ended operation."""
        if operation.kind == MODEL:
            self._model(operation)
        elif operation.kind == TOOL:
            self._tool(operation)
        else:
            self._unit(operation)

    def _model(self, operation: Operation) -> None:
        facts = operation.facts
        assert isinstance(facts, ModelFacts)  # noqa: S101 - the kind says so
        records = self._records_of(facts)
        moment = _moment(operation)
        if operation.failure is None:
            records.duration.record(operation.duration_s, moment)
        else:
            attributes = {**records.attributes, n.ERROR_TYPE: operation.failure.type}
            self._duration(facts.operation).record(operation.duration_s, attributes, context=operation.context)
        if facts.first_chunk_s is not None and records.first_chunk is not None:
            records.first_chunk.record(facts.first_chunk_s, moment)
        if facts.response is not None and facts.response.usage is not None:
            self._usage(operation, facts.response.usage, records)
        self._tallies(operation, facts)

    def _duration(self, operation: str) -> Histogram:
        one = m.INFERENCE_DURATION if self._spec and operation in INFERENCE else m.OPERATION_DURATION
        return self._histograms[one.name]

    def _records_of(self, facts: ModelFacts) -> _CallRecords:
        """Give what a call records, made once and kept."""
        response = facts.response
        key = (
            facts.operation,
            facts.provider,
            facts.request.model,
            None if response is None else response.model,
            facts.server,
            facts.port,
        )
        known = self._calls.get(key)
        if known is None:
            if len(self._calls) >= _MOST_LABELS:
                self._calls.clear()
            known = self._calls[key] = self._make_records(facts.operation, _client_attributes(*key))
        return known

    def _make_records(self, operation: str, attributes: _Attributes) -> _CallRecords:
        def bound(one: m.Instrument, **more: AttributeValue) -> BoundHistogram | None:
            histogram = self._histograms.get(one.name)
            return None if histogram is None else BoundHistogram(histogram, {**attributes, **more})

        inference = operation in INFERENCE
        duration = BoundHistogram(self._duration(operation), attributes)
        if self._spec:
            first = bound(m.INFERENCE_FIRST_CHUNK if inference else m.OPERATION_FIRST_CHUNK)
            tokens = (bound(m.INPUT_TOKENS_PER_CALL), bound(m.OUTPUT_TOKENS_PER_CALL)) if inference else (None, None)
            return _CallRecords(attributes, duration, first, *tokens)
        first = bound(m.OPERATION_FIRST_CHUNK)
        output = None if operation == "embeddings" else bound(m.TOKEN_USAGE, **{n.TOKEN_TYPE: "output"})
        return _CallRecords(attributes, duration, first, bound(m.TOKEN_USAGE, **{n.TOKEN_TYPE: "input"}), output)

    def _usage(self, operation: Operation, usage: Usage, records: _CallRecords) -> None:
        moment = Moment(operation.ended_at_ns)
        if records.input is not None and usage.input_tokens is not None:
            records.input.record(usage.input_tokens, moment)
        if records.output is not None and usage.output_tokens is not None:
            records.output.record(usage.output_tokens, moment)
        if records.input is not None:
            for field, counter in self._counters.items():
                if (amount := getattr(usage, field)) is not None:
                    counter.add(amount, {**records.attributes, n.TOKEN_MODALITY: "unknown"}, context=NOWHERE)

    def _tallies(self, operation: Operation, facts: ModelFacts) -> None:
        cost, response = facts.cost, facts.response
        additions: list[Addition] = []
        if cost is not None:
            model = facts.request.model or (None if response is None else response.model)
            additions.append((m.LLM_COST, cost.usd, (facts.provider, model, operation.identity.feature)))
        if response is not None:
            additions += [(m.LLM_FINISHES, 1, (reason,)) for reason in response.finish_reasons]
        if operation.identity.session is not None:
            additions += _of_session(operation, m.SESSION_LLM_CALLS, None if cost is None else cost.usd)
        self._tally.add_all(additions)

    def _tool(self, operation: Operation) -> None:
        facts = operation.facts
        assert isinstance(facts, ToolFacts)  # noqa: S101 - the kind says so
        run = operation.identity.run
        error = None if operation.failure is None else operation.failure.type
        agent = None if run is None else run.name
        self._record(operation, _TOOL, (facts.name, facts.type, agent, error), operation.duration_s)
        additions: list[Addition] = [(m.TOOL_CALLS, 1, (facts.name,))]
        if error is not None:
            additions.append((m.TOOL_ERRORS, 1, (facts.name, error)))
        if operation.identity.session is not None:
            additions += _of_session(operation, m.SESSION_TOOL_CALLS, facts.cost_usd)
        self._tally.add_all(additions)

    def _unit(self, operation: Operation) -> None:
        unit = operation.facts
        assert isinstance(unit, Unit)  # noqa: S101 - the kind says so
        if unit.kind == units.RUN:
            self._run(operation, unit)
        elif unit.kind == units.TURN:
            self._turn(operation, unit)
        elif unit.kind == units.SESSION:
            self._ended_session(operation, unit)

    def _record(self, operation: Operation, group: _Group, labels: _Labels, *values: float | None) -> None:
        """Record one value in each histogram of a group; what is not known is left out."""
        bound = self._bound[group].get(labels) or self._bind(group, labels)
        moment = _moment(operation)
        for histogram, value in zip(bound, values, strict=True):
            if value is not None:
                histogram.record(value, moment)

    def _bind(self, group: _Group, labels: _Labels) -> tuple[BoundHistogram, ...]:
        """Keep the histograms of a group with their attributes; a label without a value is left out."""
        known = self._bound[group]
        if len(known) >= _MOST_LABELS:
            known.clear()
        given = {name: label for name, label in zip(group.labels, labels, strict=True) if label}
        known[labels] = bound = tuple(
            BoundHistogram(
                self._histograms[one.name], {name: label for name, label in given.items() if name in one.attributes}
            )
            for one in group.instruments
        )
        return bound

    def _run(self, operation: Operation, unit: Unit) -> None:
        error = None if operation.failure is None else operation.failure.type
        duration_s = operation.duration_s
        cost_usd, llm_calls, tool_calls, _retries, input_tokens, output_tokens, _errors = unit.amounts()
        own = (duration_s, unit.own_llm_calls, unit.own_tool_calls)
        sums = (duration_s, cost_usd, input_tokens + output_tokens, llm_calls, tool_calls)
        self._record(operation, _RUN, (unit.name, error), *own, *sums)
        self._tally.add(m.RUN_STOPS, 1, *_ending(unit), unit.name)

    def _turn(self, operation: Operation, unit: Unit) -> None:
        *_calls, input_tokens, output_tokens, _errors = unit.amounts()
        self._record(operation, _TURN, (operation.identity.feature,), operation.duration_s, input_tokens, output_tokens)

    def _ended_session(self, operation: Operation, unit: Unit) -> None:
        feature = operation.identity.feature
        self._tally.add(m.SESSION_ACTIVE, -1, feature)
        if unit.ended:
            self._record(operation, _SESSION, (feature,), operation.duration_s)
            self._tally.add(m.SESSION_STOPS, 1, *_ending(unit), feature)


def _moment(operation: Operation) -> Moment:
    """Give the end of an operation, with its span."""
    span = operation.span if operation.span is not INVALID_SPAN else get_current_span(operation.context)
    return Moment(operation.ended_at_ns, operation.context, span.get_span_context().trace_flags.sampled)


def _of_session(operation: Operation, calls: m.Instrument, cost_usd: float | None) -> list[Addition]:
    """Give what a call adds to its session."""
    values = (operation.identity.feature,)
    additions: list[Addition] = [(calls, 1, values)]
    if cost_usd is not None:
        additions.append((m.SESSION_COST, cost_usd, values))
    if operation.failure is not None:
        additions.append((m.SESSION_ERRORS, 1, values))
    return additions


def _ending(unit: Unit) -> tuple[str | None, str | None]:
    return unit.stop_reason and str(unit.stop_reason), unit.result and str(unit.result)


def _client_attributes(
    operation: str,
    provider: str,
    requested: str | None,
    answered: str | None,
    server: str | None,
    port: int | None,
) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue | None] = {
        n.OPERATION_NAME: operation,
        n.PROVIDER_NAME: provider,
        n.REQUEST_MODEL: requested,
        n.RESPONSE_MODEL: answered,
        n.SERVER_ADDRESS: server,
        n.SERVER_PORT: None if server is None else port,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _histogram(meter: Meter, one: m.Instrument) -> Histogram:
    return meter.create_histogram(one.name, one.unit, one.description, explicit_bucket_boundaries_advisory=one.buckets)


def _observe(meter: Meter, one: m.Instrument, reader: Callable[[CallbackOptions], Iterable[Observation]]) -> Any:
    create = meter.create_observable_counter if one.kind == m.OBSERVABLE else meter.create_observable_up_down_counter
    return create(one.name, [reader], one.unit, one.description)
