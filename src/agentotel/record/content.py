"""Content of model calls in the JSON shape of the conventions, where it is captured."""

from __future__ import annotations

import functools
import marshal
from collections.abc import Callable

from agentotel._core import guard
from agentotel._core.canonical import compact_json
from agentotel.facts.call import AttributeValue, Content
from agentotel.record.operation import ModelFacts, Operation
from agentotel.semconv import names as n
from agentotel.wire.format import Body, Format
from agentotel.wire.parts import without_reasoning

_content = guard.site("record.content")


def content_attributes(operation: Operation, facts: ModelFacts) -> dict[str, AttributeValue]:
    """Give the content of a call, each part as one JSON string."""
    body, tools = (facts.body, None) if facts.body is None else _kept_tools(facts.format, facts.body)
    values = content_values(operation, facts, body)
    if tools is not None:
        if n.TOOL_DEFINITIONS in values:  # the body names tools in two places
            values = content_values(operation, facts)
        else:
            values[n.TOOL_DEFINITIONS] = tools
    written = {name: _content(_json, value) for name, value in values.items()}
    return {name: text for name, text in written.items() if text is not None}


def _kept_tools(format: Format, body: Body) -> tuple[Body, str | None]:  # noqa: A002 - the wire's word
    """Take the tools out of a body whose definitions were written before, as they rarely change between calls.

    They are found again by their bytes, so that a change in place is seen. Tools of another kind than plain JSON,
    or that do not lie in the body as they are, stay in it and are written each time.
    """
    context = _content(format.context, body)
    tools = None if context is None else context.tools
    name = next((key for key, value in body.items() if value is tools), None) if tools else None
    if name is None:
        return body, None
    try:
        written = _tools_text(format.content, name, marshal.dumps(tools, 2))  # type: ignore[arg-type]
    except ValueError:
        return body, None
    return (body, None) if written is None else ({key: body[key] for key in body if key != name}, written)


@functools.lru_cache(maxsize=64)
def _tools_text(content: Callable[[Body], Content | None], name: str, sent: bytes) -> str | None:
    """Write the definitions of tools, given as ``marshal`` wrote them."""
    read = content({name: marshal.loads(sent)})  # noqa: S302 - what was dumped a moment ago
    return None if read is None or not read.tool_definitions else compact_json(read.tool_definitions)


def content_values(operation: Operation, facts: ModelFacts, body: Body | None = None) -> dict[str, object]:
    """Give the content of a call as structured values, by attribute name; what cannot be read is left out.

    ``body`` stands in for the request's own.
    """
    values: dict[str, object] = {}
    body = facts.body if body is None else body
    content = None if body is None else _content(facts.format.content, body)
    if content is not None:
        values[n.SYSTEM_INSTRUCTIONS] = content.system_instructions
        values[n.INPUT_MESSAGES] = content.input_messages
        values[n.TOOL_DEFINITIONS] = content.tool_definitions
        values[n.RETRIEVAL_QUERY_TEXT] = content.query
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


def _json(value: object) -> str:
    return value if isinstance(value, str) else compact_json(value)
