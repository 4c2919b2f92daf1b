"""The wire formats against recorded exchanges.

What a body says is read a second time by ``bodies``, straight from what was recorded.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
from anthropic._models import construct_type as construct_anthropic
from anthropic.types import Message, RawMessageStreamEvent
from openai._models import construct_type as construct_openai
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response as OpenAiResponse
from openai.types.responses import ResponseStreamEvent

from agentotel.wire import anthropic_messages, openai_chat, openai_completions, openai_embeddings, openai_responses
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.sse import SseDecoder
from tests.contract.bodies import FACTS, WHOLES

SHARED = Path(__file__).parents[3] / "shared"
if not (SHARED / "exchanges").is_dir():
    pytest.skip("recorded exchanges are not here", allow_module_level=True)

FORMATS: Mapping[str, Format] = {
    "openai.chat.completions": openai_chat.FORMAT,
    "groq.chat": openai_chat.FORMAT,
    "together.chat": openai_chat.FORMAT,
    "openai.completions": openai_completions.FORMAT,
    "openai.embeddings": openai_embeddings.FORMAT,
    "openai.responses": openai_responses.FORMAT,
    "anthropic.messages": anthropic_messages.FORMAT,
}
WHOLE_TYPES = {
    "openai_chat": ChatCompletion,
    "openai_completions": Completion,
    "openai_embeddings": CreateEmbeddingResponse,
    "openai_responses": OpenAiResponse,
    "anthropic_messages": Message,
}
CHUNK_TYPES = {
    "openai_chat": ChatCompletionChunk,
    "openai_completions": Completion,
    "openai_responses": ResponseStreamEvent,
    "anthropic_messages": RawMessageStreamEvent,
}


@dataclasses.dataclass(frozen=True)
class Exchange:
    """The deciding interaction of a recording: its request, its answer, and how to read them."""

    format: Format
    asked: dict
    status: int
    text: str
    streamed: bool

    def events(self) -> list[dict]:
        """Read the stream as written: every recorded event is one ``data:`` line."""
        lines = [line.removeprefix("data:").strip() for line in self.text.splitlines() if line.startswith("data:")]
        return [json.loads(line) for line in lines if line != "[DONE]"]


def _load(path: Path) -> Exchange | None:
    sent = json.loads(path.read_text())
    last = sent["interactions"][-1]
    if sent["api"] not in FORMATS:
        return None
    return Exchange(
        format=FORMATS[sent["api"]],
        asked=last["request"]["body"],
        status=last["response"]["status"],
        text=last["response"]["body"],
        streamed=sent["mode"] == "sse",
    )


LOADED = {path.stem: _load(path) for path in sorted((SHARED / "exchanges").glob("*.json"))}
EXCHANGES = {name: exchange for name, exchange in LOADED.items() if exchange}
WHOLE = {name: exchange for name, exchange in EXCHANGES.items() if exchange.status == 200 and not exchange.streamed}
FAILED = {name: exchange for name, exchange in EXCHANGES.items() if exchange.status != 200}
STREAMED = {name: exchange for name, exchange in EXCHANGES.items() if exchange.streamed}


def _construct(value: dict, type_: object, name: str) -> object:
    construct = construct_anthropic if name.startswith("anthropic") else construct_openai
    return construct(value=value, type_=type_)


# -- what the library says


def _found(format_: Format, body: Body) -> dict:
    response = format_.response(body)
    assert response.failure is None
    usage = response.usage._asdict() if response.usage else {}
    parts = [part for message in format_.output(body) or [] for part in message["parts"]]
    return {
        "id": response.id,
        "model": response.model,
        "finish_reasons": list(response.finish_reasons),
        "calls": [(call.id, call.name, call.arguments) for call in response.tool_requests],
        "usage": {name: count for name, count in usage.items() if name.endswith("_tokens") and count is not None},
        "said": "".join(part["content"] for part in parts if part["type"] == "text"),
    }


def _assert_valid(name: str, value: object) -> None:
    if value is not None:
        copied = json.loads(json.dumps(value))
        jsonschema.validate(copied, json.loads((SHARED / "semconv" / "schemas" / f"gen-ai-{name}.json").read_text()))


@pytest.mark.parametrize("name", WHOLE)
def test_answer(name: str) -> None:
    exchange = WHOLE[name]
    format_ = exchange.format
    expected = FACTS[format_.name](json.loads(exchange.text))
    constructed = _construct(json.loads(exchange.text), WHOLE_TYPES[format_.name], format_.name)
    for body in (json.loads(exchange.text), fields(constructed)):
        assert _found(format_, body) == expected
        _assert_valid("output-messages", format_.output(body))


@pytest.mark.parametrize("name", STREAMED)
def test_stream(name: str) -> None:
    exchange = STREAMED[name]
    format_ = exchange.format
    expected = FACTS[format_.name](WHOLES[format_.name](exchange.events()))
    events = exchange.events()
    for chunks in (events, [_construct(event, CHUNK_TYPES[format_.name], format_.name) for event in events]):
        fold = format_.fold()
        for chunk in chunks[:-1]:
            fold.add(chunk)
        fold.result()
        fold.add(chunks[-1])
        assert fold.complete
        assert _found(format_, fold.result()) == expected
        _assert_valid("output-messages", format_.output(fold.result()))


@pytest.mark.parametrize("name", STREAMED)
def test_stream_cut_anywhere(name: str) -> None:
    """However little arrived, it is read without an exception, and none of it is made up."""
    exchange = STREAMED[name]
    format_ = exchange.format
    fold = format_.fold()
    whole = FACTS[format_.name](WHOLES[format_.name](exchange.events()))
    for event in exchange.events():
        fold.add(event)
        body = fold.result()
        if body is None:
            continue
        found = _found(format_, body)
        assert whole["said"].startswith(found["said"])
        assert found["id"] == whole["id"]
        assert fold.complete or set(found["finish_reasons"]) <= {"error"}


@pytest.mark.parametrize("name", STREAMED)
def test_stream_bytes(name: str) -> None:
    exchange = STREAMED[name]
    sent = exchange.text.encode()
    for size in (1, 97, len(sent)):
        decoder = SseDecoder()
        pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
        assert [value for piece in pieces for value in decoder.feed(piece)] == exchange.events()
        assert decoder.done == ("[DONE]" in exchange.text)


@pytest.mark.parametrize("name", FAILED)
def test_error(name: str) -> None:
    exchange = FAILED[name]
    body = json.loads(exchange.text)
    response = exchange.format.response(body)
    assert response.failure is not None
    assert response.failure.type == body["error"]["code"]
    assert response.failure.message == body["error"]["message"]
    assert (response.usage, response.finish_reasons) == (None, ())


@pytest.mark.parametrize("name", EXCHANGES)
def test_request(name: str) -> None:
    exchange = EXCHANGES[name]
    before = json.dumps(exchange.asked)
    request = exchange.format.request(exchange.asked)
    assert request.model == exchange.asked["model"]
    assert request.stream == bool(exchange.asked.get("stream"))
    numbers = {
        "gen_ai.request.temperature": exchange.asked.get("temperature"),
        "gen_ai.request.top_p": exchange.asked.get("top_p"),
        "gen_ai.request.max_tokens": exchange.asked.get("max_completion_tokens")
        or exchange.asked.get("max_output_tokens")
        or exchange.asked.get("max_tokens"),
    }
    said = {**request.attributes, **exchange.format.asks(exchange.asked)}
    for attribute, value in numbers.items():
        assert said.get(attribute) == value
    context, content = exchange.format.context(exchange.asked), exchange.format.content(exchange.asked)
    assert (context is None) == (content is None)
    if context and content:
        _assert_messages(exchange.asked, context.messages)
        _assert_valid("system-instructions", content.system_instructions)
        _assert_valid("input-messages", content.input_messages)
        _assert_valid("tool-definitions", content.tool_definitions)
        assert content.input_messages
        assert len(content.tool_definitions or ()) == len(exchange.asked.get("tools", ()))
    assert json.dumps(exchange.asked) == before


def _assert_messages(asked: dict, messages: object) -> None:
    sent = asked.get("messages") or asked.get("input") or asked.get("prompt")
    assert len(messages) == (1 if isinstance(sent, str) else len(sent))
