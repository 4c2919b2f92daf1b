from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Response, Usage
from agentotel.wire import bedrock_invoke as invoke
from agentotel.wire.format import Format
from tests.unit.wire.whole import asked

METRICS = "amazon-bedrock-invocationMetrics"
COUNTED = {
    "x-amzn-bedrock-input-token-count": "7",
    "x-amzn-bedrock-output-token-count": "3",
    "x-amzn-bedrock-service-tier": "flex",
}

SHAPES: dict[str, tuple[str, dict, str, object]] = {
    "claude": ("anthropic.claude-v2", {"anthropic_version": "b", "messages": []}, "chat", invoke.MESSAGES),
    "claude behind a profile": ("arn:p", {"anthropic_version": "b", "messages": []}, "chat", invoke.MESSAGES),
    "nova": ("n", {"messages": [{"content": [{"text": "Hi"}]}]}, "chat", invoke.CONVERSE),
    "nova by its schema": ("n", {"messages": [{"content": "Hi"}], "schemaVersion": "1"}, "chat", invoke.CONVERSE),
    "openai": ("openai.gpt-oss", {"messages": [{"role": "user", "content": "Hi"}]}, "chat", invoke.CHAT),
    "openai parts": ("m", {"messages": [{"content": [{"type": "text", "text": "Hi"}]}]}, "chat", invoke.CHAT),
    "no message": ("m", {"messages": []}, "chat", invoke.CHAT),
    "command a": ("cohere.command-a", {"messages": [{"content": "Hi"}]}, "chat", invoke.COMMAND_A),
    "command r": ("cohere.command-r", {"message": "Hi"}, "chat", invoke.COMMAND_R),
    "llama": ("meta.llama3", {"prompt": "Hi"}, "chat", invoke.TEXT),
    "titan": ("amazon.titan-text", {"inputText": "Hi"}, "chat", invoke.TEXT),
    "titan embeddings": ("amazon.titan-embed-text-v2:0", {"inputText": "Hi"}, "embeddings", invoke.EMBEDDINGS),
    "cohere embeddings": ("arn:p", {"texts": ["Hi"]}, "embeddings", invoke.EMBEDDINGS),
    "rerank": ("cohere.rerank", {"query": "q", "documents": []}, "rerank", invoke.RERANK),
    "stable diffusion": ("s", {"prompt": "p", "mode": "text-to-image"}, "generate_content", invoke.OTHER),
    "canvas": ("amazon.nova-canvas-v1:0", {"taskType": "TEXT_IMAGE"}, "generate_content", invoke.OTHER),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    model, body, operation, format_ = SHAPES[name]
    found = invoke.of(model, body)
    assert found[0] == operation
    assert found[1] is format_
    assert found[1].request({"model": model, **body}).model == model


def test_counts_in_headers() -> None:
    body = {"outputs": [{"text": "a", "stop_reason": "length"}], **COUNTED}
    assert invoke.TEXT.response(body) == Response(
        finish_reasons=("length",), usage=Usage(input_tokens=7, output_tokens=3), tier="flex"
    )
    assert set(COUNTED) <= set(invoke.TEXT.headers)


def test_a_header_that_is_no_number() -> None:
    assert invoke.TEXT.response({"outputs": [], "x-amzn-bedrock-input-token-count": "many"}).usage is None


def test_cache_in_headers() -> None:
    body = {
        "x-amzn-bedrock-input-token-count": "7",
        "x-amzn-bedrock-cache-read-input-token-count": "100",
        "x-amzn-bedrock-cache-write-input-token-count": "10",
    }
    assert invoke.TEXT.response(body).usage == Usage(input_tokens=117, cache_read_tokens=100, cache_write_tokens=10)


def test_what_bedrock_bills_of_the_output_wins() -> None:
    usage = {"input_tokens": 7, "output_tokens": 9, "cache_read_input_tokens": 100}
    body = {"type": "message", "content": [], "stop_reason": "end_turn", "usage": usage, **COUNTED}
    assert invoke.MESSAGES.response(body).usage == Usage(input_tokens=107, output_tokens=3, cache_read_tokens=100)
    assert invoke.MESSAGES.response({**body, METRICS: {"inputTokenCount": 7}}).usage == Usage(
        input_tokens=107, output_tokens=9, cache_read_tokens=100
    )


def test_counts_that_complete_each_other() -> None:
    body = {"results": [{"tokenCount": 2, "outputText": "a"}], METRICS: {"inputTokenCount": 5}}
    assert invoke.TEXT.response(body).usage == Usage(input_tokens=5, output_tokens=2)


def test_guardrail_that_intervened() -> None:
    body = {"generation": "Sorry.", "stop_reason": "stop", "amazon-bedrock-guardrailAction": "INTERVENED"}
    assert invoke.TEXT.response(body).finish_reasons == ("content_filter",)
    found = asked(invoke.TEXT, {"prompt": "Hi", "guardrailIdentifier": "g"})
    assert found.attributes == {"aws.bedrock.guardrail.id": "g"}


def test_chat_of_mistral() -> None:
    """Mistral's models name the reason to stop in their own way, in the shape of OpenAI for the rest."""
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "stop_reason": "tool_calls"}]}
    assert invoke.CHAT.response(body).finish_reasons == ("tool_call",)
    assert invoke.CHAT.output(body) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hi"}], "finish_reason": "tool_call"}
    ]
    assert invoke.CHAT.response({"error": {"code": "c"}}).failure == Failure(type="c")


def test_embeddings() -> None:
    found = asked(invoke.EMBEDDINGS, {"model": "m", "dimensions": 256, "embeddingTypes": ["float"]})
    assert found.attributes == {
        "gen_ai.embeddings.dimension.count": 256,
        "gen_ai.request.encoding_formats": ["float"],
    }
    assert invoke.EMBEDDINGS.response({"embedding": [0.1], "inputTextTokenCount": 4}) == Response(
        usage=Usage(input_tokens=4)
    )
    assert invoke.EMBEDDINGS.response({"id": "i", "x-amzn-bedrock-input-token-count": "4"}) == Response(
        id="i", usage=Usage(input_tokens=4)
    )


def _folded(format_: Format, *chunks: dict) -> tuple[dict | None, bool | None]:
    fold = format_.fold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.result(), fold.complete


def _chunk(body: bytes) -> dict:
    return {"chunk": {"bytes": body}}


def test_stream() -> None:
    body, complete = _folded(
        invoke.TEXT,
        _chunk(b'{"outputs":[{"text":"a","stop_reason":null}]}'),
        _chunk(b'{"outputs":[],"amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":2}}'),
    )
    assert complete
    assert invoke.TEXT.response(body).usage == Usage(input_tokens=5, output_tokens=2)


def test_stream_of_a_chat_of_mistral() -> None:
    body, complete = _folded(
        invoke.CHAT,
        _chunk(b'{"id":"i","choices":[{"index":0,"message":{"role":"assistant","content":"H"},"stop_reason":null}]}'),
        _chunk(b'{"id":"i","choices":[{"index":0,"message":{"content":"i"},"stop_reason":"length"}]}'),
    )
    assert complete
    assert invoke.CHAT.response(body) == Response(id="i", finish_reasons=("length",))
    assert invoke.CHAT.output(body) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hi"}], "finish_reason": "length"}
    ]


def test_stream_of_a_chat_of_openai() -> None:
    body, complete = _folded(
        invoke.CHAT,
        _chunk(b'{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}'),
        _chunk(b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'),
    )
    assert complete
    assert invoke.CHAT.response(body).finish_reasons == ("stop",)


def test_stream_that_is_cut() -> None:
    body, complete = _folded(invoke.TEXT, _chunk(b'{"outputs":[{"text":"a","stop_reason":null}]}'))
    assert not complete
    assert invoke.TEXT.response(body) == Response(finish_reasons=("error",))
    assert _folded(invoke.TEXT) == (None, False)


def test_stream_that_refuses() -> None:
    body, _complete = _folded(invoke.MESSAGES, _chunk(b'{"error":{"code":"c"}}'))
    assert invoke.MESSAGES.response(body).failure == Failure(type="c")


def test_operations_that_do_not_stream() -> None:
    assert invoke.EMBEDDINGS.fold is None
