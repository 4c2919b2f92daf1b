"""Events: one call for everything that happens between operations, with a typed helper each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from opentelemetry import trace

from agentotel._core import guard
from agentotel._core.canonical import canonical_json, compact_json
from agentotel.api.mistakes import warn_once
from agentotel.facts.call import AttributeValue
from agentotel.record import identity as identities
from agentotel.record.operation import Event, Operation
from agentotel.record.pipeline import IDLE, active
from agentotel.record.requested import Asked
from agentotel.semconv import names as n

_record = guard.site("api.event")

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

EVALUATION: Final = "gen_ai.evaluation.result"

_EVALUATION: Final[Mapping[str, str]] = {
    "name": n.EVALUATION_NAME,
    "score": n.EVALUATION_SCORE_VALUE,
    "label": n.EVALUATION_SCORE_LABEL,
    "explanation": n.EVALUATION_EXPLANATION,
    "response_id": n.RESPONSE_ID,
}


def event(kind: str, /, **data: object) -> None:
    """Record an event on the innermost turn, run, step, tool call or session that is running.

    Args:
        kind: A short word in snake case, for example ``cache_miss``; the event is named ``agentotel.<kind>``.
        data: Facts of the event. Texts, numbers and booleans are kept as they are, anything else as JSON.
            What you pass leaves the process, also where content is off.
    """
    _record(_here, kind, data)


def _here(kind: str, data: Mapping[str, object]) -> None:
    record(identities.current().operation, kind, data)


def decision(choice: str, *, reason: str | None = None, options: list[str] | None = None) -> None:
    """Record what the agent decided, among which options, and why."""
    event("decision", choice=choice, reason=reason, options=options)


def handoff(to: str, *, source: str | None = None, reason: str | None = None) -> None:
    """Record that work goes to another agent. ``source`` defaults to the running agent."""
    event("handoff", source=source or _record(_agent), to=to, reason=reason)


def _agent() -> str | None:
    run = identities.current().run
    return None if run is None else run.name


def approval(subject: str, *, status: str, by: str | None = None, reason: str | None = None) -> None:
    """Record that a person was asked (``requested``), or answered (``granted``, ``denied``)."""
    event("approval", subject=subject, status=status, by=by, reason=reason)


def guardrail(name: str, *, verdict: str, reason: str | None = None) -> None:
    """Record what a guardrail found: ``pass``, ``warn`` or ``block``."""
    event("guardrail", name=name, verdict=verdict, reason=reason)


def fallback(source: str, to: str, *, kind: str = "tool", reason: str | None = None) -> None:
    """Record that ``to`` takes the place of ``source``; ``kind`` is ``tool``, ``model`` or ``agent``."""
    event("fallback", source=source, to=to, kind=kind, reason=reason)


def validation(
    validator: str,
    *,
    verdict: str,
    expected: object = None,
    diff: object = None,
    corrections: int | None = None,
) -> None:
    """Record the check of an output: ``verdict`` is ``pass`` or ``fail``, ``corrections`` how often it was redone."""
    event("validation", validator=validator, verdict=verdict, expected=expected, diff=diff, corrections=corrections)


def evaluation(
    name: str,
    *,
    score: float | None = None,
    label: str | None = None,
    explanation: str | None = None,
    response_id: str | None = None,
) -> None:
    """Record a score, as the conventions' ``gen_ai.evaluation.result``."""
    event(
        "evaluation",
        name=name,
        score=score,
        label=label,
        explanation=explanation,
        response_id=response_id,
    )


def feedback(rating: str | float, *, by: str | None = None, comment: str | None = None) -> None:
    """Record what a person thinks of the answer."""
    event("feedback", rating=rating, by=by, comment=comment)


def state(name: str, *, version: str | int | None = None, value: object = None) -> None:
    """Record that a named state of the application changed. Of ``value`` only the hash is kept."""
    event("state", name=name, version=version, hash=None if value is None else _record(_hash, value))


def _hash(value: object) -> str:
    return active().digest(canonical_json(value))


def record(operation: Operation | None, kind: str, data: Mapping[str, object]) -> None:
    """Make an event and give it to ``operation``, or to the current span where there is none."""
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        warn_once("event kind must be a short word in snake case, not %s: the event is left out", kind)
        return
    _record(_give, operation, kind, data)


def _give(operation: Operation | None, kind: str, data: Mapping[str, object]) -> None:
    made = make(kind, data)
    if operation is not None:
        operation.event(made)
        return
    span = trace.get_current_span()
    if active() is not IDLE and span.is_recording():
        span.add_event(made.name, made.attributes)


def make(kind: str, data: Mapping[str, object]) -> Event:
    """Give an event its name and its attributes: ``agentotel.<kind>.<fact>``."""
    if kind == "evaluation":
        keys = {key: _EVALUATION.get(key, f"agentotel.evaluation.{key}") for key in data}
        name = EVALUATION
        if isinstance(score := data.get("score"), int):
            data = {**data, "score": float(score)}
    else:
        keys = {key: f"agentotel.{kind}.{key}" for key in data}
        name = f"agentotel.{kind}"
    attributes = {keys[key]: _value(value) for key, value in data.items() if value is not None}
    return Event(name=name, kind=kind, attributes=attributes)


def _value(value: object) -> AttributeValue:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    return compact_json(value)


def not_run(asked: Asked) -> Event:
    """Make the event of a tool call that a model asked for and that never ran."""
    attributes: dict[str, AttributeValue] = {
        n.TOOL_NAME: asked.name,
        "agentotel.tool_not_run.reason": "not_run" if asked.offered else "unknown_tool",
    }
    if asked.id is not None:
        attributes[n.TOOL_CALL_ID] = asked.id
    return Event(name="agentotel.tool_not_run", kind="tool_not_run", attributes=attributes)
