"""Others who trace the same calls: their span and ours are one.

A span of somebody else that is a model call, or may turn out to be one, becomes a joint span when it starts. A call of
ours that runs inside writes onto it. A call that is told inside a call is the same call. What nobody of ours took part
in is read, when it ends, as a call of its own. Spans that hold calls keep no tokens of theirs: those are sums.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from agentotel.capture import announcements, echoes, metering, told
from agentotel.capture.tracking import current, tells_of_the_last
from agentotel.record import identity as identities
from agentotel.record.joint import Joint, without
from agentotel.record.operation import ModelFacts, Operation
from agentotel.record.pipeline import IDLE, active
from agentotel.semconv import names as n
from agentotel.wire import spans

SCOPES: Final = (
    "agent_framework",
    "agno",
    "autogen",
    "com.anthropic.sdk",
    "crewai",
    "gcp.vertex.agent",
    "google.adk",
    "langfuse",
    "langsmith",
    "litellm",
    "logfire.",
    "mistralai",
    "openinference.",
    "opentelemetry.instrumentation.alephalpha",
    "opentelemetry.instrumentation.anthropic",
    "opentelemetry.instrumentation.bedrock",
    "opentelemetry.instrumentation.cohere",
    "opentelemetry.instrumentation.genai",
    "opentelemetry.instrumentation.google_genai",
    "opentelemetry.instrumentation.google_generativeai",
    "opentelemetry.instrumentation.groq",
    "opentelemetry.instrumentation.langchain",
    "opentelemetry.instrumentation.llamaindex",
    "opentelemetry.instrumentation.mistralai",
    "opentelemetry.instrumentation.ollama",
    "opentelemetry.instrumentation.openai",
    "opentelemetry.instrumentation.replicate",
    "opentelemetry.instrumentation.together",
    "opentelemetry.instrumentation.vertexai",
    "opentelemetry.instrumentation.watsonx",
    "pydantic-ai",
    "semantic_kernel",
    "strands",
    "traceloop",
)
"""Beginnings of the scopes whose spans may say only after their start that they are model calls."""

_MARKS: Final = (spans.OPERATION, "openinference.span.kind", "llm.request.type")
_MOST_SCOPES: Final = 1000

_scopes: dict[str, bool] = {}
OPEN: Final[weakref.WeakValueDictionary[int, Joint]] = weakref.WeakValueDictionary()
"""Joint spans that somebody else has opened, by span id."""

_told: set[str] = set()
_last: ContextVar[weakref.ref[Joint] | None] = ContextVar("agentotel-neighbour", default=None)


def started(span: Any, parent_context: Context | None) -> None:
    """Take note of a span that somebody else starts in a provider of ours."""
    attributes = span.attributes
    scope = span.instrumentation_scope
    name = "" if scope is None else scope.name
    if told.is_tool_call(span, attributes, parent_context) and active() is not IDLE:
        Joint.over(span, told.tool_call, identities.within(parent_context))
        return
    if not (_listed(name) or any(mark in attributes for mark in _MARKS)) or active() is IDLE:
        return
    metering.heard(name)
    operation = spans.operation(attributes)
    if operation and _joined(span, attributes, parent_context):
        return
    announced = announcements.shared(name)
    if announced is not None and announced.context.trace_id == span.get_span_context().trace_id:
        announced.invite(span)
        return
    joint = Joint.over(span, _before_end, identities.within(parent_context))
    announcements.take(joint, name)
    if echoes.is_echo(name, attributes):
        joint.told_again = name in _told or name in echoes.SCOPES
    elif tells_of_the_last(span.parent, span.start_time):
        joint.told_again = True
    OPEN[joint.context.span_id] = joint
    _last.set(weakref.ref(joint))


def _listed(scope: str) -> bool:
    known = _scopes.get(scope)
    if known is None:
        if len(_scopes) >= _MOST_SCOPES:
            _scopes.clear()
        known = _scopes[scope] = scope.startswith(SCOPES)
    return known


def _joined(span: Any, attributes: Any, parent_context: Context | None) -> bool:
    """Make a call that starts inside a call, told by us or by somebody else, one with it."""
    tracking = current()
    joint = _around(spans.model(attributes), parent_context) if tracking is None else shared(tracking.operation)
    if joint is None or joint.context.trace_id != span.get_span_context().trace_id:
        return False
    joint.invite(span)
    _told.add(span.instrumentation_scope.name)
    return True


def shared(operation: Operation) -> Joint | None:
    """Make the span of a call of ours one that others can take part in; None where it does not record."""
    span = operation.span
    if isinstance(span, Joint):
        return span
    if not span.is_recording() or not operation.open:
        return None
    joint = Joint(span).join()
    joint.claimed = True
    operation.span = joint
    return joint


def join(operation: Operation) -> None:
    """Let a call of ours that is about to start write onto the span that somebody opened for it."""
    facts = operation.facts
    assert isinstance(facts, ModelFacts)  # noqa: S101 - model calls only
    joint = _around(facts.request.model, operation.parent_context)
    here = get_current_span(operation.parent_context).get_span_context()
    parent = here.span_id
    if joint is not None:
        joint.claimed = True
        _told.add(joint.span.instrumentation_scope.name)
        operation.span = joint.join()
        here, parent = joint.context, 0 if joint.parent is None else joint.parent.span_id
    for reference in OPEN.valuerefs():  # a list at once: other threads open spans meanwhile
        other = reference()
        if other is not None and other is not joint and other.open and other.context.trace_id == here.trace_id:
            other.holds_calls = True
    while (around := OPEN.get(parent)) is not None:
        around.told_again = True
        parent = 0 if around.parent is None else around.parent.span_id


def _around(model: str | None, context: Context | None) -> Joint | None:
    """Find the open span of somebody else that is the call which is about to start.

    It is the current span, or the last one that was started here beside the current one.
    """
    here = get_current_span(context).get_span_context()
    joint = OPEN.get(here.span_id)
    if joint is not None:
        return joint if _is_call(joint) else None
    for joint in (announcements.last(), _lately()):
        if joint is not None and _is_call(joint) and _starts_here(joint, model, here.span_id):
            return joint
    return None


def _lately() -> Joint | None:
    last = _last.get()
    return None if last is None else last()


def _starts_here(joint: Joint, model: str | None, here: int) -> bool:
    """Tell whether a span that is not current is beside the current one, and of the same model as far as is known."""
    parent = 0 if joint.parent is None else joint.parent.span_id
    asked = spans.model(joint.span.attributes)
    return parent == here and (asked is None or model is None or spans.same_model(asked, model))


def _is_call(joint: Joint) -> bool:
    span = joint.span
    if span is None or joint.claimed or not joint.open:
        return False
    return bool(joint.announced or spans.operation(span.attributes))


def _before_end(joint: Joint, span: Any) -> None:
    """Finish what somebody else told: keep sums out of it, or count it as a call that we did not see."""
    operation = spans.operation(span.attributes)
    if joint.claimed:
        _correct(joint, span)
    elif operation and not joint.told_again:
        if active() is not IDLE:
            told.model_call(joint, span)
    elif joint.told_again or joint.holds_calls:
        removed = without(span, lambda name: name.startswith(spans.USAGE_PREFIXES))
        if operation or echoes.is_echo(span.instrumentation_scope.name, span.attributes):
            without(span, echoes.makes_a_call)
        else:
            _as_totals(joint, removed)


def _correct(joint: Joint, span: Any) -> None:
    """Let the tokens that somebody else told be those that were sent, under each of their names, or absent."""
    known = {name: joint.written.get(names[0]) for _field, names in spans.USAGE for name in names}
    counts = [known[names[0]] for _field, names in spans.USAGE[:2]]
    total = sum(one for one in counts if isinstance(one, int)) if None not in counts else None
    known.update(dict.fromkeys(spans.TOTALS, total))
    for name, value in known.items():
        if value is not None and name in span.attributes:
            span.set_attribute(name, value)
    without(span, lambda name: name in known and known[name] is None)


def _as_totals(joint: Joint, removed: dict[str, Any]) -> None:
    for field, names in spans.USAGE[:2]:
        found = next((removed[name] for name in names if name in removed), None)
        if found is not None:
            joint.set_attribute(f"{n.TOTAL_PREFIX}{field}", found)
