"""Why a run, a turn or a session ended, and what its caller says came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class StopReason(StrEnum):
    """The closed set of stop reasons. ``UNKNOWN`` is a defect to look into."""

    COMPLETED = "completed"
    MAX_STEPS = "max_steps"
    MAX_TURNS = "max_turns"
    BUDGET_COST = "budget_cost"
    BUDGET_TOKENS = "budget_tokens"
    BUDGET_CALLS = "budget_calls"
    BUDGET_TIME = "budget_time"
    LOOP_DETECTED = "loop_detected"
    TOOL_ERROR = "tool_error"
    TOOL_TIMEOUT = "tool_timeout"
    MODEL_ERROR = "model_error"
    RATE_LIMITED = "rate_limited"
    CONTEXT_OVERFLOW = "context_overflow"
    CONTENT_FILTER = "content_filter"
    GUARDRAIL = "guardrail"
    DENIED = "denied"
    HUMAN_STOP = "human_stop"
    HANDOFF = "handoff"
    KILLED = "killed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"
    UNKNOWN = "unknown"


class Result(StrEnum):
    """What the caller says came of a run, a turn or a session."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"


class Outcome(StrEnum):
    """How an operation ended."""

    COMPLETED = "completed"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    ERROR = "error"


FILTERED: Final = frozenset(
    {
        "blocklist",
        "content_filter",
        "escalation",
        "image_prohibited_content",
        "image_recitation",
        "image_safety",
        "model_armor",
        "prohibited_content",
        "pup_limited_disabled",
        "recitation",
        "safety",
        "spii",
    }
)
"""Finish reasons of answers that were held back for what is in them, in the words of OpenAI, Bedrock and Gemini."""
