"""Calls with the real SDKs whose answers were built before: what lies below ``request`` costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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
CHUNKS = [
    ChatCompletionChunk.construct(
        id="chatcmpl-1",
        object="chat.completion.chunk",
        created=1,
        model="gpt-4o-2024-08-06",
        choices=[{"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}],
    )
    for number in range(198)
] + [
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


class PreparedStream(Stream[ChatCompletionChunk]):
    """A stream of the SDK over chunks that exist already."""

    def __init__(self) -> None:
        self._iterator = iter(CHUNKS)
        self.response = None  # type: ignore[assignment]


def _prepared(
    _client: SyncAPIClient, _cast_to: object, _options: object, *, stream: bool = False, **_: object
) -> object:
    return PreparedStream() if stream else ANSWER


@contextmanager
def isolated() -> Iterator[openai.OpenAI]:
    """Put prepared answers in place of everything below the client's request method."""
    original = SyncAPIClient.request
    SyncAPIClient.request = _prepared  # type: ignore[assignment,method-assign]
    try:
        yield openai.OpenAI(api_key="benchmark", base_url="https://api.openai.com/v1")
    finally:
        SyncAPIClient.request = original  # type: ignore[method-assign]


def chat(client: openai.OpenAI) -> Callable[[], object]:
    """Call the request method itself: what ``create()`` does before it is the SDK's own and costs milliseconds."""
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)
    return lambda: client.request(ChatCompletion, options)


def stream(client: openai.OpenAI) -> Callable[[], object]:
    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data={**REQUEST, "stream": True}
    )

    def work() -> None:
        for _chunk in client.request(ChatCompletion, options, stream=True, stream_cls=Stream[ChatCompletionChunk]):
            pass

    return work
