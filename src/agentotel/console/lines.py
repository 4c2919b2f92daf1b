"""Operations as lines: what begins, what ends, with which figures."""

from __future__ import annotations

from typing import Final

from agentotel.console import figures
from agentotel.console.style import BAD, FAINT, STRONG, WARN, Glyphs, Line, Segment
from agentotel.console.words import clean, excerpt, said
from agentotel.facts.call import Usage
from agentotel.facts.stop import Outcome, StopReason
from agentotel.record import unit as units
from agentotel.record.operation import MODEL, ModelFacts, Operation, ToolFacts
from agentotel.record.unit import Unit
from agentotel.semconv import names as n

EAGER: Final = frozenset({units.SESSION, units.TURN, units.RUN})
"""Units whose beginning is shown at once."""

_WORDS: Final = {units.SESSION: "session", units.TURN: "turn", units.RUN: "agent", units.STEP: "step"}
_FINE: Final = frozenset({StopReason.COMPLETED, StopReason.HANDOFF})


def _head(operation: Operation) -> Line:
    facts = operation.facts
    if isinstance(facts, Unit):
        name = str(facts.index or "") if facts.kind == units.TURN else facts.name or ""
        return Line(word=_WORDS[facts.kind], name=clean(name))
    if isinstance(facts, ToolFacts):
        return Line(word="tool", name=clean(facts.name))
    return Line(name=clean(facts.request.model or facts.operation))


def begin(operation: Operation, glyphs: Glyphs) -> Line:
    """Make the line under which an operation's children appear."""
    line = _head(operation)
    facts = operation.facts
    notes: list[Segment] = []
    if isinstance(facts, ToolFacts):
        notes = _tool_notes(facts)
    elif isinstance(facts, Unit):
        notes = _unit_notes(operation, facts, glyphs)
    return Line(word=line.word, name=line.name, notes=notes)


def _unit_notes(operation: Operation, unit: Unit, glyphs: Glyphs) -> list[Segment]:
    texts: list[str] = []
    if unit.kind == units.SESSION:
        user = operation.identity.attributes.get(n.USER_ID)
        texts = [*([f"user {user}"] if user else ()), unit.id, *(["resumed"] if unit.turns else ())]
    elif unit.version is not None:
        texts = [f"version {unit.version}"]
    notes = [(clean(text), FAINT) for text in texts]
    question = said(operation.extra.get(n.INPUT_MESSAGES)) if unit.kind == units.TURN else None
    return notes if question is None else [*notes, (_quoted(question, glyphs), "")]


def _quoted(text: str, glyphs: Glyphs) -> str:
    return excerpt(text, glyphs.more).join(glyphs.quotes)


def answer(operation: Operation, glyphs: Glyphs) -> Line | None:
    """Make the line of what a turn answered, where content is captured."""
    text = said(operation.extra.get(n.OUTPUT_MESSAGES)) if isinstance(operation.facts, Unit) else None
    return None if text is None else Line(word="answer", notes=[(_quoted(text, glyphs), "")])


def end(operation: Operation) -> Line:
    """Make the last line of an operation whose children stand above it."""
    facts = operation.facts
    if not isinstance(facts, Unit):
        whole = alone(operation)
        outcome = operation.outcome.value
        return Line(
            mark=whole.mark,
            failed=whole.failed,
            name=outcome,
            tone=BAD if whole.failed else "",
            notes=whole.notes,
            cost=whole.cost,
            time=whole.time,
        )
    time = figures.duration(operation.duration_s)
    if facts.kind == units.STEP:
        return Line(notes=_failure(operation), name="" if operation.failure else "done", tone=FAINT, time=time)
    return _stopped(operation, facts, time)


def _stopped(operation: Operation, unit: Unit, time: str) -> Line:
    reason = unit.stop_reason or StopReason.UNKNOWN
    totals = unit.totals
    notes: list[Segment] = [(clean(unit.detail), WARN)] if unit.detail else []
    if unit.result is not None:
        notes.append((unit.result.value, FAINT))
    for number, noun, tone in (
        (totals.llm_calls, "call", FAINT),
        (totals.tool_calls, "tool", FAINT),
        (totals.retries, "retry", WARN),
        (totals.errors, "error", BAD),
    ):
        if number:
            notes.append((figures.several(number, noun), tone))
    called = totals.llm_calls > 0
    return Line(
        name=reason.value,
        tone=BAD if operation.failure is not None else STRONG if reason in _FINE else WARN,
        notes=notes,
        # A sum of 0 over calls only says that no call told its tokens.
        tokens=_tokens(totals.input_tokens or None, totals.output_tokens or None) if called else None,
        cost=figures.money(totals.cost_usd) if called or totals.cost_usd is not None else "",
        time=time,
    )


def alone(operation: Operation) -> Line:
    """Make the one line of an operation without children."""
    facts = operation.facts
    line = _head(operation)
    failed = operation.failure is not None
    time = figures.duration(operation.duration_s)
    if isinstance(facts, ModelFacts):
        usage = Usage() if facts.response is None or facts.response.usage is None else facts.response.usage
        return Line(
            mark=MODEL,
            failed=failed,
            name=line.name,
            notes=[
                *_failure(operation),
                *_kind(facts),
                *_usage_notes(usage),
                *_first_chunk(facts),
                *_retries(operation),
            ],
            tokens=_tokens(usage.input_tokens, usage.output_tokens),
            cost=figures.money(None if facts.cost is None else facts.cost.usd),
            time=time,
        )
    if isinstance(facts, ToolFacts):
        return Line(
            mark="tool",
            failed=failed,
            name=line.name,
            notes=[*_failure(operation), *_tool_notes(facts), *_retries(operation)],
            cost="" if facts.cost_usd is None else figures.money(facts.cost_usd),
            time=time,
        )
    return Line(word=line.word, name=line.name, notes=_failure(operation), time=time)


def _tokens(given: int | None, made: int | None) -> tuple[str, str]:
    return figures.count(given), figures.count(made)


def _usage_notes(usage: Usage) -> list[Segment]:
    parts = (
        (usage.cache_read_tokens, "cached"),
        (usage.cache_write_tokens, "cache written"),
        (usage.reasoning_tokens, "reasoning"),
    )
    return [(f"{number:,} {word}", FAINT) for number, word in parts if number]


def _kind(facts: ModelFacts) -> list[Segment]:
    """Name what was asked of the model where it is not the usual."""
    return [] if facts.operation == "chat" else [(facts.operation.replace("_", " "), FAINT)]


def _first_chunk(facts: ModelFacts) -> list[Segment]:
    seconds = facts.first_chunk_s
    return [] if seconds is None else [(f"first chunk {figures.duration(seconds)}", FAINT)]


def _tool_notes(facts: ToolFacts) -> list[Segment]:
    instead_of = facts.described.get(n.TOOL_FALLBACK)
    notes = [] if instead_of is None else [(f"instead of {clean(str(instead_of))}", WARN)]
    return notes if facts.attempt == 1 else [*notes, (f"attempt {facts.attempt}", WARN)]


def _failure(operation: Operation) -> list[Segment]:
    if operation.failure is not None:
        return [(clean(operation.failure.type.rpartition(".")[2]), BAD)]
    return [] if operation.outcome is Outcome.COMPLETED else [(operation.outcome.value, WARN)]


def _retries(operation: Operation) -> list[Segment]:
    """Say how often a request was repeated, why, and the time lost: ``retried 1x (429, waited 0.3 s)``."""
    if not operation.retries:
        return []
    failed = operation.attempts[:-1]
    reasons = dict.fromkeys(str(one.status or one.error_type or "no answer") for one in failed)
    waited = sum(one.wait_s or 0.0 for one in operation.attempts)
    return [(f"retried {operation.retries}x ({', '.join(reasons)}, waited {waited:.1f} s)", WARN)]
