"""Spans as a tree of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentotel.testing.values import Span


def draw(spans: Sequence[Span]) -> str:
    """Draw spans as a tree; one whose parent is not among them is a root.

    For example::

        session refunds
        └─ turn 1
           ├─ chat gpt-5-mini
           └─ execute_tool lookup_order ! KeyError
    """
    if not spans:
        return "(no spans)"
    return "\n".join(line for span in spans if span.parent is None for line in _lines(span))


def _lines(span: Span) -> Iterator[str]:
    failed = f" ! {span.error_type or 'ERROR'}" if span.status == "ERROR" else ""
    yield span.name + failed
    children = span.children
    for child in children:
        first, rest = ("└─ ", "   ") if child is children[-1] else ("├─ ", "│  ")
        for place, line in enumerate(_lines(child)):
            yield (rest if place else first) + line
