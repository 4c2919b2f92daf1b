"""Calls with the real SDKs whose answers were built before: what lies below ``request`` costs nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
from openai._base_client import SyncAPIClient
from openai._models import FinalRequestOptions
from openai._streaming import Stream
from openai.types.chat import ChatCompletion, ChatCompletionChunk

MESSAGES = [{"role": "system", "content": "You answer questions about orders."}] + [
    {"role": "user" if turn % 2 == 0 else "assistant", "content": f"Message {turn} of the history. " * 8}
    for turn in range(19)
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{number}",
            "description": "Looks something up.",
            "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
        },
    }
    for number in range(5)
]
REQUEST: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": MESSAGES,
    "tools": TOOLS,
    "temperature": 0.2,
    "max_tokens": 500,
    "top_p": 1.0,
}
ANSWER = ChatCompletion.construct(
    id="chatcmpl-1",
    object="chat.completion",
    created=1,
    model="gpt-4o-2024-08-06",
    service_tier="default",
    system_fingerprint="fp_1",
    choices=[
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "It arrives on Monday. " * 9}}
    ],
    usage={
        "prompt_tokens": 900,
        "completion_tokens": 60,
        "total_tokens": 960,
        "prompt_tokens_details": {"cached_tokens": 512},
        "completion_tokens_details": {"reasoning_tokens": 10},
    },
)
TEXTS = [
    ChatCompletionChunk.construct(
        id="chatcmpl-1",
        object="chat.completion.chunk",
        created=1,
        model="gpt-4o-2024-08-06",
        choices=[{"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}],
    )
    for number in range(398)
]
END = [
    ChatCompletionChunk.construct(
        id="chatcmpl-1",
        object="chat.completion.chunk",
        created=1,
        model="gpt-4o-2024-08-06",
        choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ),
    ChatCompletionChunk.construct(
        id="chatcmpl-1",
        object="chat.completion.chunk",
        created=1,
        model="gpt-4o-2024-08-06",
        choices=[],
        usage={"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100},
    ),
]
CHUNKS = [*TEXTS[:198], *END]
TWICE_AS_MANY = [*TEXTS, *END]
PIECES = TEXTS[:200]


SENT = httpx2.Request("POST", "https://api.openai.com/v1/chat/completions")
RECEIVED = httpx2.Response(
    200,
    headers={
        "date": "Sat, 21 Nov 2026 12:00:00 GMT",
        "content-type": "application/json",
        "content-length": "1200",
        "connection": "keep-alive",
        "access-control-expose-headers": "X-Request-ID",
        "openai-organization": "org-1",
        "openai-processing-ms": "812",
        "openai-project": "proj_1",
        "openai-version": "2020-10-01",
        "x-envoy-upstream-service-time": "830",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-remaining-tokens": "1998911",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-reset-tokens": "32ms",
        "x-request-id": "req_0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "cf-cache-status": "DYNAMIC",
        "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
        "x-content-type-options": "nosniff",
        "server": "cloudflare",
        "cf-ray": "8e6a1b2c3d4e5f60-FRA",
        "alt-svc": 'h3=":443"; ma=86400',
    },
    request=SENT,
    content=b"{}",
)
"""An HTTP exchange as the API's own servers answer it, read already."""


class PreparedStream(Stream[ChatCompletionChunk]):
    """A stream of the SDK over chunks that exist already."""

    chunks = CHUNKS

    def __init__(self) -> None:
        self._iterator = iter(self.chunks)
        self.response = None  # type: ignore[assignment]


def _prepared(
    client: SyncAPIClient, _cast_to: object, options: FinalRequestOptions, *, stream: bool = False, **_: object
) -> object:
    if options.idempotency_key:
        client._client.send(SENT)
    return PreparedStream() if stream else ANSWER


def _received(_client: httpx2.Client, _request: httpx2.Request, **_: object) -> httpx2.Response:
    return RECEIVED


@contextmanager
def isolated() -> Iterator[openai.OpenAI]:
    """Put prepared answers in place of everything below the client's request method, and of ``Client.send``."""
    request, send = SyncAPIClient.request, httpx2.Client.send
    SyncAPIClient.request = _prepared  # type: ignore[assignment,method-assign]
    httpx2.Client.send = _received  # type: ignore[assignment,method-assign]
    try:
        yield openai.OpenAI(api_key="benchmark", base_url="https://api.openai.com/v1")
    finally:
        SyncAPIClient.request = request  # type: ignore[method-assign]
        httpx2.Client.send = send  # type: ignore[method-assign]


def chat(client: openai.OpenAI) -> Callable[[], object]:
    """Call the request method itself: what ``create()`` does before it is the SDK's own and costs milliseconds."""
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)
    return lambda: client.request(ChatCompletion, options)


def conversation(client: openai.OpenAI) -> Callable[[], object]:
    """Calls of a conversation: each one sends two messages more than the one before, up to 40, then it begins again."""
    history = [message for turn in range(20) for message in MESSAGES[1 + turn % 9 * 2 : 3 + turn % 9 * 2]]
    asked = itertools.cycle(
        FinalRequestOptions.construct(
            method="post", url="/chat/completions", json_data={**REQUEST, "messages": history[:length]}
        )
        for length in range(2, 41, 2)
    )
    return lambda: client.request(ChatCompletion, next(asked))


def sent(client: openai.OpenAI) -> Callable[[], object]:
    """The same call with one HTTP request inside it."""
    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data=REQUEST, idempotency_key="sent"
    )
    return lambda: client.request(ChatCompletion, options)


def stream(client: openai.OpenAI, chunks: list[ChatCompletionChunk] = CHUNKS) -> Callable[[], object]:
    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data={**REQUEST, "stream": True}
    )

    def work() -> None:
        PreparedStream.chunks = chunks
        for _chunk in client.request(ChatCompletion, options, stream=True, stream_cls=Stream[ChatCompletionChunk]):
            pass

    return work


def pieces() -> None:
    """Read 200 chunks of a stream that nobody asked for."""
    PreparedStream.chunks = PIECES
    for _chunk in PreparedStream():
        pass
