"""Bodies in which any one value is of a type that nobody expects are read without an exception."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from agentotel.wire import (
    anthropic_messages,
    bedrock_converse,
    bedrock_text,
    openai_chat,
    openai_completions,
    openai_media,
    openai_realtime,
    openai_responses,
)
from agentotel.wire._bedrock_fold import ConverseFold
from agentotel.wire.format import Format
from tests.unit.wire.whole import told

WRONG = (None, True, -1, 0.5, 10**25, "", "{", [], [[]], [None], ["a"], {}, {"a": []}, {"type": []})

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_tokens_details": {"cached_tokens": 1}}
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}
CHAT = {
    "id": "1",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": [AUDIO], "tool_calls": [CALL]},
        }
    ],
    "usage": USAGE,
    "error": {"code": "x"},
}
CHUNK = {**CHAT, "choices": [{"index": 0, "finish_reason": None, "delta": {"content": "x", "tool_calls": [CALL]}}]}
SEARCH = {"type": "web_search_call", "id": "w", "action": {"type": "search"}}
SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x", "logprobs": []}]}
RESPONSE = {
    "id": "1",
    "status": "completed",
    "output": [SEARCH, SAID, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}],
    "usage": {"input_tokens": 1, "output_tokens": 2},
    "tools": [{"type": "image_generation", "model": "m"}],
    "tool_usage": {"image_gen": {"input_tokens": 1, "output_tokens": 2}, "web_search": {"num_requests": 1}},
}
EVENTS = (
    {"type": "response.created", "response": RESPONSE},
    {"type": "response.output_item.added", "output_index": 0, "item": SAID},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "x"},
    {"type": "response.output_item.done", "output_index": 0, "item": SAID},
    {"type": "error", "code": "x", "message": "y"},
    {"type": "response.completed", "response": RESPONSE},
)
USED = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result"}]}
MESSAGE = {
    "id": "1",
    "role": "assistant",
    "content": [USED, FOUND, {"type": "tool_use", "id": "t", "name": "f", "input": {}}, {"type": "text", "text": "x"}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 1,
        "cache_read_input_tokens": 1,
        "server_tool_use": {"web_search_requests": 1},
        "iterations": [{"type": "compaction", "model": "m", "input_tokens": 1}],
    },
}
PIECES = (
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "error", "error": {"type": "x"}},
)
GROUNDED = {"toolUse": {"toolUseId": "s", "name": "g", "input": {}, "type": "server_tool_use"}}
CONVERSE = {
    "output": {
        "message": {"role": "assistant", "content": [{"text": "x"}, GROUNDED, {"toolResult": {"toolUseId": "s"}}]}
    },
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 2, "cacheDetails": [{"ttl": "1h", "inputTokens": 1}]},
}
STREAMED = (
    {"messageStart": {"role": "assistant"}},
    {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "x"}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 1}}},
)
TITAN = {"inputTextTokenCount": 1, "results": [{"outputText": "x", "completionReason": "FINISH", "tokenCount": 2}]}
TEXT = {"id": "1", "choices": [{"index": 0, "text": "x", "finish_reason": "stop"}], "usage": USAGE}
PICTURE = {"type": "image_generation.completed", "model": "m", "usage": {"input_tokens": 1}}
SPOKEN = {
    "type": "response.done",
    "response": {**RESPONSE, "status_details": {"type": "failed", "error": {"code": "x"}}},
}

WHOLE: tuple[tuple[Format, Any], ...] = (
    (openai_chat.FORMAT, CHAT),
    (openai_completions.FORMAT, TEXT),
    (openai_responses.FORMAT, RESPONSE),
    (openai_realtime.FORMAT, SPOKEN["response"]),
    (openai_media.IMAGES, PICTURE),
    (anthropic_messages.FORMAT, MESSAGE),
    (bedrock_converse.FORMAT, CONVERSE),
    (bedrock_text.FORMAT, TITAN),
)
STREAMS: tuple[tuple[Format, Any, tuple[Any, ...]], ...] = (
    (openai_chat.FORMAT, openai_chat.FORMAT.fold, (CHUNK, CHUNK)),
    (openai_completions.FORMAT, openai_completions.FORMAT.fold, (TEXT, TEXT)),
    (openai_responses.FORMAT, openai_responses.FORMAT.fold, EVENTS),
    (openai_realtime.FORMAT, openai_realtime.FORMAT.fold, (SPOKEN,)),
    (openai_media.IMAGES, openai_media.IMAGES.fold, (PICTURE,)),
    (anthropic_messages.FORMAT, anthropic_messages.FORMAT.fold, PIECES),
    (bedrock_converse.FORMAT, ConverseFold, STREAMED),
    (bedrock_text.FORMAT, bedrock_text.FORMAT.fold, (TITAN, TITAN)),
)


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Name the place of every value inside one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (key,)
        yield from ((key, *rest) for rest in places(one))


def spoiled(body: Any) -> Iterator[Any]:
    """Give a body with each of its values replaced by each wrong one."""
    for *way, last in places(body):
        for wrong in WRONG:
            made = copy.deepcopy(body)
            inner = made
            for key in way:
                inner = inner[key]
            inner[last] = wrong
            yield made


def read(format_: Format, body: Any) -> None:
    """Read all that a format reads of an answer; what it found can be sent on."""
    response = told(format_, body)
    counts = [count for count in response.usage or () if count is not None]
    assert all(0 <= count < 2**63 for count in counts)
    json.dumps([dict(response.attributes), format_.output(body), format_.logprobs(body)])


@pytest.mark.parametrize(("format_", "body"), WHOLE, ids=[format_.name for format_, _ in WHOLE])
def test_answer(format_: Format, body: Any) -> None:
    for made in spoiled(body):
        read(format_, made)


@pytest.mark.parametrize(("format_", "fold", "events"), STREAMS, ids=[format_.name for format_, *_ in STREAMS])
def test_stream(format_: Format, fold: Any, events: tuple[Any, ...]) -> None:
    for place, event in enumerate(events):
        for made in spoiled(event):
            folded = fold()
            for one in (*events[:place], made, *events[place + 1 :]):
                folded.add(one)
            assert folded.complete in {True, False, None}
            if (body := folded.result()) is not None:
                read(format_, body)
