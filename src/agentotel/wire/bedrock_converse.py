"""Converse of Bedrock, and the bodies of Amazon's Nova models, which have its shape.

A request is what botocore takes as arguments, with ``model`` and ``stream`` added. Source:
``bedrock-runtime/2023-09-30/service-2.json`` of botocore 1.44; Nova: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
"""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Content, Context, Response
from agentotel.semconv import names
from agentotel.wire import _bedrock as bedrock
from agentotel.wire._bedrock_events import EventStreamFold
from agentotel.wire._bedrock_fold import ConverseFold
from agentotel.wire._bedrock_parts import content_parts, server_uses, tool_requests
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import Part, function_tool, output_message, part, sent_messages
from agentotel.wire.read import (
    Rule,
    attributes,
    failure,
    inside,
    integer,
    items,
    number,
    one_of,
    plain_request,
    text,
    texts,
)
from agentotel.wire.server_tools import counts

CONFIG: tuple[Rule, ...] = (
    ("maxTokens", names.REQUEST_MAX_TOKENS, integer),
    ("max_new_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("topP", names.REQUEST_TOP_P, number),
    ("top_p", names.REQUEST_TOP_P, number),
    ("topK", names.REQUEST_TOP_K, integer),
    ("top_k", names.REQUEST_TOP_K, integer),
    ("stopSequences", names.REQUEST_STOP_SEQUENCES, texts),
)
"""Fields of ``inferenceConfig``, in Converse's words and in those of Nova's own bodies."""

FURTHER: tuple[Rule, ...] = (
    ("top_k", names.REQUEST_TOP_K, integer),
    ("topK", names.REQUEST_TOP_K, integer),
    ("k", names.REQUEST_TOP_K, integer),
    ("inferenceConfig", names.REQUEST_TOP_K, inside("topK", integer)),
    ("seed", names.REQUEST_SEED, integer),
    ("reasoning_effort", names.REQUEST_REASONING_LEVEL, text),
    ("output_config", names.REQUEST_REASONING_LEVEL, inside("effort", text)),
    ("reasoningConfig", names.REQUEST_REASONING_LEVEL, inside("maxReasoningEffort", text)),
)
"""What models take beside Converse's own fields, in ``additionalModelRequestFields``."""

OUTPUT: tuple[Rule, ...] = (
    ("outputConfig", names.OUTPUT_TYPE, inside("textFormat", inside("type", one_of({"json_schema": "json"})))),
    ("outputConfig", names.REQUEST_REASONING_LEVEL, inside("effort", text)),
    ("reasoningConfig", names.REQUEST_REASONING_LEVEL, inside("maxReasoningEffort", text)),
)


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the parameters of a conversation."""
    return {
        **attributes(fields(body.get("additionalModelRequestFields")), FURTHER),
        **attributes(fields(body.get("inferenceConfig")), CONFIG),
        **attributes(body, OUTPUT),
        **bedrock.beside(body),
    }


def response(body: Body) -> Response:
    """Read an answer. A prompt router names the model that it chose; nobody else names one."""
    sent = _message(body)
    used = server_uses(sent.get("content"))
    return Response(
        model=text(fields(fields(body.get("trace")).get("promptRouter")).get("invokedModelId")),
        finish_reasons=(bedrock.finish_reason(body.get("stopReason")),) if sent else (),
        usage=bedrock.token_counts(body.get("usage")),
        tier=bedrock.tier(body),
        tool_requests=tool_requests(sent.get("content")),
        attributes=counts(used),
        server_tools=used,
        failure=failure(body.get("error")),
    )


def context(body: Body) -> Context:
    """Show the system text, the offered tools by their names, and the messages."""
    return Context(system=body.get("system"), tools=_tools(body) or None, messages=items(body.get("messages")))


def answers(message: object) -> tuple[str, ...]:
    """Return the ids of the tool calls whose results a message holds."""
    results = (fields(fields(block).get("toolResult")) for block in items(fields(message).get("content")))
    return tuple(call_id for result in results if (call_id := text(result.get("toolUseId"))))


def content(body: Body) -> Content:
    """Read system text, messages and tool definitions in the shape of the conventions."""
    return Content(
        system_instructions=content_parts(body.get("system")) or None,
        input_messages=sent_messages(body.get("messages"), content_parts) or None,
        tool_definitions=[_definition(tool) for tool in _tools(body)] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the one output message."""
    sent = _message(body)
    if not sent:
        return None
    role = text(sent.get("role")) or "assistant"
    return [output_message(role, content_parts(sent.get("content")), bedrock.finish_reason(body.get("stopReason")))]


def _message(body: Body) -> Body:
    return fields(fields(body.get("output")).get("message"))


def _tools(body: Body) -> list[Body]:
    """Give the offered tools without the object around each; a mark for the cache is none."""
    offered = [fields(tool) for tool in items(fields(body.get("toolConfig")).get("tools"))]
    return [
        fields(tool.get("toolSpec") or tool["systemTool"]) for tool in offered if not tool.keys().isdisjoint(_KINDS)
    ]


_KINDS = frozenset({"toolSpec", "systemTool"})


def _definition(tool: Body) -> Part:
    """Build a function, or the name of a tool that Bedrock runs itself."""
    if "inputSchema" not in tool:
        name = text(tool.get("name")) or ""
        return part("system_tool", name=name)
    return function_tool({**tool, "schema": fields(tool["inputSchema"]).get("json")}, "schema")


FORMAT = Format(
    name="bedrock_converse",
    request=plain_request,
    response=response,
    asks=asks,
    fold=lambda: EventStreamFold(ConverseFold()),
    context=context,
    answers=answers,
    content=content,
    output=output,
    separate=True,
)
