"""Mistral's chat, agents' chat and code completion (fill in the middle), which answer like OpenAI's chat.

Source: ``mistralai/client/models`` of mistralai 3.7.
"""

from __future__ import annotations

from agentotel.facts.call import Content, Context, Response, ServerToolUse
from agentotel.semconv import names
from agentotel.wire import openai_chat
from agentotel.wire._mistral import USAGE
from agentotel.wire._openai_chat_fold import ChatFold
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import of_choices
from agentotel.wire.parts import message, texts_as
from agentotel.wire.read import Rule, by_table, integer, items, plain_request, text, usage
from agentotel.wire.server_tools import counts

REQUEST: tuple[Rule, ...] = (
    *openai_chat.REQUEST,
    ("random_seed", names.REQUEST_SEED, integer),
    ("agent_id", names.AGENT_ID, text),
)
"""An agent's chat names the agent and no model."""
_PROMPT = ("prompt", "suffix")


def response(body: Body) -> Response:
    """Read an answer. Of the calls in the steps of a choice, those that a later step answers ran on the server."""
    counted, steps = body.get("usage"), _steps(body)
    answered = {step.get("tool_call_id") for step in steps}
    asked = [call for step in steps for call in openai_chat.tool_requests(step)]
    uses = tuple(ServerToolUse(kind=call.name, name=call.name, id=call.id) for call in asked if call.id in answered)
    read = openai_chat.response(body)
    return read._replace(
        usage=usage(counted, USAGE),
        tier=text(fields(counted).get("service_tier")),
        tool_requests=(*read.tool_requests, *(call for call in asked if call.id not in answered)),
        attributes={**read.attributes, **counts(uses)},
        server_tools=uses,
    )


def _steps(body: Body) -> list[Body]:
    """Find the messages of choices that have several, which stand in the place of one."""
    choices = (fields(choice) for choice in items(body.get("choices")))
    return [fields(step) for choice in choices for step in items(choice.get("messages"))]


def output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per choice."""
    said = openai_chat.output(body) or []
    for made, choice in zip(said, items(body.get("choices")), strict=True):
        steps = openai_chat.content({"messages": fields(choice).get("messages")}).input_messages
        if steps:
            made["parts"] = [one for step in steps for one in items(step["parts"])]
    return said or None


def prompt_context(body: Body) -> Context:
    """Show the code before and behind the gap."""
    return Context(messages=[said for key in _PROMPT if (said := text(body.get(key)))])


def prompt_content(body: Body) -> Content:
    """Read the code before and behind the gap as one message of the user."""
    parts = texts_as("text", *(body.get(key) for key in _PROMPT))
    return Content(input_messages=[message("user", parts)] if parts else None)


CHAT = Format(
    name="mistral_chat",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST),
    tells=openai_chat.tells,
    fold=ChatFold,
    context=openai_chat.context,
    answers=openai_chat.answers,
    content=openai_chat.content,
    output=output,
    logprobs=of_choices,
    separate=True,
)
FIM = Format(
    name="mistral_fim",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST),
    tells=openai_chat.tells,
    fold=ChatFold,
    context=prompt_context,
    content=prompt_content,
    output=openai_chat.output,
)
