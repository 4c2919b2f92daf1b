"""Calls that only somebody else's span tells of: of models that nothing of ours saw, and of tools over MCP."""

from __future__ import annotations

import time
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from agentotel.facts.call import Failure, Request, Response
from agentotel.facts.stop import Outcome
from agentotel.record import identity as identities
from agentotel.record.joint import Joint
from agentotel.record.operation import MODEL, TOOL, Facts, ModelFacts, Operation, ToolFacts
from agentotel.record.pipeline import IDLE, active
from agentotel.semconv import names as n
from agentotel.wire import spans
from agentotel.wire.format import Format

_FORMAT: Final = Format(name="span", request=lambda _body: Request(), response=lambda _body: Response())
_METHOD: Final = "mcp.method.name"
_TOOL: Final = "tools/call"


def model_call(joint: Joint, span: Any) -> None:
    """Record a call of a model as its span tells it at the end."""
    told = spans.read(span.attributes)
    if told is None:
        return
    facts = ModelFacts(_FORMAT, told.operation, told.provider, told.request, {})
    facts.body = None
    facts.response = told.response
    facts.server, facts.port = told.server, told.port
    if told.response.usage is not None:
        facts.usage_source = "provider"
    joint.set_attributes({n.OPERATION_NAME: told.operation, n.PROVIDER_NAME: told.provider})
    if told.request.model is not None:
        joint.set_attribute(n.REQUEST_MODEL, told.request.model)
    _record(joint, span, MODEL, facts)


def is_tool_call(span: Any, attributes: Any, parent_context: Context | None) -> bool:
    """Tell whether a span that starts is an MCP client's request for a tool, and nothing around it is the call itself.

    Inside a tool of the application it is what that tool sends.
    """
    if attributes.get(_METHOD) != _TOOL or span.kind is not SpanKind.CLIENT:
        return False
    around = getattr(get_current_span(parent_context), "attributes", None) or {}
    return identities.within(parent_context).tool is None and around.get(_METHOD) != _TOOL


def tool_call(joint: Joint, span: Any) -> None:
    """Record a call of a tool over MCP as its span tells it at the end.

    The client of mcp 2 has the tool's name in that of the span only.
    """
    if active() is IDLE:
        return
    name = span.attributes.get(n.TOOL_NAME) or span.name.rpartition(f"{_TOOL} ")[2]
    facts = ToolFacts(name, "extension", {})
    joint.set_attributes({n.OPERATION_NAME: "execute_tool", n.TOOL_NAME: facts.name, n.TOOL_TYPE: facts.type})
    _record(joint, span, TOOL, facts)


def _record(joint: Joint, span: Any, kind: str, facts: Facts) -> None:
    operation = Operation(active(), kind, facts, joint.identity)
    operation.started_at_ns = time.time_ns() - max(joint.ended_at_ns - joint.started_at_ns, 0)
    operation.span = joint.join()
    joint.claimed = True
    failure: Failure | None = None
    if span.status.status_code is StatusCode.ERROR:
        events = [(event.name, event.attributes or {}) for event in span.events]
        failure = spans.failure(span.attributes, events, origin=kind)
    operation.finish(Outcome.COMPLETED if failure is None else Outcome.ERROR, failure)
