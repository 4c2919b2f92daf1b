"""Events in a few words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from agentotel.console.style import FAINT, WARN, Glyphs, Line, Segment
from agentotel.console.words import clean
from agentotel.record.operation import Event

_WORDS: Final[Mapping[str, str]] = {
    "approval": "{subject}: {status}",
    "decision": "{choice}",
    "evaluation": "{name}",
    "fallback": "{source} {arrow} {to}",
    "feedback": "{rating}",
    "guardrail": "{name}: {verdict}",
    "handoff": "{source} {arrow} {to}",
    "state": "{name}",
    "tool_not_run": "{name}: {reason}",
    "validation": "{validator}: {verdict}",
}
"""What is shown of an event of each kind, by the last part of its attributes' names."""

_NOTES: Final[Mapping[str, str]] = {
    "by": "by {by}",
    "version": "version {version}",
    "value": "score {value}",
    "label": "{label}",
    "corrections": "corrections {corrections}",
}
"""Further facts, where they are there. Free text and data are not: they may hold content."""

_NOTED: Final = frozenset({"approval", "evaluation", "feedback", "state", "validation"})
_BAD: Final = frozenset({"block", "fail", "denied", "not_run", "unknown_tool"})


def event_line(event: Event, glyphs: Glyphs) -> Line:
    """Make the line of an event."""
    kind = event.kind or event.name
    facts: defaultdict[str, str] = defaultdict(lambda: "?", source="", arrow=glyphs.arrow)
    facts.update({name.rpartition(".")[2]: clean(str(value)) for name, value in event.attributes.items()})
    failed = not _BAD.isdisjoint(facts.values())
    text = _WORDS.get(kind, "").format_map(facts).strip()
    return Line(
        mark="event",
        failed=failed,
        word=clean(kind.replace("_", " ")),
        name=text,
        tone=WARN if failed else "",
        notes=_notes(kind, facts),
    )


def _notes(kind: str, facts: Mapping[str, str]) -> list[Segment]:
    if kind not in _NOTED:
        return []
    return [(words.format_map(facts), FAINT) for key, words in _NOTES.items() if key in facts]
