"""Bodies of ``InvokeModel``: every family of models has its own, told by what is in it.

A request is the model's own body with ``model`` and ``stream`` and botocore's other arguments beside it.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

from dataclasses import replace

from agentotel.facts.call import AttributeValue, Response
from agentotel.semconv import names
from agentotel.wire import _bedrock as bedrock
from agentotel.wire import (
    anthropic_messages,
    bedrock_converse,
    bedrock_text,
    cohere_chat,
    cohere_tasks,
    cohere_v1,
    openai_chat,
)
from agentotel.wire._bedrock_events import EventStreamFold
from agentotel.wire._bedrock_fold import ConverseFold
from agentotel.wire._openai_chat_fold import ChatFold
from agentotel.wire.format import Body, Fold, Format, fields
from agentotel.wire.read import (
    Rule,
    UsageTable,
    by_table,
    failure,
    inside,
    integer,
    items,
    model_request,
    plain_request,
    text,
    texts,
    usage,
)

_GUARDED = "amazon-bedrock-guardrailAction"
"""Key that Bedrock adds to a model's answer: ``INTERVENED`` where a guardrail did, else ``NONE``."""


def invoked(inner: Format) -> Format:
    """Make the format of an invocation from that of the model's bodies, with what Bedrock adds to them."""

    def asks(body: Body) -> dict[str, AttributeValue]:
        return {**inner.asks(body), **bedrock.beside(body)}

    def response(body: Body) -> Response:
        said = inner.response(body)
        stopped = body.get(_GUARDED) == "INTERVENED"
        return said._replace(
            finish_reasons=tuple(
                "content_filter" if stopped else bedrock.finish_reason(reason) for reason in said.finish_reasons
            ),
            usage=bedrock.merged(said.usage, bedrock.billed(body)),
            tier=bedrock.tier(body) or said.tier,
        )

    fold = inner.fold
    return replace(
        inner,
        response=response,
        asks=asks,
        fold=None if fold is None else lambda: EventStreamFold(InvokeFold(fold()), packed=True),
        headers=bedrock.HEADERS,
    )


class InvokeFold:
    """Folds the chunks of a model, and keeps what Bedrock adds to the last of them."""

    __slots__ = ("_added", "_fold")

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._added: dict[str, object] = {}

    @property
    def complete(self) -> bool | None:
        """Whether the end of the model's stream was seen, or Bedrock's counts after it."""
        return bedrock.METRICS in self._added or self._fold.complete

    def add(self, chunk: object) -> None:
        """Read one chunk."""
        body = fields(chunk)
        self._fold.add(body)
        for key in (bedrock.METRICS, _GUARDED, "error"):
            if key in body:
                self._added[key] = body[key]

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        body = self._fold.result()
        return {**body, **self._added} if body is not None else self._added or None


# -- chats in the shape of OpenAI


def _finished(body: Body) -> Body:
    """Name the reason to stop as OpenAI does: Mistral's models call it ``stop_reason``."""
    sent = [fields(choice) for choice in items(body.get("choices"))]
    renamed = [{**choice, "finish_reason": choice.get("finish_reason") or choice.get("stop_reason")} for choice in sent]
    return {**body, "choices": renamed} if sent else body


class BedrockChatFold(ChatFold):
    """Folds chunks in the shape of OpenAI; those of Mistral's models hold a ``message`` where others hold a delta."""

    __slots__ = ()

    def add(self, chunk: object) -> bool:
        """Read one chunk."""
        sent = fields(chunk)
        told = [fields(choice) for choice in items(sent.get("choices"))]
        if any("message" in choice for choice in told):
            sent = _finished({**sent, "choices": [{**choice, "delta": choice.get("message")} for choice in told]})
        return super().add(sent)


def _chat_response(body: Body) -> Response:
    return openai_chat.response(_finished(body))


def _chat_output(body: Body) -> list[dict[str, object]] | None:
    return openai_chat.output(_finished(body))


# -- embeddings, ranking, images

EMBEDDING: tuple[Rule, ...] = (
    ("dimensions", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("output_dimension", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("embeddingConfig", names.EMBEDDINGS_DIMENSION_COUNT, inside("outputEmbeddingLength", integer)),
    ("singleEmbeddingParams", names.EMBEDDINGS_DIMENSION_COUNT, inside("embeddingDimension", integer)),
    ("embedding_types", names.REQUEST_ENCODING_FORMATS, texts),
    ("embeddingTypes", names.REQUEST_ENCODING_FORMATS, texts),
)
_COUNTS: UsageTable = {"inputTextTokenCount": "input_tokens"}


def _plain_response(body: Body) -> Response:
    """Read what the answers of models other than those for text have in common."""
    return Response(id=text(body.get("id")), usage=usage(body, _COUNTS), failure=failure(body.get("error")))


MESSAGES = invoked(anthropic_messages.FORMAT)
CONVERSE = invoked(replace(bedrock_converse.FORMAT, fold=ConverseFold))
CHAT = invoked(replace(openai_chat.FORMAT, response=_chat_response, output=_chat_output, fold=BedrockChatFold))
COMMAND_A = invoked(cohere_chat.FORMAT)
COMMAND_R = invoked(cohere_v1.CHAT)
TEXT = invoked(bedrock_text.FORMAT)
RERANK = invoked(cohere_tasks.RERANK)
EMBEDDINGS = invoked(
    Format(
        name="bedrock_embeddings",
        request=model_request,
        response=_plain_response,
        asks=by_table(EMBEDDING),
    )
)
OTHER = invoked(Format(name="bedrock_other", request=plain_request, response=_plain_response))


def of(model: str, body: Body) -> tuple[str, Format]:
    """Tell operation and format of a request.

    A family is told by the fields of its bodies, since the id of a model may be the ARN of a profile that says
    nothing. Embeddings are told by the name too: ``embed`` is in that of every such model and of no other.
    """
    if "embed" in model or body.keys() & {"texts", "singleEmbeddingParams", "embeddingTypes"}:
        return "embeddings", EMBEDDINGS
    if "documents" in body and "query" in body:
        return "rerank", RERANK
    if "messages" in body:
        return "chat", _chat(model, body)
    if "message" in body:
        return "chat", COMMAND_R
    if body.keys() & set(bedrock_text.PROMPTS) and not body.keys() & _IMAGES:
        return "chat", TEXT
    return "generate_content", OTHER


_IMAGES = frozenset({"mode", "aspect_ratio", "output_format", "image", "cfg_scale"})
"""Fields of models that make images of a prompt."""


def _chat(model: str, body: Body) -> Format:
    if "anthropic_version" in body:
        return MESSAGES
    if "cohere" in model:
        return COMMAND_A
    messages = items(body["messages"])
    blocks = items(fields(messages[0]).get("content")) if messages else ()
    tagged = not blocks or "type" in fields(blocks[0])
    return CONVERSE if not tagged or "schemaVersion" in body or "inferenceConfig" in body else CHAT
