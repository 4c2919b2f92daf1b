"""The smaller requests of cohere, and version 1 of its API: whether each is an operation, and what its span says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import cohere

from tests.contract.drivers._spec import Request
from tests.contract.flavour import done, each

BILLED = {"input_tokens": 3, "output_tokens": 2}
META = {"billed_units": BILLED, "tokens": {"input_tokens": 60, "output_tokens": 5}}
COUNTED = {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 2}
SAID = {"response_id": "r1", "generation_id": "g1", "text": "Good day.", "finish_reason": "COMPLETE", "meta": META}
GENERATED = {"id": "g1", "text": "Good day.", "finish_reason": "MAX_TOKENS"}
SCORED = {"id": "k1", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}
LABELLED = {"id": "l1", "input": "a", "prediction": "x", "predictions": ["x"], "labels": {}, "confidences": [0.9]}
VECTORS = {"id": "e1", "embeddings": {"float": [[0.5]]}, "texts": ["a"], "response_type": "embeddings_by_type"}


def first_version(client: Any) -> Any:
    """Make a client for version 1 of the API that sends what ``client`` would send."""
    kind = cohere.AsyncClient if isinstance(client, cohere.AsyncClientV2) else cohere.Client
    sender = client._client_wrapper.httpx_client
    return kind(api_key="key", base_url=sender.get_base_url(None), httpx_client=sender.httpx_client)


def v1(method: str, *, read: bool = False, **arguments: Any) -> Callable[[Any], Any]:
    """Make the call of a method of version 1."""
    return lambda client: _called(first_version(client), method, read=read, **arguments)


def v2(method: str, **arguments: Any) -> Callable[[Any], Any]:
    """Make the call of a method of version 2."""
    return lambda client: _called(client, method, **arguments)


def _called(client: Any, method: str, *, read: bool = False, **arguments: Any) -> Any:
    given = getattr(client, method)(**arguments)
    return _read(given) if read else given


async def _read(given: Any) -> list[Any]:
    return [event async for event in each(await done(given))]


def lines(*sent: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in sent)


STARTED = {"event_type": "stream-start", "generation_id": "g1", "is_finished": False}
PIECE = {"event_type": "text-generation", "text": "Good day.", "is_finished": False}
STREAMS = "application/stream+json"

REQUESTS = {
    "chat v1": Request(
        call=v1("chat", model="command-r", message="Hello", p=0.5, conversation_id="k"),
        answer=SAID,
        span="chat command-r",
        facts={
            **COUNTED,
            "gen_ai.response.id": "r1",
            "gen_ai.response.finish_reasons": ("COMPLETE",),
            "gen_ai.request.top_p": 0.5,
            "gen_ai.conversation.id": "k",
        },
    ),
    "chat v1 stream": Request(
        call=v1("chat_stream", read=True, model="command-r", message="Hello"),
        answer=lines(
            STARTED,
            PIECE,
            {"event_type": "stream-end", "is_finished": True, "finish_reason": "COMPLETE", "response": SAID},
        ),
        span="chat command-r",
        facts={**COUNTED, "gen_ai.response.id": "r1", "gen_ai.request.stream": True},
        content_type=STREAMS,
    ),
    "generate": Request(
        call=v1("generate", model="command", prompt="Hello", max_tokens=5, num_generations=2),
        answer={"id": "g0", "prompt": "Hello", "generations": [GENERATED, GENERATED], "meta": META},
        span="text_completion command",
        facts={**COUNTED, "gen_ai.request.max_tokens": 5, "gen_ai.request.choice.count": 2},
    ),
    "generate stream": Request(
        call=v1("generate_stream", read=True, model="command", prompt="Hello"),
        answer=lines(
            PIECE,
            {
                "event_type": "stream-end",
                "is_finished": True,
                "finish_reason": "MAX_TOKENS",
                "response": {"id": "g0", "generations": [GENERATED]},
            },
        ),
        span="text_completion command",
        facts={"gen_ai.response.finish_reasons": ("MAX_TOKENS",), "gen_ai.response.id": "g0"},
        content_type=STREAMS,
    ),
    "summarize": Request(
        call=v1("summarize", model="command", text="A long text."),
        answer={"id": "s1", "summary": "Short.", "meta": META},
        span="text_completion command",
        facts=COUNTED,
    ),
    "classify": Request(
        call=v1("classify", model="m", inputs=["a"]),
        answer={"id": "l0", "classifications": [LABELLED], "meta": {"billed_units": {"classifications": 1}}},
        span="classify m",
        facts={"gen_ai.response.id": "l0", "gen_ai.usage.input_tokens": None},
    ),
    "embed v1": Request(
        call=v1("embed", model="embed-v4.0", texts=["a"], input_type="search_query", embedding_types=["float"]),
        answer={**VECTORS, "meta": {"billed_units": {"input_tokens": 3}}},
        span="embeddings embed-v4.0",
        facts={"gen_ai.usage.input_tokens": 3, "gen_ai.request.encoding_formats": ("float",)},
    ),
    "embed": Request(
        call=v2(
            "embed",
            model="embed-v4.0",
            texts=["a"],
            input_type="search_query",
            embedding_types=["float"],
            output_dimension=256,
        ),
        answer={**VECTORS, "meta": {"billed_units": {"input_tokens": 3}}},
        span="embeddings embed-v4.0",
        facts={"gen_ai.usage.input_tokens": 3, "gen_ai.embeddings.dimension.count": 256},
    ),
    "rerank v1": Request(
        call=v1("rerank", model="rerank-v3.5", query="a", documents=["a", "b"]),
        answer=SCORED,
        span="rerank rerank-v3.5",
        facts={"gen_ai.response.id": "k1", "gen_ai.usage.input_tokens": None},
    ),
    "rerank": Request(
        call=v2("rerank", model="rerank-v3.5", query="a", documents=["a", "b"]),
        answer=SCORED,
        span="rerank rerank-v3.5",
        facts={"gen_ai.response.id": "k1"},
    ),
    "parse": Request(
        call=v2("parse", model="m", document={"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}),
        answer={"id": "p1", "meta": {"billed_units": {"pages": 1}}},
        span="generate_content m",
        facts={"gen_ai.response.id": "p1", "gen_ai.usage.input_tokens": None},
        needs="parse",
    ),
    "transcription": Request(
        call=lambda client: client.audio.transcriptions.create(model="m", language="en", file=("a.wav", b"riff")),
        answer={"text": "Hello"},
        span="generate_content m",
        facts={"gen_ai.usage.input_tokens": None},
        needs="audio.transcriptions",
    ),
    "detokenize": Request(call=v1("detokenize", tokens=[1], model="m", offline=False), answer={"text": "a"}),
    "tokenize": Request(
        call=v1("tokenize", text="a", model="m", offline=False), answer={"tokens": [1], "token_strings": ["a"]}
    ),
    "models": Request(call=lambda client: client.models.list(), answer={"models": []}),
}
