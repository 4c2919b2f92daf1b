"""Log records: the details of a model call as the conventions' event, and ``agentotel.*`` events."""

from __future__ import annotations

import time
from typing import cast

from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.util.types import AnyValue

from agentotel.facts.call import Attempt
from agentotel.record.content import content_values
from agentotel.record.operation import MODEL, Event, ModelFacts, Operation
from agentotel.record.spans import attempt_attributes, failure_attributes, model_attributes
from agentotel.semconv.operations import INFERENCE

DETAILS = "gen_ai.client.inference.operation.details"


class LogRecorder:
    """Emits log records through the application's logger provider.

    ``details`` asks for one record per model call with its content as structured values, ``events`` for one
    record per event.
    """

    def __init__(self, logger: Logger, *, details: bool, events: bool) -> None:
        self._logger = logger
        self._details = details
        self._events = events

    def start(self, operation: Operation) -> None:
        """Do nothing: what starts is not an event."""

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Emit a record for an HTTP request."""
        if self._events:
            attributes: dict[str, AnyValue] = {**operation.identity.attributes, **attempt_attributes(attempt)}
            self._emit(operation, "agentotel.attempt", attributes, SeverityNumber.DEBUG)

    def event(self, operation: Operation, event: Event) -> None:
        """Emit a record for an event."""
        if self._events:
            self._emit(
                operation, event.name, {**operation.identity.attributes, **event.attributes}, SeverityNumber.INFO
            )

    def finish(self, operation: Operation) -> None:
        """Emit the details of a model call."""
        facts = operation.facts
        if not self._details or operation.kind != MODEL or not isinstance(facts, ModelFacts):
            return
        if facts.operation not in INFERENCE:
            return
        attributes: dict[str, AnyValue] = dict(model_attributes(operation))
        if operation.failure is not None:
            attributes.update(failure_attributes(operation.failure))
        attributes.update(cast("dict[str, AnyValue]", content_values(operation, facts)))
        self._emit(operation, DETAILS, attributes, SeverityNumber.DEBUG)

    def _emit(self, operation: Operation, name: str, attributes: dict[str, AnyValue], severity: SeverityNumber) -> None:
        self._logger.emit(
            event_name=name,
            attributes=attributes,
            severity_number=severity,
            timestamp=operation.ended_at_ns or time.time_ns(),
            context=operation.context,
        )
