"""The smaller requests of SDKs that speak OpenAI's formats: whether each is an operation, and what its span says."""

from __future__ import annotations

import io
from typing import Any

from tests.contract.drivers._spec import Request

USAGE = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
COUNTED = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5}
VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
LISTED = {"object": "list", "data": []}
SOUND = ("a.wav", b"riff")


def embeddings(model: str, **more: Any) -> Request:
    """Make a request for an embedding."""
    facts = {"gen_ai.request.encoding_formats": (more["encoding_format"],)} if "encoding_format" in more else {}
    return Request(
        call=lambda client: client.embeddings.create(model=model, input="Hello", **more),
        answer={"object": "list", "model": model, "data": [VECTOR], "usage": {"prompt_tokens": 7, "total_tokens": 7}},
        span=f"embeddings {model}",
        facts={"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": None, **facts},
    )


def images(model: str, usage: dict[str, int] | None = None) -> Request:
    """Make a request for two pictures."""
    return Request(
        call=lambda client: client.images.generate(model=model, prompt="A cat", n=2),
        answer={"created": 1760000000, "data": [{"b64_json": "AAAA"}], **({"usage": usage} if usage else {})},
        span=f"generate_content {model}",
        facts={"gen_ai.output.type": "image", "gen_ai.request.choice.count": 2, **(COUNTED if usage else {})},
    )


def transcriptions(model: str, usage: dict[str, Any] | None = None) -> Request:
    """Make a request for a transcription."""
    return Request(
        call=lambda client: client.audio.transcriptions.create(model=model, file=SOUND),
        answer={"text": "Hello", **({"usage": usage} if usage else {})},
        span=f"generate_content {model}",
        facts={"gen_ai.output.type": "text", **(COUNTED if usage else {})},
    )


def translations(model: str) -> Request:
    """Make a request for a translation."""
    return Request(
        call=lambda client: client.audio.translations.create(model=model, file=SOUND),
        answer={"text": "Hello"},
        span=f"generate_content {model}",
        facts={"gen_ai.output.type": "text"},
    )


def speech(model: str, voice: str) -> Request:
    """Make a request for sound."""
    return Request(
        call=lambda client: client.audio.speech.create(model=model, voice=voice, input="Hello"),
        answer="sound",
        span=f"generate_content {model}",
        facts={"gen_ai.output.type": "speech"},
        content_type="audio/mpeg",
    )


def listing(resource: str) -> Request:
    """Make a request that lists what a resource has."""
    return Request(call=lambda client: getattr(client, resource).list(), answer=LISTED)


OPENAI = {
    "embeddings": embeddings("text-embedding-3-small", encoding_format="float"),
    "images": images("gpt-image-1", USAGE),
    "image edits": Request(
        call=lambda client: client.images.edit(model="gpt-image-1", prompt="A", image=("a.png", io.BytesIO(b"png"))),
        answer={"created": 1760000000, "data": [{"b64_json": "AAAA"}], "usage": USAGE},
        span="generate_content gpt-image-1",
        facts={**COUNTED, "gen_ai.output.type": "image"},
    ),
    "transcriptions": transcriptions("gpt-4o-transcribe", {"type": "tokens", **USAGE}),
    "translations": translations("whisper-1"),
    "speech": speech("tts-1", "alloy"),
    "moderations": Request(
        call=lambda client: client.moderations.create(model="omni-moderation-latest", input="Hello"),
        answer={"id": "modr-1", "model": "omni-moderation-latest", "results": []},
        span="moderation omni-moderation-latest",
        facts={"gen_ai.response.id": "modr-1", "gen_ai.response.model": "omni-moderation-latest"},
    ),
    "decisions": Request(
        call=lambda client: client.decisions.create(model="gpt-6-luna", input="Hello", questions=[]),
        answer={"answers": [], "model": "gpt-6-luna", "usage": USAGE},
        span="generate_content gpt-6-luna",
        facts={**COUNTED, "gen_ai.response.model": "gpt-6-luna"},
        needs="decisions",
    ),
    "compaction": Request(
        call=lambda client: client.responses.compact(model="gpt-5-mini", input="Hello"),
        answer={"id": "resp_c", "object": "response.compaction", "created_at": 1, "output": [], "usage": USAGE},
        span="chat gpt-5-mini",
        facts={**COUNTED, "gen_ai.response.id": "resp_c", "gen_ai.response.finish_reasons": None},
        needs="responses.compact",
    ),
    "a response that is fetched": Request(
        call=lambda client: client.responses.retrieve("resp_1"),
        answer={
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "gpt-5-mini",
            "output": [],
            "usage": USAGE,
        },
        span="fetch_response",
        facts={"gen_ai.response.id": "resp_1"},
    ),
    "a search": Request(
        call=lambda client: client.vector_stores.search("vs_1", query="How long?", max_num_results=3),
        answer={
            "object": "vector_store.search_results.page",
            "search_query": ["How long?"],
            "data": [
                {
                    "file_id": "file-1",
                    "filename": "a.md",
                    "score": 0.75,
                    "attributes": {},
                    "content": [{"type": "text", "text": "It takes three days."}],
                }
            ],
            "has_more": False,
            "next_page": None,
        },
        span="retrieval vs_1",
        facts={
            "gen_ai.data_source.id": "vs_1",
            "gen_ai.retrieval.top_k": 3,
            "gen_ai.request.model": None,
            "gen_ai.retrieval.query.text": None,
        },
        needs="vector_stores.search",
    ),
    "a raw post": Request(
        call=lambda client: client.post("/chat/completions", body={"model": "m", "messages": []}, cast_to=object),
        answer={"id": "c-9", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
        span="chat m",
        facts={**COUNTED, "gen_ai.response.id": "c-9", "gen_ai.response.model": "m-1"},
    ),
    "a raw post without a slash": Request(
        call=lambda client: client.post("chat/completions", body={"model": "m"}, cast_to=object),
        answer={"id": "c-9", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
        span="chat m",
        facts={**COUNTED, "gen_ai.response.id": "c-9"},
    ),
    "models": listing("models"),
    "files": listing("files"),
    "vector stores": listing("vector_stores"),
    "a batch": Request(
        call=lambda client: client.batches.create(
            input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
        ),
        answer={"id": "batch_1", "object": "batch"},
    ),
    "stored completions": Request(call=lambda client: client.chat.completions.retrieve("c"), answer={"id": "c"}),
    "counting": Request(
        call=lambda client: client.responses.input_tokens.count(model="gpt-5-mini", input="Hello"),
        answer={"object": "response.input_tokens", "input_tokens": 3},
        needs="responses.input_tokens",
    ),
}

GROQ = {
    "embeddings": embeddings("nomic-embed-text-v1_5"),
    "transcriptions": transcriptions("whisper-large-v3"),
    "translations": translations("whisper-large-v3"),
    "speech": speech("playai-tts", "Fritz-PlayAI"),
    "models": listing("models"),
    "files": listing("files"),
}

TOGETHER = {
    "embeddings": embeddings("BAAI/bge-base-en-v1.5"),
    "images": images("black-forest-labs/FLUX.1-schnell"),
    "transcriptions": transcriptions("openai/whisper-large-v3"),
    "translations": translations("openai/whisper-large-v3"),
    "speech": speech("cartesia/sonic", "laidback woman"),
    "completions": Request(
        call=lambda client: client.completions.create(model="m", prompt="Hello"),
        answer={
            "id": "c-9",
            "object": "text.completion",
            "created": 1,
            "model": "m-1",
            "choices": [{"text": "Hi", "finish_reason": "eos", "seed": 1}],
            "prompt": [],
            "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
        },
        span="text_completion m",
        facts={**COUNTED, "gen_ai.response.id": "c-9", "gen_ai.response.finish_reasons": ("eos",)},
    ),
    "rerank": Request(
        call=lambda client: client.rerank.create(model="Salesforce/Llama-Rank-V1", query="a", documents=["b"]),
        answer={
            "id": "r-1",
            "object": "rerank",
            "model": "Salesforce/Llama-Rank-v1",
            "results": [{"index": 0, "relevance_score": 0.5, "document": {"text": "b"}}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 0, "total_tokens": 7},
        },
        span="rerank Salesforce/Llama-Rank-V1",
        facts={
            "gen_ai.response.id": "r-1",
            "gen_ai.response.model": "Salesforce/Llama-Rank-v1",
            "gen_ai.usage.input_tokens": 7,
        },
    ),
    "files": listing("files"),
}
