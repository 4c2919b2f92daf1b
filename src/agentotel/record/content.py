"""Content of model calls in the JSON shape of the conventions, where it is captured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from agentotel._core import guard
from agentotel._core.canonical import compact_json
from agentotel.facts.call import AttributeValue
from agentotel.record.latest import Sent
from agentotel.record.operation import ModelFacts, Operation
from agentotel.semconv import names as n
from agentotel.wire.format import Body, Format
from agentotel.wire.parts import without_reasoning

_content = guard.site("record.content")

_EMPTY = "[]"

_outside: dict[object, Sent] = {}
"""By what reads content, what was sent last outside every session."""

_REQUESTED = (n.SYSTEM_INSTRUCTIONS, n.INPUT_MESSAGES, n.TOOL_DEFINITIONS, n.RETRIEVAL_QUERY_TEXT)
"""The attributes of a request's content, in the order of its fields."""


def content_attributes(operation: Operation, facts: ModelFacts) -> dict[str, AttributeValue]:
    """Give the content of a call, each part as one JSON string."""
    body, known = (facts.body and _content(_known, operation, facts.format, facts.body)) or (facts.body, {})
    values = content_values(operation, facts, body)
    if not known.keys().isdisjoint(values):  # the body names them in two places
        known = {}
        values = content_values(operation, facts)
    for name, value in values.items():
        text = value if isinstance(value, str) else _content(compact_json, value)
        if text is not None:
            known[name] = text
    return known


def _known(operation: Operation, format: Format, body: Body) -> tuple[Body, dict[str, AttributeValue]]:  # noqa: A002 - the wire's word
    """Take messages and tools out of a body, and write them: what was there in the call before is not written again.

    What does not lie in the body as it is stays in it.
    """
    context = format.context(body)
    if context is None:
        return body, {}
    _system, tools, messages = context
    written = _written(operation, format)
    left = dict(body)
    known: dict[str, AttributeValue] = {}
    if tools and (name := _place(left, tools)) is not None:
        known[n.TOOL_DEFINITIONS] = written.tools.of(tools, partial(_tools, format, name))
        del left[name]
    separate = messages and format.separate and operation.pipeline.reasoning
    if separate and (name := _place(left, messages)) is not None:
        texts = written.messages.of(messages, partial(_messages, format, name))
        known[n.INPUT_MESSAGES] = f"[{','.join(texts)}]"
        del left[name]
    return left, {name: text for name, text in known.items() if text != _EMPTY}


def _place(body: Body, value: object) -> str | None:
    """Find the field of a body that is ``value`` itself."""
    for name, sent in body.items():
        if sent is value:
            return name
    return None


def _written(operation: Operation, format: Format) -> Sent:  # noqa: A002 - the wire's word
    """Give what the run has sent, which is at first what was sent last in the session."""
    unit, session = operation.identity.unit, operation.identity.session
    around = _outside if session is None else session.written
    kept = around if unit is None else unit.home.written
    written = kept.get(format.content)
    if written is None:
        written = kept[format.content] = Sent(around.get(format.content))
    around[format.content] = written
    return written


def _tools(format: Format, name: str, tools: object) -> str:  # noqa: A002 - the wire's word
    read = format.content({name: tools})
    return compact_json([] if read is None else read.tool_definitions or [])


def _messages(format: Format, name: str, messages: Sequence[object]) -> tuple[str, ...]:  # noqa: A002 - the wire's word
    """Write each message by itself."""
    read = format.content({name: messages})
    made = () if read is None else read.input_messages or ()
    return tuple([compact_json(said) for _sent, said in zip(messages, made, strict=True)])


def content_values(operation: Operation, facts: ModelFacts, body: Body | None = None) -> dict[str, object]:
    """Give the content of a call as structured values, by attribute name; what cannot be read is left out.

    ``body`` stands in for the request's own.
    """
    body = facts.body if body is None else body
    content = None if body is None else _content(facts.format.content, body)
    values: dict[str, object] = {} if content is None else dict(zip(_REQUESTED, content, strict=True))
    if facts.answer is not None:
        values[n.OUTPUT_MESSAGES] = _content(facts.format.output, facts.answer)
        values[n.RETRIEVAL_DOCUMENTS] = _content(facts.format.documents, facts.answer)
        values[n.RESPONSE_LOGPROBS] = _content(_logprobs, facts, facts.answer)
    if not operation.pipeline.reasoning:
        for name in (n.INPUT_MESSAGES, n.OUTPUT_MESSAGES):
            values[name] = _content(without_reasoning, values.get(name))
    return {name: value for name, value in values.items() if value}


def _logprobs(facts: ModelFacts, answer: Body) -> str | None:
    """Write the log probabilities of an answer, which are JSON in log records too: nothing there has their shape."""
    found = facts.format.logprobs(answer)
    return None if found is None else compact_json(found)
