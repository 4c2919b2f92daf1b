"""Ollama's chat, text generation and embeddings, in the API of its own.

A stream is one JSON object a line, each of which looks like a whole answer. Durations are nanoseconds on the
server and are not read: the operation is timed where it is made.
Source: ``ollama/_types.py`` of ollama 0.6.
"""

from __future__ import annotations

from collections.abc import Iterable

from agentotel.facts.call import AttributeValue, Content, Context, Response
from agentotel.semconv import names
from agentotel.wire._openai import SAMPLING
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.logprobs import MOST_TOKENS, bounded, entry
from agentotel.wire.ndjson import NdjsonDecoder
from agentotel.wire.openai_chat import tool_requests
from agentotel.wire.parts import (
    MISSING_REASON,
    Message,
    Part,
    function_tool,
    message,
    output_message,
    part,
    texts_as,
    tool_call,
    tool_response,
)
from agentotel.wire.read import (
    Rule,
    UsageTable,
    attributes,
    failure,
    integer,
    items,
    plain_request,
    present,
    text,
    texts,
    usage,
)

OPTIONS: tuple[Rule, ...] = (
    ("num_predict", names.REQUEST_MAX_TOKENS, integer),
    *SAMPLING,
    ("stop", names.REQUEST_STOP_SEQUENCES, texts),
)
USAGE: UsageTable = {"prompt_eval_count": "input_tokens", "eval_count": "output_tokens"}

_HEAD = ("model", "done", "done_reason", *USAGE, "error", "image")
_TEXTS = ("content", "thinking")
_CALLS = b'"tool_calls"'


def _format(value: object) -> AttributeValue | None:
    """Read ``format``: the word ``json``, or a JSON schema."""
    return "json" if value == "json" or fields(value) else None


REQUEST: tuple[Rule, ...] = (
    ("format", names.OUTPUT_TYPE, _format),
    ("think", names.REQUEST_REASONING_LEVEL, text),
    ("dimensions", names.EMBEDDINGS_DIMENSION_COUNT, integer),
)


class OllamaFold:
    """Folds the lines of a stream into the answer that they make up."""

    __slots__ = ("_calls", "_head", "_lines", "_logprobs", "_role", "_seen", "_texts")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._head: dict[str, object] = {}
        self._role: str | None = None
        self._texts: dict[str, list[str]] = {"content": [], "thinking": [], "response": []}
        self._calls: list[object] = []
        self._logprobs: list[object] = []
        self._seen: set[str] = set()

    @property
    def complete(self) -> bool:
        """Whether the line came that says so."""
        return self._head.get("done") is True

    def add(self, chunk: object) -> None:
        """Read one line: a mapping or an SDK object."""
        sent = fields(chunk)
        said = sent.get("message")
        if said is None:
            self._seen.update(sent.keys() & {"response"})
            self._gather(sent, ("response", "thinking"))
        else:
            self._seen.add("message")
            self._add_message(fields(said))
        if len(self._logprobs) < MOST_TOKENS:
            self._logprobs += items(sent.get("logprobs"))
        if sent.get("done") or not self._head:
            self._head = present(**{key: sent.get(key) for key in _HEAD})

    def see(self, sent: bytes) -> None:
        """Keep bytes with tool calls in them, whose ids the SDK has no field for. A line comes in one piece."""
        if _CALLS in sent:
            self._lines.append(sent)

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        if not (self._head or self._seen):
            return None
        joined = {key: "".join(pieces) for key, pieces in self._texts.items() if pieces}
        head = {**self._head, **present(logprobs=self._logprobs or None)}
        if "message" not in self._seen:
            return {**dict.fromkeys(self._seen, ""), **head, **joined}
        calls = present(role=self._role, tool_calls=self._whole_calls() or None)
        return {**head, "message": {**calls, **joined}}

    def _whole_calls(self) -> list[object]:
        """Give the calls as they were sent, where all of them are in the bytes that were kept."""
        values = NdjsonDecoder().feed(b"\n".join(self._lines) + b"\n") if self._lines else ()
        sent = [call for value in values for call in items(fields(fields(value).get("message")).get("tool_calls"))]
        return sent if len(sent) == len(self._calls) else self._calls

    def _add_message(self, sent: Body) -> None:
        self._role = self._role or text(sent.get("role"))
        self._gather(sent, _TEXTS)
        self._calls += items(sent.get("tool_calls"))

    def _gather(self, sent: Body, keys: Iterable[str]) -> None:
        for key in keys:
            piece = text(sent.get(key))
            if piece:
                self._texts[key].append(piece)


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read what a call asks for; most of it stands under ``options``."""
    return {**attributes(fields(body.get("options")), OPTIONS), **attributes(body, REQUEST)}


def response(body: Body) -> Response:
    """Read an answer. Ollama gives no ids, not to answers and in old versions not to tool calls."""
    reason = _finish_reason(body) if "message" in body or "response" in body else None
    return Response(
        model=text(body.get("model")),
        finish_reasons=(reason,) if reason else (),
        usage=usage(body, USAGE),
        tool_requests=tuple(tool_requests(fields(body.get("message")))),
        failure=failure(body.get("error")),
    )


def context(body: Body) -> Context:
    """Show the system text, the offered tools, and the messages or the prompt."""
    prompt = body.get("prompt")
    messages = items(body.get("messages")) if prompt is None else [prompt]
    return Context(system=body.get("system"), tools=body.get("tools"), messages=messages)


def content(body: Body) -> Content:
    """Read system text, messages or prompt, and tool definitions in the shape of the conventions."""
    prompt = [*texts_as("text", body.get("prompt"), body.get("suffix")), *_images(body)]
    messages = [_input_message(fields(sent)) for sent in items(body.get("messages"))]
    tools = [function_tool(fields(tool).get("function"), "parameters") for tool in items(body.get("tools"))]
    return Content(
        system_instructions=texts_as("text", body.get("system")) or None,
        input_messages=messages or ([message("user", prompt)] if prompt else None),
        tool_definitions=tools or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the one output message."""
    if "message" in body:
        sent = fields(body["message"])
        parts = _parts(sent)
    elif "response" in body:
        sent = body
        parts = [*texts_as("reasoning", body.get("thinking")), *texts_as("text", body.get("response")), *_drawn(body)]
    else:
        return None
    return [output_message(text(sent.get("role")) or "assistant", parts, _finish_reason(body))]


def _finish_reason(body: Body) -> str | None:
    """Return the reason. An answer that is not done was cut off: its reason is ``error``; old servers tell none."""
    return text(body.get("done_reason")) or (None if body.get("done") is True else MISSING_REASON)


def _input_message(sent: Body) -> Message:
    role = text(sent.get("role")) or "user"
    if role == "tool":
        return message(role, [tool_response(sent.get("tool_call_id"), sent.get("content"))], name=sent.get("tool_name"))
    return message(role, _parts(sent))


def _parts(sent: Body) -> list[Part]:
    return [
        *texts_as("reasoning", sent.get("thinking")),
        *texts_as("text", sent.get("content")),
        *_images(sent),
        *(tool_call(call) for call in tool_requests(sent)),
    ]


def _images(sent: Body) -> list[Part]:
    """Read pictures, which are base64 without a type."""
    pictures = texts(sent.get("images")) or ()
    return [part("blob", modality="image", content=picture) for picture in pictures if picture]


def _drawn(body: Body) -> list[Part]:
    """Read the picture that a model which draws answers with."""
    return [part("blob", modality="image", content=picture) for picture in texts(body.get("image")) or ()]


def _decided(body: Body) -> Response:
    """Read the usage of a System One answer, which counts tokens in words of its own."""
    counted = usage(body.get("usage"), {"input_tokens": "input_tokens", "output_tokens": "output_tokens"})
    return Response(model=text(body.get("model")), usage=counted, failure=failure(body.get("error")))


FORMAT = Format(
    name="ollama",
    request=plain_request,
    response=response,
    asks=asks,
    fold=OllamaFold,
    context=context,
    content=content,
    output=output,
    logprobs=lambda body: bounded([[entry(one) for one in items(body.get("logprobs"))]]),
    separate=True,
)
EMBED = Format(name="ollama_embed", request=plain_request, response=response, asks=asks)
SYSTEM_ONE = Format(name="ollama_systemone", request=plain_request, response=_decided, asks=asks)
