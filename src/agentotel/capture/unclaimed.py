"""Model calls of SDKs that have no adapter, told by what they send over HTTP.

A request is looked at only while no model call is open. Its path decides first, at the cost of a look-up; the body
is read only where the path fits, and taken for a model call only with the fields that the format requires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from urllib.parse import unquote

from agentotel.capture import hosts
from agentotel.capture.bodies import json_object
from agentotel.capture.spec import Adapter, Asked, Call, HttpLibrary, Sent, Target
from agentotel.capture.tracking import current
from agentotel.record.pipeline import active
from agentotel.wire.format import Body, Format

MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of request: where it goes, and what it cannot do without.

    ``path`` is the end of the path; ``{model}`` in it is where a model is named, or what else the format has in the
    body by that name. ``fields`` must be in the body.
    ``provider`` is meant where the host is not known. ``format`` names module and constant, or the function that tells
    ``operation`` and format from the model and the body.
    """

    path: str
    fields: frozenset[str]
    provider: str
    operation: str
    format: str
    stream: bool | None = None

    def named(self, path: str) -> Mapping[str, str]:
        """Find what a path names: ``{"model": "gpt-4o"}``."""
        before, name, after = self._pieces()
        value = path.removesuffix(after).rpartition(before)[2] if name else ""
        return {name: unquote(value)} if value else {}

    def leads(self, path: str) -> bool:
        """Tell whether a request of this shape goes to a path."""
        before, _, after = self._pieces()
        return path.endswith(after) and before in path

    def _pieces(self) -> tuple[str, str, str]:
        before, _, rest = self.path.partition("{")
        name, _, after = rest.partition("}")
        return (before, name, after) if name else ("", "", before)

    def call(self, model: str, body: Body) -> Call:
        """Import the format, and say which operation the request is."""
        module, _, name = self.format.partition(":")
        found = getattr(import_module(f"agentotel.wire.{module}"), name)
        operation, format_ = (self.operation, found) if isinstance(found, Format) else found(model, body)
        return Call(operation=operation, format=format_)


def _shape(path: str, fields: str, provider: str, operation: str, format: str, **more: Any) -> Shape:  # noqa: A002
    return Shape(
        path=path, fields=frozenset(fields.split()), provider=provider, operation=operation, format=format, **more
    )


_COMPLETIONS: Final = "openai_completions:FORMAT"
_INVOKED: Final = (
    "messages",
    "prompt",
    "message",
    "inputText",
    "inputImage",
    "texts",
    "images",
    "inputs",
    "query documents",
    "singleEmbeddingParams",
    "taskType",
    "text_prompts",
)
"""Fields that tell the bodies of the families of models that Bedrock serves."""

SHAPES: Final = (
    *(
        _shape(f"{before}{path}", fields, provider, operation, format_)
        for before, provider, given in (
            ("/deployments/{model}", "azure.ai.openai", ""),
            ("", "openai", " model"),
        )
        for path, fields, operation, format_ in (
            ("/chat/completions", "messages", "chat", "openai_chat:FORMAT"),
            ("/embeddings", "input", "embeddings", "openai_embeddings:FORMAT"),
            ("/images/generations", f"prompt{given}", "generate_content", "openai_media:IMAGES"),
            ("/audio/speech", f"input voice{given}", "generate_content", "openai_media:SPEECH"),
        )
    ),
    _shape("/fim/completions", "prompt model", "mistral_ai", "text_completion", "mistral_chat:FIM"),
    _shape("/agents/completions", "messages agent_id", "mistral_ai", "chat", "mistral_chat:CHAT"),
    _shape("/v1/conversations", "inputs", "mistral_ai", "chat", "mistral_conversations:FORMAT"),
    _shape("/deployments/{model}/completions", "prompt", "azure.ai.openai", "text_completion", _COMPLETIONS),
    _shape("/completions", "prompt model", "openai", "text_completion", _COMPLETIONS),
    _shape("/responses", "input model", "openai", "chat", "openai_responses:FORMAT"),
    _shape("/moderations", "input model", "openai", "moderation", "openai_media:MODERATION"),
    _shape("/vector_stores/{vector_store_id}/search", "query", "openai", "retrieval", "retrieval:VECTOR_STORE"),
    _shape("/messages", "messages max_tokens", "anthropic", "chat", "anthropic_messages:FORMAT"),
    *(
        _shape(f"{before}/{{model}}:{verb}", fields, provider, operation, format_, stream=stream)
        for before, provider in (("/publishers/google/models", "gcp.vertex_ai"), ("", "gcp.gemini"))
        for verb, fields, operation, format_, stream in (
            ("generateContent", "contents", "generate_content", "google_generate:FORMAT", None),
            ("streamGenerateContent", "contents", "generate_content", "google_generate:FORMAT", True),
            ("embedContent", "content", "embeddings", "google_embeddings:FORMAT", None),
            ("batchEmbedContents", "requests", "embeddings", "google_embeddings:FORMAT", None),
        )
    ),
    *(
        _shape(f"/publishers/{publisher}/models/{{model}}:{verb}", fields, "gcp.vertex_ai", operation, format_)
        for publisher, fields, operation, format_ in (
            ("anthropic", "messages anthropic_version", "chat", "anthropic_messages:FORMAT"),
            ("mistralai", "messages", "chat", "mistral_chat:CHAT"),
            ("mistralai", "prompt", "text_completion", "mistral_chat:FIM"),
        )
        for verb in ("rawPredict", "streamRawPredict")
    ),
    _shape("/v2/chat", "messages model", "cohere", "chat", "cohere_chat:FORMAT"),
    _shape("/v1/chat", "message", "cohere", "chat", "cohere_v1:CHAT"),
    _shape("/v1/generate", "prompt model", "cohere", "text_completion", "cohere_v1:GENERATE"),
    _shape("/v2/embed", "model input_type", "cohere", "embeddings", "cohere_tasks:EMBED"),
    _shape("/v1/embed", "texts", "cohere", "embeddings", "cohere_tasks:EMBED"),
    _shape("/rerank", "model query documents", "cohere", "rerank", "cohere_tasks:RERANK"),
    _shape("/api/chat", "messages model", "ollama", "chat", "ollama:FORMAT", stream=True),
    _shape("/api/generate", "prompt model", "ollama", "text_completion", "ollama:FORMAT", stream=True),
    _shape("/api/embed", "input model", "ollama", "embeddings", "ollama:EMBED"),
    _shape("/api/embeddings", "prompt model", "ollama", "embeddings", "ollama:EMBED"),
    _shape("/interactions", "input", "gcp.gemini", "generate_content", "google_interactions:FORMAT"),
    *(
        _shape(f"/model/{{model}}/{path}", fields, "aws.bedrock", "chat", format_, stream=stream)
        for format_, paths, several in (
            ("bedrock_converse:FORMAT", ("converse", "converse-stream"), ("messages",)),
            ("bedrock_invoke:of", ("invoke", "invoke-with-response-stream"), _INVOKED),
        )
        for fields in several
        for path, stream in zip(paths, (None, True), strict=True)
    ),
)
"""Requests that are taken for model calls; of several that fit the first one counts."""


def _word(path: str) -> str:
    """Give the last word of a path: ``completions``, ``generateContent``."""
    return path.rpartition("/")[2].rpartition(":")[2]


def _by_word() -> Mapping[str, tuple[Shape, ...]]:
    words = {_word(shape.path) for shape in SHAPES}
    return {word: tuple(shape for shape in SHAPES if _word(shape.path) == word) for word in words}


WORDS: Final = _by_word()


def adapter(library: HttpLibrary) -> Adapter:
    """Make the adapter that reads what an HTTP library sends."""

    def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
        asked = None if current() is not None else library.asked(client, args, kwargs)
        return None if asked is None else claim(asked)

    return Adapter(package=library.package, oldest=(0,), below=(999,), hooks=library.calls, read=read)


def claim(asked: Asked) -> Sent | None:
    """Take a request for a model call; None where it is none, or where its host is to be left alone."""
    shapes = [shape for shape in WORDS.get(_word(asked.path), ()) if shape.leads(asked.path)]
    if not shapes or asked.method.upper() != "POST":
        return None
    host, port = asked.place()
    if _ignored(host):
        return None
    body = _json(asked.body())
    shape = next((shape for shape in shapes if shape.fields <= body.keys()), None)
    if shape is None:
        return None
    named = shape.named(asked.path)
    streamed = {} if shape.stream is None else {"stream": shape.stream}
    return Sent(
        call=shape.call(named.get("model", ""), body),
        target=Target(provider=hosts.provider_of(host, shape.provider), server=host, port=port),
        body={**named, **streamed, **body},
    )


def _ignored(host: str | None) -> bool:
    return host is not None and any(hosts.ends(host, one) for one in active().ignored_hosts)


def _json(body: object) -> Body:
    """Show a body as a JSON object; anything else is empty."""
    if isinstance(body, dict):
        return body
    if not isinstance(body, bytes) or len(body) > MOST_BYTES or body.lstrip()[:1] != b"{":
        return {}
    return json_object(body)
