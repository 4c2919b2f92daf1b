"""For tests: what a block of code recorded, as values to assert on.

    with agentotel.testing.capture() as captured:
        answer_customer("Where is my order?")
    assert [call.tool for call in captured.tool_calls] == ["lookup_order"]

Importing this package loads nothing else, because pytest loads its plugin in every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PLACES = {
    "Captured": "agentotel.testing.captured",
    "Event": "agentotel.testing.values",
    "Link": "agentotel.testing.values",
    "ModelCall": "agentotel.testing.views",
    "Point": "agentotel.testing.values",
    "Run": "agentotel.testing.views",
    "Session": "agentotel.testing.views",
    "Span": "agentotel.testing.values",
    "Step": "agentotel.testing.views",
    "ToolCall": "agentotel.testing.views",
    "Turn": "agentotel.testing.views",
    "capture": "agentotel.testing.captured",
    "strict": "agentotel.testing.captured",
}
"""Public names and the module of each."""

__all__ = [
    "Captured",
    "Event",
    "Link",
    "ModelCall",
    "Point",
    "Run",
    "Session",
    "Span",
    "Step",
    "ToolCall",
    "Turn",
    "capture",
    "strict",
]

if TYPE_CHECKING:
    from agentotel.testing.captured import Captured, capture, strict
    from agentotel.testing.values import Event, Link, Point, Span
    from agentotel.testing.views import ModelCall, Run, Session, Step, ToolCall, Turn


def __getattr__(name: str) -> Any:
    module = _PLACES.get(name)
    if module is None:
        message = f"module 'agentotel.testing' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(module), name)
