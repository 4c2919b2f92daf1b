"""Bodies of ``InvokeModel`` in which a prompt is a text and the answer is one or several texts.

Titan, Llama, Mistral's and Cohere's first models, AI21's Jurassic, DeepSeek R1 and Claude before its messages all
have this shape and differ in their words, which do not contradict each other: one table for all.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

from typing import NamedTuple

from agentotel.facts.call import AttributeValue, Content, Context, Response, Usage
from agentotel.semconv import names
from agentotel.wire import _bedrock as bedrock
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import message, output_message, texts_as
from agentotel.wire.read import (
    Rule,
    UsageTable,
    attributes,
    failure,
    inside,
    integer,
    items,
    natural,
    number,
    plain_request,
    several,
    text,
    texts,
    usage,
)

_COUNT = "textGenerationConfig"
REQUEST: tuple[Rule, ...] = (
    ("max_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("max_tokens_to_sample", names.REQUEST_MAX_TOKENS, integer),
    ("max_gen_len", names.REQUEST_MAX_TOKENS, integer),
    ("maxTokens", names.REQUEST_MAX_TOKENS, integer),
    (_COUNT, names.REQUEST_MAX_TOKENS, inside("maxTokenCount", integer)),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    (_COUNT, names.REQUEST_TEMPERATURE, inside("temperature", number)),
    ("top_p", names.REQUEST_TOP_P, number),
    ("topP", names.REQUEST_TOP_P, number),
    ("p", names.REQUEST_TOP_P, number),
    (_COUNT, names.REQUEST_TOP_P, inside("topP", number)),
    ("top_k", names.REQUEST_TOP_K, integer),
    ("k", names.REQUEST_TOP_K, integer),
    ("stop_sequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("stopSequences", names.REQUEST_STOP_SEQUENCES, texts),
    ("stop", names.REQUEST_STOP_SEQUENCES, texts),
    (_COUNT, names.REQUEST_STOP_SEQUENCES, inside("stopSequences", texts)),
    ("frequency_penalty", names.REQUEST_FREQUENCY_PENALTY, number),
    ("presence_penalty", names.REQUEST_PRESENCE_PENALTY, number),
    ("seed", names.REQUEST_SEED, integer),
    ("num_generations", names.REQUEST_CHOICE_COUNT, several),
    ("numResults", names.REQUEST_CHOICE_COUNT, several),
)
PROMPTS = ("prompt", "inputText")
"""Keys of a prompt."""

USAGE: UsageTable = {
    "prompt_token_count": "input_tokens",
    "generation_token_count": "output_tokens",
    "inputTextTokenCount": "input_tokens",
    "totalOutputTextTokenCount": "output_tokens",
    "usage": {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"},
}


class Words(NamedTuple):
    """How one family calls its answers: the list they are in, None where the body is the one answer."""

    choices: str | None
    text: str
    reason: str
    inside: str | None = None


FAMILIES = (
    Words("results", "outputText", "completionReason"),
    Words("outputs", "text", "stop_reason"),
    Words("generations", "text", "finish_reason"),
    Words("choices", "text", "stop_reason"),
    Words("completions", "text", "finishReason", inside="data"),
    Words(None, "generation", "stop_reason"),
    Words(None, "completion", "stop_reason"),
    Words(None, "outputText", "completionReason"),
    Words(None, "text", "finish_reason"),
)
"""The first one whose words are in a body reads it. Streams of Titan and Command have no list."""


_REASONS = tuple(dict.fromkeys(words.reason for words in FAMILIES if not words.choices))


class Choice(NamedTuple):
    """One answer, or a piece of it."""

    text: str
    reason: str | None


def choices(body: Body) -> list[Choice]:
    """Read the answers of a body."""
    for words in FAMILIES:
        sent = items(body.get(words.choices)) if words.choices else (body,) if words.text in body else ()
        if sent:
            return [_choice(fields(choice), words) for choice in sent]
    return []


def ended(body: Body) -> list[Choice]:
    """Read a chunk that holds the reason to stop of the one answer and no text, which ends Command's streams."""
    reason = next((found for key in _REASONS if (found := text(body.get(key)))), None)
    return [Choice("", reason)] if reason else []


def _choice(sent: Body, words: Words) -> Choice:
    said = fields(sent.get(words.inside)) if words.inside else sent
    reason = sent.get(words.reason) or sent.get("finish_reason")
    return Choice(text(said.get(words.text)) or "", text(reason) or text(fields(reason).get("reason")))


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the parameters of a prompt."""
    return {**attributes(body, REQUEST), **bedrock.beside(body)}


def response(body: Body) -> Response:
    """Read the answers to a prompt. Jurassic's id is a number."""
    number_of = integer(body.get("id"))
    return Response(
        id=text(body.get("id")) if number_of is None else str(number_of),
        finish_reasons=tuple(bedrock.finish_reason(choice.reason) for choice in choices(body)),
        usage=_usage(body),
        failure=failure(body.get("error")),
    )


def context(body: Body) -> Context:
    """Show the prompt as the one message."""
    return Context(messages=[body[key] for key in PROMPTS if key in body])


def content(body: Body) -> Content:
    """Read the prompt in the shape of the conventions."""
    parts = texts_as("text", *(body.get(key) for key in PROMPTS))
    return Content(input_messages=[message("user", parts)] if parts else None)


def output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per answer."""
    return [
        output_message("assistant", texts_as("text", choice.text), bedrock.finish_reason(choice.reason))
        for choice in choices(body)
    ] or None


def _usage(body: Body) -> Usage | None:
    """Read the counts of a body; Titan and Jurassic count the tokens of each answer apart."""
    found = usage(body, USAGE)
    counts = [natural(fields(result).get("tokenCount")) for result in items(body.get("results"))]
    made = [count for count in counts if count is not None]
    if made:
        found = (found or Usage())._replace(output_tokens=sum(made))
    return found


class TextFold:
    """Folds the chunks of a stream into one body: texts are joined, of everything else the latest is kept."""

    __slots__ = ("_body", "_reasons", "_texts")

    def __init__(self) -> None:
        self._body: dict[str, object] = {}
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str] = {}

    @property
    def complete(self) -> bool:
        """Whether every answer has its reason to stop."""
        return bool(self._texts) and self._texts.keys() <= self._reasons.keys()

    def add(self, chunk: object) -> None:
        """Read one chunk."""
        body = fields(chunk)
        for index, choice in enumerate(choices(body) or ended(body)):
            self._texts.setdefault(index, []).append(choice.text)
            if choice.reason:
                self._reasons[index] = choice.reason
        self._body.update({key: value for key, value in body.items() if value is not None})

    def result(self) -> Body | None:
        """Build the body so far, with its answers in a list."""
        if not self._body:
            return None
        said = [
            {"text": "".join(pieces), "stop_reason": self._reasons.get(index)}
            for index, pieces in sorted(self._texts.items())
        ]
        rest = {key: value for key, value in self._body.items() if key not in _ANSWERS}
        return {**rest, "choices": said} if said else self._body


_ANSWERS = frozenset({words.choices for words in FAMILIES if words.choices})

FORMAT = Format(
    name="bedrock_text",
    request=plain_request,
    response=response,
    asks=asks,
    fold=TextFold,
    context=context,
    content=content,
    output=output,
)
