"""The smaller requests of mistralai: whether each is an operation, and what its span says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mistralai.client import Mistral

from tests.contract.drivers._spec import Request
from tests.contract.flavour import done, each

USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
COUNTED = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5}
MESSAGES = [{"role": "user", "content": "Hello"}]
SAID = {"index": 0, "message": {"role": "assistant", "content": "Good day."}, "finish_reason": "stop"}
ANSWER = {"id": "a1", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [SAID], "usage": USAGE}
CHUNK = {**ANSWER, "choices": [{"index": 0, "delta": {"content": "Good day."}, "finish_reason": "stop"}]}
MOMENT = "2026-10-09T12:00:00Z"
SEARCH = {"type": "tool.execution", "id": "o1", "name": "web_search", "arguments": "{}", "created_at": MOMENT}
OUTPUT = {"type": "message.output", "id": "o2", "model": "m-1", "content": "Good day.", "role": "assistant"}
TURN = {"object": "conversation.response", "conversation_id": "k1", "outputs": [SEARCH, OUTPUT], "usage": USAGE}
TURNED = {
    **COUNTED,
    "gen_ai.conversation.id": "k1",
    "gen_ai.response.model": "m-1",
    "agentotel.server_tool.calls.web_search": 1,
}
EVENTS = (
    {"type": "conversation.response.started", "conversation_id": "k1"},
    {"type": "message.output.delta", "id": "o2", "model": "m-1", "content": "Good day.", "output_index": 0},
    {"type": "conversation.response.done", "usage": USAGE},
)

CHUNK_FOUND = {
    "id": "d1",
    "source_id": "s1",
    "locator": "l",
    "start_offset": 0,
    "end_offset": 9,
    "chunk_type": "text",
    "content": "It takes three days.",
}
TEXT = {"type": "output_text", "text": "Good day.", "annotations": []}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m-1",
    "status": "completed",
    "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [TEXT]}],
    "parallel_tool_calls": True,
    "tools": [],
    "tool_choice": "auto",
    "usage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12},
}


def method(path: str, *, read: bool = False, **arguments: Any) -> Callable[[Any], Any]:
    """Make the call of a method by its path, or of its asynchronous twin; ``read`` reads the stream that it gives."""

    def call(client: Any) -> Any:
        *resources, name = path.split(".")
        found = client
        for resource in resources:
            found = getattr(found, resource)
        given = getattr(found, f"{name}_async" if asynchronous(client) else name)(**arguments)
        return _read(given) if read else given

    return call


def asynchronous(client: Mistral) -> bool:
    """Tell the flavour of a client by the HTTP client that its driver gave it."""
    return bool(client.sdk_configuration.async_client_supplied)


async def _read(given: Any) -> list[Any]:
    return [event async for event in each(await done(given))]


def events(*sent: Mapping[str, Any]) -> str:
    """Write an event stream, whose events are named."""
    named = (f"event: {one['type']}\n" if "type" in one else "" for one in sent)
    return "".join(f"{name}data: {json.dumps(one)}\n\n" for name, one in zip(named, sent, strict=True))


def stream(path: str, sent: str, span: str, facts: Mapping[str, Any], **arguments: Any) -> Request:
    """Make a request for a stream."""
    return Request(
        call=method(path, read=True, **arguments),
        answer=sent,
        span=span,
        facts={"gen_ai.request.stream": True, **facts},
        content_type="text/event-stream",
    )


def whole(path: str, answer: Any, span: str | None, facts: Mapping[str, Any], **arguments: Any) -> Request:
    """Make a request for one document."""
    return Request(call=method(path, **arguments), answer=answer, span=span, facts=facts, needs=path)


REQUESTS = {
    "fim": whole(
        "fim.complete",
        ANSWER,
        "text_completion codestral",
        {**COUNTED, "gen_ai.response.id": "a1", "gen_ai.request.seed": 7},
        model="codestral",
        prompt="def f(",
        suffix="return 1",
        random_seed=7,
    ),
    "fim stream": stream(
        "fim.stream", events(CHUNK), "text_completion codestral", COUNTED, model="codestral", prompt="def f("
    ),
    "agents": whole(
        "agents.complete",
        ANSWER,
        "chat",
        {**COUNTED, "gen_ai.agent.id": "ag1", "gen_ai.response.model": "m-1"},
        agent_id="ag1",
        messages=MESSAGES,
    ),
    "agents stream": stream(
        "agents.stream", events(CHUNK), "chat", {**COUNTED, "gen_ai.agent.id": "ag1"}, agent_id="ag1", messages=MESSAGES
    ),
    "conversation": whole("beta.conversations.start", TURN, "chat m", TURNED, model="m", inputs="Hello"),
    "conversation of an agent": whole(
        "beta.conversations.start", TURN, "chat", {**TURNED, "gen_ai.agent.id": "ag1"}, agent_id="ag1", inputs="Hello"
    ),
    "conversation stream": stream(
        "beta.conversations.start_stream",
        events(*EVENTS),
        "chat m",
        {**COUNTED, "gen_ai.conversation.id": "k1", "gen_ai.response.model": "m-1"},
        model="m",
        inputs="Hello",
    ),
    "conversation append": whole(
        "beta.conversations.append", TURN, "chat", TURNED, conversation_id="k1", inputs="And?"
    ),
    "conversation append stream": stream(
        "beta.conversations.append_stream", events(*EVENTS), "chat", COUNTED, conversation_id="k1", inputs="And?"
    ),
    "conversation restart": whole(
        "beta.conversations.restart", TURN, "chat", TURNED, conversation_id="k0", inputs="And?", from_entry_id="e1"
    ),
    "conversation restart stream": stream(
        "beta.conversations.restart_stream",
        events(*EVENTS),
        "chat",
        COUNTED,
        conversation_id="k0",
        inputs="And?",
        from_entry_id="e1",
    ),
    "moderation": whole(
        "classifiers.moderate",
        {"id": "d1", "model": "mod-1", "results": []},
        "moderation mod",
        {},
        model="mod",
        inputs="a",
    ),
    "chat moderation": whole(
        "classifiers.moderate_chat",
        {"id": "d1", "model": "mod-1", "results": []},
        "moderation mod",
        {"gen_ai.response.id": "d1"},
        model="mod",
        inputs=[MESSAGES],
    ),
    "classification": whole(
        "classifiers.classify",
        {"id": "d2", "model": "c-1", "results": []},
        "classify c",
        {"gen_ai.response.model": "c-1"},
        model="c",
        inputs=["a"],
    ),
    "ocr": whole(
        "ocr.process",
        {"model": "ocr-1", "pages": [], "usage_info": {"pages_processed": 2, "doc_size_bytes": 9}},
        "generate_content ocr",
        {"gen_ai.response.model": "ocr-1", "gen_ai.output.type": "text"},
        model="ocr",
        document={"type": "document_url", "document_url": "https://x.test/a.pdf"},
    ),
    "transcription": whole(
        "audio.transcriptions.complete",
        {"model": "voxtral-1", "text": "Hello", "language": None, "usage": USAGE, "segments": []},
        "generate_content voxtral",
        {**COUNTED, "gen_ai.response.model": "voxtral-1"},
        model="voxtral",
        file={"file_name": "a.wav", "content": b"riff"},
    ),
    "transcription stream": stream(
        "audio.transcriptions.stream",
        events(
            {"type": "transcription.text.delta", "text": "Hello"},
            {"type": "transcription.done", "model": "voxtral-1", "text": "Hello", "language": None, "usage": USAGE},
        ),
        "generate_content voxtral",
        COUNTED,
        model="voxtral",
        file={"file_name": "a.wav", "content": b"riff"},
    ),
    "speech": whole(
        "audio.speech.complete",
        {"audio_data": "AAAA"},
        "generate_content voxtral-tts",
        {"gen_ai.output.type": "speech"},
        model="voxtral-tts",
        input="Hello",
    ),
    "responses": whole(
        "responses.create",
        RESPONSE,
        "chat m",
        {**COUNTED, "gen_ai.response.id": "resp_1", "gen_ai.response.model": "m-1"},
        model="m",
        input="Hello",
    ),
    "a search": whole(
        "beta.context.search_indexes.search",
        {"hits": [{"chunk": CHUNK_FOUND, "score": 0.75, "index_name": "i1"}]},
        "retrieval i1",
        {"gen_ai.data_source.id": "i1", "gen_ai.retrieval.top_k": 3, "gen_ai.request.model": None},
        index_name="i1",
        retriever={"type": "keyword", "query": "How long?", "top_k": 3},
    ),
    "models": whole("models.list", {"object": "list", "data": []}, None, {}),
    "libraries": whole("beta.libraries.list", {"data": []}, None, {}),
}
