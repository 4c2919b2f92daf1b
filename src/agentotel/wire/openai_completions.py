"""Legacy text completions of OpenAI and of servers that speak their format.

Source: ``openai/types/completion.py`` and ``completion_create_params.py`` of openai 3.52.
"""

from __future__ import annotations

from agentotel.facts.call import Content, Context, Response
from agentotel.semconv import names
from agentotel.wire._openai import ANSWER, CHOICES, SAMPLING, USAGE, usage_chunk
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import MOST_TOKENS, Entry, entries, of_choices, told
from agentotel.wire.parts import MISSING_REASON, message, output_message, texts_as
from agentotel.wire.read import (
    Rule,
    by_table,
    failure,
    integer,
    items,
    plain_request,
    present,
    text,
    texts,
    usage,
)

REQUEST: tuple[Rule, ...] = (
    ("max_tokens", names.REQUEST_MAX_TOKENS, integer),
    *SAMPLING,
    ("stop", names.REQUEST_STOP_SEQUENCES, texts),
    CHOICES,
)
_HEAD = ("id", "model", "system_fingerprint")


class CompletionFold:
    """Folds streamed completions, each of which looks like a whole one, into one."""

    __slots__ = ("_error", "_head", "_logprobs", "_reasons", "_texts", "_usage")

    def __init__(self) -> None:
        self._head: dict[str, object] = {}
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str | None] = {}
        self._logprobs: dict[int, list[Entry]] = {}
        self._usage: object = None
        self._error: object = None

    @property
    def complete(self) -> bool:
        """Whether every choice seen has its finish reason."""
        return bool(self._texts) and all(self._reasons.get(index) for index in self._texts)

    def add(self, chunk: object) -> None:
        """Read one chunk: a mapping or an SDK object."""
        sent = fields(chunk)
        for choice in map(fields, items(sent.get("choices"))):
            index = integer(choice.get("index")) or 0
            piece = choice.get("text")
            self._texts.setdefault(index, []).append(piece if isinstance(piece, str) else "")
            reason = choice.get("finish_reason") or sent.get("finish_reason")  # Together's is of the chunk
            self._reasons[index] = text(reason) or self._reasons.get(index)
            if choice.get("logprobs") is not None and len(self._logprobs.setdefault(index, [])) < MOST_TOKENS:
                self._logprobs[index] += entries(choice["logprobs"])
        if not self._head:
            self._head = present(**{key: text(sent.get(key)) for key in _HEAD})
        self._usage = sent.get("usage") or self._usage
        self._error = sent.get("error") or self._error

    def result(self) -> Body | None:
        """Build the completion as far as it arrived."""
        if not (self._head or self._texts or self._error):
            return None
        choices = [
            {
                "index": index,
                "text": "".join(pieces),
                **present(finish_reason=self._reasons[index], logprobs=told(self._logprobs.get(index))),
            }
            for index, pieces in sorted(self._texts.items())
        ]
        return {**self._head, "choices": choices, **present(usage=self._usage, error=self._error)}


def response(body: Body) -> Response:
    """Read a completion. A choice without a finish reason was cut off: its reason is ``error``."""
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        finish_reasons=tuple(_finish_reason(fields(choice)) for choice in items(body.get("choices"))),
        usage=usage(body.get("usage"), USAGE),
        failure=failure(body.get("error")),
    )


def context(body: Body) -> Context:
    """Show the prompt: one message for each text of it."""
    prompt = body.get("prompt")
    return Context(messages=[prompt] if isinstance(prompt, str) else items(prompt))


def content(body: Body) -> Content:
    """Read the texts of the prompt as messages of the user; prompts of token numbers have no text."""
    prompts = [message("user", texts_as("text", prompt)) for prompt in texts(body.get("prompt")) or ()]
    return Content(input_messages=prompts or None)


def output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per choice."""
    choices = [fields(choice) for choice in items(body.get("choices"))]
    made = [
        output_message("assistant", texts_as("text", choice.get("text")), _finish_reason(choice)) for choice in choices
    ]
    return made or None


def _finish_reason(choice: Body) -> str:
    return text(choice.get("finish_reason")) or MISSING_REASON


FORMAT = Format(
    name="openai_completions",
    request=plain_request,
    response=response,
    asks=by_table(REQUEST),
    tells=by_table(ANSWER),
    fold=CompletionFold,
    context=context,
    content=content,
    output=output,
    logprobs=of_choices,
    usage_chunk=usage_chunk,
)
