"""Mistral's chat, agents' chat and code completion (fill in the middle), which answer like OpenAI's chat.

Source: ``mistralai/client/models`` of mistralai 3.7.
"""

from __future__ import annotations

from agentotel.facts.call import Content, Context, Request, Response
from agentotel.semconv import names
from agentotel.wire import openai_chat
from agentotel.wire._mistral import USAGE
from agentotel.wire._openai_chat_fold import ChatFold
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import of_choices
from agentotel.wire.parts import message, texts_as
from agentotel.wire.read import Rule, attributes, integer, text, usage

REQUEST: tuple[Rule, ...] = (
    *openai_chat.REQUEST,
    ("random_seed", names.REQUEST_SEED, integer),
    ("agent_id", names.AGENT_ID, text),
)
_PROMPT = ("prompt", "suffix")


def request(body: Body) -> Request:
    """Read what a chat asks for; an agent's chat names the agent and no model."""
    stream = body.get("stream") is True
    return Request(model=text(body.get("model")), stream=stream, attributes=attributes(body, REQUEST))


def response(body: Body) -> Response:
    """Read an answer."""
    counted = body.get("usage")
    return openai_chat.response(body)._replace(
        usage=usage(counted, USAGE), tier=text(fields(counted).get("service_tier"))
    )


def prompt_context(body: Body) -> Context:
    """Show the code before and behind the gap."""
    return Context(messages=[said for key in _PROMPT if (said := text(body.get(key)))])


def prompt_content(body: Body) -> Content:
    """Read the code before and behind the gap as one message of the user."""
    parts = texts_as("text", *(body.get(key) for key in _PROMPT))
    return Content(input_messages=[message("user", parts)] if parts else None)


CHAT = Format(
    name="mistral_chat",
    request=request,
    response=response,
    fold=ChatFold,
    context=openai_chat.context,
    answers=openai_chat.answers,
    content=openai_chat.content,
    output=openai_chat.output,
    logprobs=of_choices,
)
FIM = Format(
    name="mistral_fim",
    request=request,
    response=response,
    fold=ChatFold,
    context=prompt_context,
    content=prompt_content,
    output=openai_chat.output,
)
