"""Metrics: a few histogram records per operation, everything else counted in the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from agentotel._core import guard
from agentotel.facts.call import Attempt, AttributeValue, Usage
from agentotel.record import unit as units
from agentotel.record.operation import MODEL, TOOL, Event, ModelFacts, Operation, ToolFacts
from agentotel.record.tally import Tally
from agentotel.record.unit import Unit
from agentotel.semconv import metrics as m
from agentotel.semconv import names as n
from agentotel.semconv.operations import INFERENCE

_TALLIED: Final = tuple(one for one in m.ALL if one.kind in {m.OBSERVABLE, m.GAUGE})

_collect = guard.site("record.collect")

_MOST_LABELS: Final = 1000
_NOWHERE: Final = otel_context.set_value("agentotel-nowhere", 1, Context())
"""A context without a span: token counts need no exemplar, duration has it. An empty one would count as none."""

_Key = tuple[str, str, str | None, str | None, str | None, int | None]
_Attributes = Mapping[str, AttributeValue]


class _Labels(NamedTuple):
    """Attributes of the records of one call: those of its duration, of its input, of its output."""

    call: _Attributes
    input: _Attributes
    output: _Attributes


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
        self._labels: dict[_Key, _Labels] = {}
        self._duration = self._histograms[m.OPERATION_DURATION.name]
        self._inference_duration = self._histograms.get(m.INFERENCE_DURATION.name, self._duration)
        self._tokens = self._histograms.get(m.TOKEN_USAGE.name)
        for one in _TALLIED:
            _observe(meter, one, self._reader(one))

    def _wanted(self, one: m.Instrument) -> bool:
        return one not in (m.SHIPPED_ONLY if self._spec else m.SPEC_ONLY)

    def _reader(self, one: m.Instrument) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: _collect(self._observations, one) or ()

    def _observations(self, one: m.Instrument) -> list[Observation]:
        if one is m.INTERNAL_ERRORS:
            known = self._errors_before
            counts = {name: count - known.get(name, 0) for name, count in guard.counts().items()}
            return [Observation(count, {"site": name}) for name, count in counts.items() if count]
        return [Observation(amount, attributes) for amount, attributes in self._tally.read(one)]

    def shares_readers(self, instrument: Any) -> bool:
        """Tell whether what an instrument of somebody else records reaches the readers of this meter."""
        behind: Any = self._duration
        while (inner := getattr(behind, "_real_instrument", None) or getattr(behind, "_instrument", None)) is not None:
            behind = inner
        ours = getattr(behind, "_measurement_consumer", None)
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
        labels = self._labels_of(facts)
        histogram = self._inference_duration if facts.operation in INFERENCE else self._duration
        attributes = labels.call
        if operation.failure is not None:
            attributes = {**attributes, n.ERROR_TYPE: operation.failure.type}
        histogram.record(operation.duration_s, attributes, context=operation.context)
        if facts.first_chunk_s is not None:
            first = m.INFERENCE_FIRST_CHUNK if self._spec and facts.operation in INFERENCE else m.OPERATION_FIRST_CHUNK
            if (first_chunk := self._histograms.get(first.name)) is not None:
                first_chunk.record(facts.first_chunk_s, labels.call, context=operation.context)
        if facts.response is not None and facts.response.usage is not None:
            self._usage(facts, facts.response.usage, labels)
        self._tallies(operation, facts)

    def _labels_of(self, facts: ModelFacts) -> _Labels:
        """Give the attributes of a call's records, made once and kept: the SDK copies them in each record."""
        response = facts.response
        key = (
            facts.operation,
            facts.provider,
            facts.request.model,
            None if response is None else response.model,
            facts.server,
            facts.port,
        )
        known = self._labels.get(key)
        if known is None:
            if len(self._labels) >= _MOST_LABELS:
                self._labels.clear()
            call = _client_attributes(*key)
            known = self._labels[key] = _Labels(call, {**call, n.TOKEN_TYPE: "input"}, {**call, n.TOKEN_TYPE: "output"})
        return known

    def _usage(self, facts: ModelFacts, usage: Usage, labels: _Labels) -> None:
        if self._tokens is not None:
            if usage.input_tokens is not None:
                self._tokens.record(usage.input_tokens, labels.input, context=_NOWHERE)
            if usage.output_tokens is not None and facts.operation != "embeddings":
                self._tokens.record(usage.output_tokens, labels.output, context=_NOWHERE)
            return
        if facts.operation not in INFERENCE:
            return
        for field, counter in self._counters.items():
            if (amount := getattr(usage, field)) is not None:
                counter.add(amount, {**labels.call, n.TOKEN_MODALITY: "unknown"}, context=_NOWHERE)
        if usage.input_tokens is not None:
            self._histograms[m.INPUT_TOKENS_PER_CALL.name].record(usage.input_tokens, labels.call, context=_NOWHERE)
        if usage.output_tokens is not None:
            self._histograms[m.OUTPUT_TOKENS_PER_CALL.name].record(usage.output_tokens, labels.call, context=_NOWHERE)

    def _tallies(self, operation: Operation, facts: ModelFacts) -> None:
        add = self._tally.add
        feature = operation.identity.feature
        if facts.cost is not None:
            model = None if facts.response is None else facts.response.model
            add(m.LLM_COST, facts.cost.usd, facts.provider, facts.request.model or model, feature)
        if facts.response is not None:
            for reason in facts.response.finish_reasons:
                add(m.LLM_FINISHES, 1, reason)
        if operation.identity.session is not None:
            add(m.SESSION_LLM_CALLS, 1, feature)
            self._session(operation, None if facts.cost is None else facts.cost.usd)

    def _session(self, operation: Operation, cost_usd: float | None) -> None:
        if cost_usd is not None:
            self._tally.add(m.SESSION_COST, cost_usd, operation.identity.feature)
        if operation.failure is not None:
            self._tally.add(m.SESSION_ERRORS, 1, operation.identity.feature)

    def _tool(self, operation: Operation) -> None:
        facts = operation.facts
        assert isinstance(facts, ToolFacts)  # noqa: S101 - the kind says so
        attributes: dict[str, AttributeValue] = {n.TOOL_NAME: facts.name, n.TOOL_TYPE: facts.type}
        run = operation.identity.run
        if run is not None and run.name is not None:
            attributes[n.AGENT_NAME] = run.name
        if operation.failure is not None:
            attributes[n.ERROR_TYPE] = operation.failure.type
            self._tally.add(m.TOOL_ERRORS, 1, facts.name, operation.failure.type)
        self._histograms[m.TOOL_DURATION.name].record(operation.duration_s, attributes, context=operation.context)
        self._tally.add(m.TOOL_CALLS, 1, facts.name)
        if operation.identity.session is not None:
            self._tally.add(m.SESSION_TOOL_CALLS, 1, operation.identity.feature)
            self._session(operation, facts.cost_usd)

    def _unit(self, operation: Operation) -> None:
        unit = operation.facts
        assert isinstance(unit, Unit)  # noqa: S101 - the kind says so
        if unit.kind == units.RUN:
            self._run(operation, unit)
        elif unit.kind == units.TURN:
            self._turn(operation, unit)
        elif unit.kind == units.SESSION:
            self._ended_session(operation, unit)

    def _record(self, operation: Operation, one: m.Instrument, value: float, **labels: str | None) -> None:
        attributes = {_LABELS[key]: label for key, label in labels.items() if label}
        self._histograms[one.name].record(value, attributes, context=operation.context)

    def _run(self, operation: Operation, unit: Unit) -> None:
        error = None if operation.failure is None else operation.failure.type
        self._record(operation, m.AGENT_DURATION, operation.duration_s, agent=unit.name, error=error)
        self._record(operation, m.AGENT_INFERENCE_CALLS, unit.own_llm_calls, agent=unit.name)
        self._record(operation, m.AGENT_TOOL_CALLS, unit.own_tool_calls, agent=unit.name)
        totals = unit.totals
        for one, value in (
            (m.RUN_DURATION, operation.duration_s),
            (m.RUN_COST, totals.cost_usd),
            (m.RUN_TOKENS, totals.input_tokens + totals.output_tokens),
            (m.RUN_LLM_CALLS, totals.llm_calls),
            (m.RUN_TOOL_CALLS, totals.tool_calls),
        ):
            if value is not None:
                self._record(operation, one, value, agent=unit.name)
        self._tally.add(m.RUN_STOPS, 1, *_ending(unit), unit.name)

    def _turn(self, operation: Operation, unit: Unit) -> None:
        feature = operation.identity.feature
        totals = unit.totals
        self._record(operation, m.TURN_DURATION, operation.duration_s, feature=feature)
        self._record(operation, m.TURN_INPUT_TOKENS, totals.input_tokens, feature=feature)
        self._record(operation, m.TURN_OUTPUT_TOKENS, totals.output_tokens, feature=feature)

    def _ended_session(self, operation: Operation, unit: Unit) -> None:
        feature = operation.identity.feature
        self._tally.add(m.SESSION_ACTIVE, -1, feature)
        if unit.ended:
            self._record(operation, m.SESSION_DURATION, operation.duration_s, feature=feature)
            self._tally.add(m.SESSION_STOPS, 1, *_ending(unit), feature)


def _ending(unit: Unit) -> tuple[str | None, str | None]:
    return unit.stop_reason and unit.stop_reason.value, unit.result and unit.result.value


_LABELS: Final = {"agent": n.AGENT_NAME, "error": n.ERROR_TYPE, "feature": n.FEATURE}


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
