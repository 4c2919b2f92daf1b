"""OpenTelemetry for LLM agents.

Importing this package does nothing else: no SDK, no exporter, no network. Names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__: str

_PLACES = {
    "AgentotelError": ("agentotel.errors", "AgentotelError"),
    "ConfigurationError": ("agentotel.errors", "ConfigurationError"),
    "ContentMode": ("agentotel.config", "ContentMode"),
    "Event": ("agentotel.record.operation", "Event"),
    "Prompt": ("agentotel.api.parts", "Prompt"),
    "Result": ("agentotel.facts.stop", "Result"),
    "Run": ("agentotel.api.parts", "Run"),
    "Session": ("agentotel.api.session", "Session"),
    "Step": ("agentotel.api.parts", "Step"),
    "StopReason": ("agentotel.facts.stop", "StopReason"),
    "Tool": ("agentotel.api.calls", "Tool"),
    "Totals": ("agentotel.facts.totals", "Totals"),
    "Turn": ("agentotel.api.parts", "Turn"),
    "agent": ("agentotel.api.parts", "AgentBlock"),
    "approval": ("agentotel.api.events", "approval"),
    "decision": ("agentotel.api.events", "decision"),
    "evaluation": ("agentotel.api.events", "evaluation"),
    "event": ("agentotel.api.events", "event"),
    "fallback": ("agentotel.api.events", "fallback"),
    "feedback": ("agentotel.api.events", "feedback"),
    "flush": ("agentotel.entry", "flush"),
    "guardrail": ("agentotel.api.events", "guardrail"),
    "handoff": ("agentotel.api.events", "handoff"),
    "init": ("agentotel.entry", "init"),
    "instrument": ("agentotel.entry", "instrument"),
    "prompt": ("agentotel.api.parts", "PromptBlock"),
    "refresh_prices": ("agentotel.entry", "refresh_prices"),
    "session": ("agentotel.api.session", "SessionBlock"),
    "set_cost": ("agentotel.api.tool", "set_cost"),
    "shutdown": ("agentotel.entry", "shutdown"),
    "state": ("agentotel.api.events", "state"),
    "step": ("agentotel.api.parts", "StepBlock"),
    "tool": ("agentotel.api.tool", "tool"),
    "tool_call": ("agentotel.api.tool", "tool_call"),
    "turn": ("agentotel.api.parts", "TurnBlock"),
    "uninstrument": ("agentotel.entry", "uninstrument"),
    "validation": ("agentotel.api.events", "validation"),
}
"""Public names, and the module and name behind each."""

__all__ = [
    "AgentotelError",
    "ConfigurationError",
    "ContentMode",
    "Event",
    "Prompt",
    "Result",
    "Run",
    "Session",
    "Step",
    "StopReason",
    "Tool",
    "Totals",
    "Turn",
    "agent",
    "approval",
    "decision",
    "evaluation",
    "event",
    "fallback",
    "feedback",
    "flush",
    "guardrail",
    "handoff",
    "init",
    "instrument",
    "prompt",
    "refresh_prices",
    "session",
    "set_cost",
    "shutdown",
    "state",
    "step",
    "tool",
    "tool_call",
    "turn",
    "uninstrument",
    "validation",
]

if TYPE_CHECKING:
    from agentotel.api.calls import Tool
    from agentotel.api.events import (
        approval,
        decision,
        evaluation,
        event,
        fallback,
        feedback,
        guardrail,
        handoff,
        state,
        validation,
    )
    from agentotel.api.parts import AgentBlock as agent
    from agentotel.api.parts import Prompt, Run, Step, Turn
    from agentotel.api.parts import PromptBlock as prompt
    from agentotel.api.parts import StepBlock as step
    from agentotel.api.parts import TurnBlock as turn
    from agentotel.api.session import Session
    from agentotel.api.session import SessionBlock as session
    from agentotel.api.tool import set_cost, tool, tool_call
    from agentotel.config import ContentMode
    from agentotel.entry import flush, init, instrument, refresh_prices, shutdown, uninstrument
    from agentotel.errors import AgentotelError, ConfigurationError
    from agentotel.facts.stop import Result, StopReason
    from agentotel.facts.totals import Totals
    from agentotel.record.operation import Event
else:  # to a type checker a name that is not above does not exist

    def __getattr__(name: str) -> Any:
        place = ("agentotel._core.version", "VERSION") if name == "__version__" else _PLACES.get(name)
        if place is None:
            message = f"module 'agentotel' has no attribute {name!r}"
            raise AttributeError(message)
        module, attribute = place
        value = getattr(import_module(module), attribute)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
