"""Checks of one span, its events and the attributes that it shares with log records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from agentotel.semconv import own
from tests.conventions.tables import (
    CONTENT,
    TYPES,
    attributes_of,
    conventions,
    lacking,
    span_entry,
    wrong_content,
    wrong_type,
)

SCOPE = "agentotel"
CONVERSATION = "gen_ai.conversation.id"
_OWN = {one.name: one for one in own.ATTRIBUTES}
_FAMILIES = tuple(one for one in own.ATTRIBUTES if one.name.endswith("."))
_EVENTS = {event.name: {one.name: one for one in event.attributes} for event in own.EVENTS}
_KINDS = {"execute_tool": own.TOOL, "invoke_agent": own.RUN}
_INFERENCE = ("chat", "generate_content", "text_completion")

Attributes = Mapping[str, Any]


def problems_of(span: ReadableSpan) -> Iterator[str]:
    """Say everything that is wrong with a span."""
    attributes = span.attributes or {}
    if span.instrumentation_scope is None or span.instrumentation_scope.name != SCOPE:
        yield from _stamped(attributes)
        return
    kind = kind_of(attributes)
    yield from _frame(span, attributes, kind)
    yield from _status(span, attributes)
    for name, value in attributes.items():
        yield from attribute_problems(name, value, _allowed(attributes, kind, span.kind.name), kind)
    yield from _rules(attributes, kind)
    for event in span.events:
        yield from (f"event {event.name}: {text}" for text in event_problems(event.name, event.attributes or {}))


def kind_of(attributes: Attributes) -> str:
    """Tell the kind of a span of agentotel. An agent that a provider hosts is called as a model is."""
    operation = attributes.get("gen_ai.operation.name")
    local = "gen_ai.provider.name" not in attributes
    return attributes.get("agentotel.kind") or (_KINDS.get(str(operation), own.MODEL) if local else own.MODEL)


def _stamped(attributes: Attributes) -> Iterator[str]:
    """Check what the library adds to a span of another one: identity, and nothing else."""
    for name, value in attributes.items():
        one = own_attribute(name)
        if one is not None and one.everywhere:
            yield from wrong_type(name, one.type, value)
        elif name.startswith("agentotel."):
            yield f"{name} does not belong on a span of another library"
    yield from _conversation(attributes)


def own_attribute(name: str) -> own.Own | None:
    """Find an attribute in the library's own table."""
    return _OWN.get(name) or next((one for one in _FAMILIES if name.startswith(one.name)), None)


def _allowed(attributes: Attributes, kind: str, span_kind: str) -> Mapping[str, Any]:
    """Name the attributes of the conventions that a span may have."""
    operation = attributes.get("gen_ai.operation.name")
    entry = span_entry(str(operation), span_kind)
    allowed = {CONVERSATION: {}, "error.type": {}}
    if kind == own.TURN:
        allowed |= {name: {} for name in own.CONTENT_OF_TURNS}
    if operation in own.OPERATIONS:
        entry = span_entry("chat", "CLIENT")
    return allowed if entry is None else {**allowed, **attributes_of(entry, attributes.get("gen_ai.provider.name"))}


def _frame(span: ReadableSpan, attributes: Attributes, kind: str) -> Iterator[str]:
    """Check name and kind, and that the required attributes are there."""
    operation = attributes.get("gen_ai.operation.name")
    if operation is None:
        if kind in own.STRUCTURAL:
            yield from _structural(span, attributes, kind)
        else:
            yield "neither an operation nor a kind"
        return
    entry = span_entry(operation, span.kind.name)
    if entry is None:
        if operation not in own.OPERATIONS or span.kind.name != "CLIENT":
            yield f"no such operation: {operation} of kind {span.kind.name}"
        return
    wanted = _name(entry, attributes)
    if span.name != wanted:
        yield f"is called {span.name!r}, not {wanted!r}"
    yield from _presence(attributes, entry)


def _presence(attributes: Attributes, entry: Mapping[str, Any]) -> Iterator[str]:
    """Check that what must be there is, and what must not is not."""
    yield from lacking(attributes, attributes_of(entry, attributes.get("gen_ai.provider.name")))
    for name in entry.get("must_not_have", ()):
        if any(re.fullmatch(name.replace("*", ".*"), one) for one in attributes):
            yield f"must not have {name}"
    for name in set(entry.get("removed_attributes", ())) & attributes.keys():
        yield f"has {name}, which was removed"


def _name(entry: Mapping[str, Any], attributes: Attributes) -> str:
    pattern = entry["span_name_pattern"]
    fields = re.findall(r"{([^}]+)}", pattern)
    if not all(field in attributes for field in fields):
        pattern = entry["span_name_fallback"]
    return re.sub(r"{([^}]+)}", lambda found: str(attributes[found[1]]), pattern)


def _structural(span: ReadableSpan, attributes: Attributes, kind: str) -> Iterator[str]:
    """Check the spans that the conventions do not know."""
    if span.kind.name != "INTERNAL":
        yield f"a {kind} is INTERNAL, not {span.kind.name}"
    wanted = {
        own.SESSION: " ".join(filter(None, ["session", attributes.get("agentotel.feature")])),
        own.TURN: " ".join(map(str, filter(None, ["turn", attributes.get("agentotel.turn.index")]))),
        own.STEP: attributes.get("agentotel.step.type", span.name),
    }[kind]
    if span.name != wanted:
        yield f"is called {span.name!r}, not {wanted!r}"


def _status(span: ReadableSpan, attributes: Attributes) -> Iterator[str]:
    status = span.status.status_code
    if status is StatusCode.OK:
        yield "status is OK, which is for applications"
    if (status is StatusCode.ERROR) != ("error.type" in attributes):
        yield f"status {status.name} with error.type {attributes.get('error.type')!r}"
    if status is StatusCode.UNSET and span.status.description:
        yield "a description without an error"


def attribute_problems(
    name: str, value: object, allowed: Mapping[str, Any], kind: str, *, structured: bool = False
) -> Iterator[str]:
    """Check one attribute: whether it may be there, its type and, where they are closed, its values."""
    one = own_attribute(name)
    if one is not None and kind in one.spans:
        yield from wrong_type(name, one.type, value)
        if one.values and value not in one.values:
            yield f"{name} is {value!r}, not one of {one.values}"
        if one.type == "any" and type(value) not in TYPES.values():
            yield f"{name} is {value!r}"
        return
    if name not in allowed:
        yield f"{name} does not belong on a span of kind {kind}"
        return
    if name in CONTENT:
        yield from wrong_content(name, value, structured=structured)
        return
    entry = conventions()["attributes"][name]
    yield from wrong_type(name, entry["type"], value)
    if value in conventions()["deprecated"]["enum_values"].get(name, ()):
        yield f"{name} is {value!r}, which is deprecated"
    if name == "gen_ai.operation.name" and value not in (*entry["values"], *own.OPERATIONS):
        yield f"{name} is {value!r}"


def _rules(attributes: Attributes, kind: str) -> Iterator[str]:
    """Check what attributes say together."""
    yield from _conversation(attributes)
    if "server.address" in attributes and "server.port" not in attributes:
        yield "server.address without server.port"
    if kind == own.MODEL:
        yield from model_rules(attributes)
    if kind == own.TOOL and "agentotel.run.id" in attributes and "gen_ai.agent.name" not in attributes:
        yield "a tool of an agent without the agent's name"
    if kind in {own.TOOL, own.MODEL} and "agentotel.outcome" not in attributes:
        yield "no outcome"
    if kind in {own.RUN, own.TURN, own.SESSION}:
        missing = {"agentotel.stop_reason", "agentotel.total.llm_calls"} - attributes.keys()
        yield from (f"lacks {name}" for name in sorted(missing))
    if kind == own.RUN and "gen_ai.agent.name" not in attributes:
        yield "a run without the agent's name"
    if attributes.get("agentotel.outcome") == "error" and "error.type" not in attributes:
        yield "outcome error without error.type"
    if ("http.request.resend_count" in attributes) != ("agentotel.retry.wait_s" in attributes):
        yield "resend_count and retry.wait_s are not together"


def _conversation(attributes: Attributes) -> Iterator[str]:
    if "session.id" in attributes and attributes.get(CONVERSATION) != attributes["session.id"]:
        yield f"session.id {attributes['session.id']!r} with {CONVERSATION} {attributes.get(CONVERSATION)!r}"
    placed = [name for name in ("agentotel.run.id", "agentotel.turn.id", "agentotel.step.id") if name in attributes]
    if placed and "session.id" not in attributes:
        yield f"{placed} outside a session"


def model_rules(attributes: Attributes) -> Iterator[str]:
    """Check what the attributes of a model call say together."""
    usage = {name for name in attributes if name.startswith("gen_ai.usage.")}
    if bool(usage) != ("agentotel.usage.source" in attributes):
        yield f"usage.source is {attributes.get('agentotel.usage.source')!r} with {sorted(usage)}"
    if "gen_ai.response.time_to_first_chunk" in attributes and attributes.get("gen_ai.request.stream") is not True:
        yield "time_to_first_chunk without stream"
    if attributes.get("gen_ai.request.stream") is False:
        yield "request.stream is false"
    if attributes.get("gen_ai.conversation.compacted") is False:
        yield "conversation.compacted is false"
    if attributes.get("gen_ai.operation.name") in _INFERENCE and "gen_ai.request.model" not in attributes:
        yield "no request.model"
    for name in usage:
        whole = "gen_ai.usage.input_tokens" if name.endswith("input_tokens") else "gen_ai.usage.output_tokens"
        part, total = attributes[name], attributes.get(whole)
        if type(part) is int and not (type(total) is int and 0 <= part <= total):
            yield f"{name} is {attributes[name]!r}, with {whole} {attributes.get(whole)!r}"


def event_problems(name: str, attributes: Attributes, *, identity: bool = False) -> Iterator[str]:
    """Check an event; log records carry identity as well."""
    for key, value in attributes.items():
        one = own_attribute(key)
        if identity and (key == CONVERSATION or (one is not None and one.everywhere)):
            yield from wrong_type(key, "string" if one is None else one.type, value)
        elif name in conventions()["events"]:
            if key not in conventions()["events"][name]["attributes"]:
                yield f"{key} does not belong here"
            else:
                yield from wrong_type(key, conventions()["attributes"][key]["type"], value)
        elif name in _EVENTS:
            yield from _own_event(_EVENTS[name], key, value)
        elif not (name.startswith("agentotel.") and key.startswith(f"{name}.")):
            yield f"{key} does not belong here"
    if name in conventions()["events"]:
        yield from lacking(attributes, conventions()["events"][name]["attributes"])


def _own_event(table: Mapping[str, own.Own], key: str, value: object) -> Iterator[str]:
    if key not in table:
        yield f"{key} does not belong here"
        return
    yield from wrong_type(key, table[key].type, value)
