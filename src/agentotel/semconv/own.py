"""What the conventions lack: every attribute and event of agentotel's own, as data.

The reference pages are generated from these tables, and the tests hold every span, event and log record to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agentotel.semconv import names as n

MODEL: Final = "model"
TOOL: Final = "tool"
SESSION: Final = "session"
TURN: Final = "turn"
RUN: Final = "run"
STEP: Final = "step"
STRUCTURAL: Final = (SESSION, TURN, STEP)
"""Kinds of spans that the conventions do not know; ``agentotel.kind`` tells them."""

EVERY: Final = (MODEL, TOOL, SESSION, TURN, RUN, STEP)
_CALLS: Final = (MODEL, TOOL)
_UNITS: Final = (RUN, TURN, SESSION)

STRING: Final = "string"
INT: Final = "int"
DOUBLE: Final = "double"
BOOLEAN: Final = "boolean"
STRINGS: Final = "string[]"
ANY: Final = "any"
"""Any of the above, as the application gave it; what is none of them is written as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One attribute.

    Attributes:
        name: Its name; one that ends in a dot is a family with one attribute per key.
        type: Its type, in the words of the conventions.
        brief: What it says.
        spans: The kinds of spans that carry it. Empty for the attribute of an event.
        everywhere: Whether the spans of other libraries inside a session carry it too.
        unit: Its unit, where the name does not say it.
        values: The values it may have; empty where they are open.
    """

    name: str
    type: str
    brief: str
    spans: tuple[str, ...] = ()
    everywhere: bool = False
    unit: str | None = None
    values: tuple[str, ...] = ()


def _identity(name: str, brief: str, kind: str = STRING) -> Own:
    return Own(name=name, type=kind, brief=brief, spans=EVERY, everywhere=True)


_IDENTITY: Final = (
    _identity(n.SESSION_ID, "Id of the session; `gen_ai.conversation.id` has the same value."),
    _identity(n.USER_ID, "Whom the session is for."),
    _identity(n.TENANT, "Customer or organisation."),
    _identity(n.FEATURE, "Feature of the application."),
    _identity(n.CHANNEL, "Where the session comes from."),
    _identity(n.EXPERIMENT, "Experiment that the session takes part in."),
    _identity(n.VARIANT, "Variant of the experiment."),
    _identity(n.CONFIG_ID, "Version of the application's configuration."),
    _identity(n.METADATA_PREFIX, "Further facts from `session(metadata=)`, one attribute per key.", ANY),
    _identity(n.RUN_ID, "Id of the agent run."),
    _identity(n.RUN_PARENT_ID, "Id of the run that the run is part of."),
    _identity(n.TURN_INDEX, "Number of the turn in its session, from 1.", INT),
    _identity(n.TURN_ID, "Id of the turn."),
    _identity(n.STEP_ID, "Id of the step."),
    _identity(n.STEP_TYPE, "Kind of the step."),
    _identity(n.STEP_PARENT_ID, "Id of the step that the step is part of."),
    _identity(n.AGENT_VERSION, "Version of the agent."),
)

_COURSE: Final = (
    Own(
        name=n.KIND,
        type=STRING,
        brief="Kind of a structural span, which the conventions do not know.",
        spans=STRUCTURAL,
        values=STRUCTURAL,
    ),
    Own(name=n.COST_USD, type=DOUBLE, unit="USD", brief="Price of this call; absent when unknown.", spans=_CALLS),
    Own(name=n.COST_INPUT_USD, type=DOUBLE, unit="USD", brief="Price of its input.", spans=(MODEL,)),
    Own(name=n.COST_OUTPUT_USD, type=DOUBLE, unit="USD", brief="Price of its output.", spans=(MODEL,)),
    Own(
        name=n.COST_SOURCE,
        type=STRING,
        brief="Where the price is from: catalogue and version, an override, or the tool.",
        spans=_CALLS,
    ),
    Own(
        name=n.USAGE_SOURCE,
        type=STRING,
        brief="Where the token counts are from; absent when none were sent.",
        spans=(MODEL,),
        values=("provider", "partial", "estimated"),
    ),
    Own(
        name=n.OUTCOME,
        type=STRING,
        brief="How the operation ended.",
        spans=_CALLS,
        values=("completed", "truncated", "abandoned", "cancelled", "error"),
    ),
    Own(
        name=n.ERROR_CATEGORY,
        type=STRING,
        brief="What kind of failure it was.",
        spans=EVERY,
        values=(
            "timeout",
            "network",
            "server",
            "auth",
            "quota",
            "rate_limit",
            "schema",
            "context_overflow",
            "content_filter",
            "business",
            "guardrail",
            "orchestration",
            "state",
        ),
    ),
    Own(
        name=n.ERROR_ORIGIN,
        type=STRING,
        brief="Where it arose.",
        spans=EVERY,
        values=("model", "tool", "agent", "host"),
    ),
    Own(
        name=n.ERROR_RETRY,
        type=STRING,
        brief="Whether the call was, or will be, made again.",
        spans=EVERY,
        values=("will", "did", "exhausted"),
    ),
    Own(
        name=n.RESEND_COUNT,
        type=INT,
        unit="{request}",
        brief="HTTP requests beyond the first; absent when there was one.",
        spans=_CALLS,
    ),
    Own(
        name=n.RESEND_CALLS,
        type=INT,
        unit="{call}",
        brief="Failed calls in a row that asked the same model the same before this one: retries of the application.",
        spans=(MODEL,),
    ),
    Own(name=n.RESEND_OF, type=STRING, brief="Span id of the failed call that is repeated.", spans=(MODEL,)),
    Own(
        name=n.FALLBACK_OF,
        type=STRING,
        brief="Span id of the failed call of another model or provider that asked the same.",
        spans=(MODEL,),
    ),
    Own(name=n.RETRY_WAIT_S, type=DOUBLE, unit="s", brief="Time spent waiting between attempts.", spans=_CALLS),
    Own(name=n.RETRY_LIMIT, type=INT, unit="{retry}", brief="Most retries that the SDK may make.", spans=(MODEL,)),
    Own(name=n.TIMEOUT_S, type=DOUBLE, unit="s", brief="Time-out of the SDK.", spans=(MODEL,)),
    *(
        Own(
            name=f"{n.RATE_LIMIT_PREFIX}{kind}.{field}",
            type=DOUBLE if field == "reset_s" else INT,
            unit="s" if field == "reset_s" else f"{{{kind[:-1]}}}",
            brief=brief,
            spans=(MODEL,),
        )
        for kind in ("requests", "tokens")
        for field, brief in (
            ("limit", f"Limit of {kind}, from response headers."),
            ("remaining", f"What is left of the limit of {kind}."),
            ("reset_s", f"Time until the limit of {kind} is whole again."),
        )
    ),
)

_USAGE: Final = (
    *(
        Own(
            name=name,
            type=INT,
            unit="{token}",
            brief=f"Part of the tokens written to the cache that is kept for {lifetime}.",
            spans=(MODEL,),
        )
        for name, lifetime in (
            (n.USAGE_CACHE_WRITE_5M, "5 minutes"),
            (n.USAGE_CACHE_WRITE_30M, "30 minutes"),
            (n.USAGE_CACHE_WRITE_1H, "1 hour"),
            (n.USAGE_CACHE_WRITE_12H, "12 hours"),
        )
    ),
    *(
        Own(
            name=name,
            type=INT,
            unit="{token}",
            brief=f"Part of the output tokens that was predicted by the request and {fate}.",
            spans=(MODEL,),
        )
        for name, fate in (
            (n.USAGE_PREDICTION_ACCEPTED, "stands in the answer"),
            (n.USAGE_PREDICTION_REJECTED, "does not"),
        )
    ),
    *(
        Own(
            name=name,
            type=INT,
            unit="{token}",
            brief=f"{side} tokens of inferences inside the answer that `{usual}` leaves out and that are billed as "
            "well: of a compaction, of an advising model.",
            spans=(MODEL,),
        )
        for name, side, usual in (
            (n.USAGE_BESIDE_INPUT, "Input", n.USAGE_INPUT_TOKENS),
            (n.USAGE_BESIDE_OUTPUT, "Output", n.USAGE_OUTPUT_TOKENS),
        )
    ),
    Own(
        name=n.SERVER_TOOL_CALLS,
        type=INT,
        unit="{call}",
        brief="Uses of a tool that the provider ran itself, one attribute per tool in the provider's word.",
        spans=(MODEL,),
    ),
    Own(
        name=n.RESPONSE_LOGPROBS,
        type=STRING,
        brief="Log probabilities of the answer's tokens as JSON, one list per choice or text, where they were asked "
        "for and content is captured; at most 1000 tokens.",
        spans=(MODEL,),
    ),
)

_CONTEXT: Final = (
    Own(name=n.CONTEXT_HASH, type=STRING, brief="Hash of what the model read.", spans=(MODEL,)),
    Own(name=n.CONTEXT_SYSTEM_HASH, type=STRING, brief="Hash of the system text.", spans=(MODEL,)),
    Own(name=n.CONTEXT_TOOLS_HASH, type=STRING, brief="Hash of the offered tools.", spans=(MODEL,)),
    Own(name=n.CONTEXT_MESSAGES, type=INT, unit="{message}", brief="Messages in the context.", spans=(MODEL,)),
    Own(
        name=n.CONTEXT_NEW_MESSAGES,
        type=INT,
        unit="{message}",
        brief="Messages beyond the longest prefix shared with an earlier context of the run.",
        spans=(MODEL,),
    ),
    Own(
        name=n.CONTEXT_CHANGE,
        type=STRING,
        brief="What changed against that context; absent for the first one.",
        spans=(MODEL,),
        values=("appended", "rewritten", "truncated", "tools_changed", "system_changed"),
    ),
)

_TOOLS: Final = (
    Own(name=n.TOOL_VERSION, type=STRING, brief="Version of the tool.", spans=(TOOL,)),
    Own(name=n.TOOL_ARGS_HASH, type=STRING, brief="Hash of the arguments as canonical JSON.", spans=(TOOL,)),
    Own(name=n.TOOL_ARGS_BYTES, type=INT, unit="By", brief="Size of the same.", spans=(TOOL,)),
    Own(name=n.TOOL_RESULT_HASH, type=STRING, brief="Hash of the result as canonical JSON.", spans=(TOOL,)),
    Own(name=n.TOOL_RESULT_BYTES, type=INT, unit="By", brief="Size of the same.", spans=(TOOL,)),
    Own(
        name=n.TOOL_ATTEMPT,
        type=INT,
        unit="{attempt}",
        brief="Number of this attempt: one more than the failures in a row of the same call.",
        spans=(TOOL,),
    ),
    Own(name=n.TOOL_FALLBACK, type=STRING, brief="The tool that this one stands in for.", spans=(TOOL,)),
    Own(
        name=n.TOOL_REQUESTED_BY,
        type=STRING,
        brief="Span id of the model call that asked for it; also a span link.",
        spans=(TOOL,),
    ),
)

_ENDINGS: Final = (
    Own(
        name=n.STOP_REASON,
        type=STRING,
        brief="Why it ended.",
        spans=_UNITS,
        values=(
            "completed",
            "max_steps",
            "max_turns",
            "budget_cost",
            "budget_tokens",
            "budget_calls",
            "budget_time",
            "loop_detected",
            "tool_error",
            "tool_timeout",
            "model_error",
            "rate_limited",
            "context_overflow",
            "content_filter",
            "guardrail",
            "denied",
            "human_stop",
            "handoff",
            "killed",
            "cancelled",
            "crashed",
            "unknown",
        ),
    ),
    Own(name=n.STOP_DETAIL, type=STRING, brief="More on the reason, in a few words.", spans=_UNITS),
    Own(
        name=n.RESULT,
        type=STRING,
        brief="What the application says came of it.",
        spans=_UNITS,
        values=("success", "partial", "failure"),
    ),
    Own(
        name=f"{n.TOTAL_PREFIX}cost_usd",
        type=DOUBLE,
        unit="USD",
        brief="Known cost of this span and everything below it.",
        spans=_UNITS,
    ),
    *(
        Own(
            name=f"{n.TOTAL_PREFIX}{field}",
            type=INT,
            unit=f"{{{unit}}}",
            brief=f"{brief} in this span and everything below it.",
            spans=_UNITS,
        )
        for field, unit, brief in (
            ("llm_calls", "call", "Model calls"),
            ("tool_calls", "call", "Tool calls"),
            ("retries", "retry", "Repeated HTTP requests"),
            ("input_tokens", "token", "Input tokens"),
            ("output_tokens", "token", "Output tokens"),
            ("errors", "error", "Failed model and tool calls"),
        )
    ),
)

ATTRIBUTES: Final = (*_IDENTITY, *_COURSE, *_USAGE, *_CONTEXT, *_TOOLS, *_ENDINGS)
"""Every attribute of spans that the conventions lack."""

WITH_CONTENT: Final = (n.RESPONSE_LOGPROBS,)
"""Those of them that are only there where content is captured."""

CONTENT_OF_TURNS: Final = (n.INPUT_MESSAGES, n.OUTPUT_MESSAGES)
"""Attributes of the conventions that a turn's span carries where content is captured."""

OPERATIONS: Final = ("classify", "moderation", "rerank")
"""Values of ``gen_ai.operation.name`` beside those of the conventions, whose list is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvent:
    """One event, on a span or as a log record. ``attributes`` are those it may carry."""

    name: str
    brief: str
    attributes: tuple[Own, ...]


def _event(kind: str, brief: str, attributes: Mapping[str, tuple[str, str]]) -> OwnEvent:
    """Make an event of ``kind``; attributes are named after it unless they have a name of their own."""
    made = tuple(
        Own(name=name if "." in name else f"agentotel.{kind}.{name}", type=type_, brief=text)
        for name, (type_, text) in attributes.items()
    )
    return OwnEvent(name=f"agentotel.{kind}", brief=brief, attributes=made)


_REASON: Final = {"reason": (STRING, "Why.")}

EVENTS: Final = (
    _event(
        "attempt",
        "One HTTP request of a model call.",
        {
            "number": (INT, "Number of the request, from 1."),
            "http.response.status_code": (INT, "HTTP status; absent where no answer came."),
            n.ERROR_TYPE: (STRING, "Status or exception class of one that failed."),
            "reason": (STRING, "Why it was made: the failure before it."),
            "wait_s": (DOUBLE, "Seconds between the end of the one before and its start."),
            "retry_after_s": (DOUBLE, "Seconds that the answer asked to wait."),
            "request_id": (STRING, "The provider's id of the request."),
            "duration_s": (DOUBLE, "Seconds until the answer's head, or the failure."),
            n.SERVER_ADDRESS: (STRING, "Host that it was sent to."),
        },
    ),
    _event(
        "tool_not_run",
        "A tool call that a model asked for and that never ran.",
        {
            n.TOOL_NAME: (STRING, "Name of the tool, as the model gave it."),
            n.TOOL_CALL_ID: (STRING, "Id that the model gave to the call."),
            "reason": (STRING, "`not_run`, or `unknown_tool` where no such tool was offered."),
        },
    ),
    _event(
        "server_tool",
        "A tool that the provider ran itself while it made the answer. It has no span, since only its end is known.",
        {
            n.TOOL_NAME: (STRING, "Name of the tool."),
            n.TOOL_CALL_ID: (STRING, "Id that the provider gave to the use."),
            "kind": (STRING, "The provider's word for the tool; `mcp` for one of a hosted MCP server."),
            "status": (STRING, "How it went, in the provider's word."),
            "server": (STRING, "Label of the hosted MCP server."),
        },
    ),
    _event(
        "decision",
        "What the agent decided.",
        {"choice": (STRING, "The choice."), **_REASON, "options": (STRINGS, "What there was to choose from.")},
    ),
    _event("handoff", "Work went to another agent.", {"source": (STRING, "From."), "to": (STRING, "To."), **_REASON}),
    _event(
        "approval",
        "A person was asked, or answered.",
        {
            "subject": (STRING, "What for."),
            "status": (STRING, "`requested`, `granted` or `denied`."),
            "by": (STRING, "Who."),
            **_REASON,
        },
    ),
    _event(
        "guardrail",
        "What a guardrail found.",
        {"name": (STRING, "Its name."), "verdict": (STRING, "`pass`, `warn` or `block`."), **_REASON},
    ),
    _event(
        "fallback",
        "One took the place of another.",
        {
            "source": (STRING, "Whose place."),
            "to": (STRING, "What took it."),
            "kind": (STRING, "`tool`, `model` or `agent`."),
            **_REASON,
        },
    ),
    _event(
        "validation",
        "An output was checked.",
        {
            "validator": (STRING, "By what; `response_format` is the SDK's own parsing."),
            "verdict": (STRING, "`pass` or `fail`."),
            "expected": (ANY, "What was expected."),
            "diff": (ANY, "How the output differs."),
            "corrections": (INT, "How often it was done again."),
        },
    ),
    _event(
        "feedback",
        "What a person thinks of the answer.",
        {"rating": (ANY, "The rating."), "by": (STRING, "Who."), "comment": (STRING, "In words.")},
    ),
    _event(
        "state",
        "A state of the application changed.",
        {"name": (STRING, "Its name."), "version": (ANY, "Its version."), "hash": (STRING, "Hash of its value.")},
    ),
)
"""Events with a fixed set of attributes. ``event(kind, ...)`` makes others, ``agentotel.<kind>.<key>``."""
