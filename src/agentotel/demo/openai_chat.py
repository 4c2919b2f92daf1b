"""Chat completions as OpenAI puts them on the wire, from lines of the script.

Source: https://platform.openai.com/docs/api-reference/chat, the types of openai 3.52 and the
SSE framing of its ``_streaming.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from agentotel.demo.fields import (
    json_pieces,
    mapping,
    mappings,
    rate_limit_left,
    text_of,
    token,
    words,
)
from agentotel.demo.script import DATED_MODELS, RETRY_AFTER_S, Asked, Line, Tokens


def read(body: Mapping[str, object], *, first_try: bool) -> Asked:
    """Reduce a request to what the script is looked up by."""
    messages = mappings(body.get("messages"))
    last = max((i for i, m in enumerate(messages) if m.get("role") == "user"), default=-1)
    names = {
        call.get("id"): str(mapping(call.get("function")).get("name"))
        for message in messages
        for call in mappings(message.get("tool_calls"))
    }
    return Asked(
        model=str(body.get("model")),
        question=text_of(messages[last].get("content")) if last >= 0 else "",
        results=tuple(
            names.get(message.get("tool_call_id"), "?")
            for message in messages[last + 1 :]
            if message.get("role") == "tool"
        ),
        offers=_offers(body),
        stream=body.get("stream") is True,
        first_try=first_try,
    )


def _offers(body: Mapping[str, object]) -> frozenset[str]:
    if body.get("tool_choice") == "none":
        return frozenset()
    return frozenset(str(mapping(tool.get("function")).get("name")) for tool in mappings(body.get("tools")))


def answer(line: Line, asked: Asked) -> dict[str, object]:
    """Return the body of an answer that is not streamed."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": line.text or None,
        "refusal": None,
        "annotations": [],
    }
    if line.calls:
        message["tool_calls"] = [
            {
                "id": token("call_", 24),
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in line.calls
        ]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "tool_calls" if line.calls else "stop",
    }
    return {
        "id": token("chatcmpl-", 29),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": DATED_MODELS.get(asked.model, asked.model),
        "choices": [choice],
        "usage": _usage(line.tokens),
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _usage(tokens: Tokens) -> dict[str, object]:
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def events(whole: Mapping[str, object], body: Mapping[str, object]) -> Iterator[bytes]:
    """Cut a whole answer into the server-sent events of a stream.

    Usage is sent as the provider does it: in a last chunk without choices, and only if
    ``stream_options.include_usage`` asks for it; the other chunks then have ``usage: null``.
    """
    include_usage = mapping(body.get("stream_options")).get("include_usage") is True
    frame = {key: whole[key] for key in ("id", "created", "model", "service_tier")}
    frame |= {"object": "chat.completion.chunk", "system_fingerprint": None}
    if include_usage:
        frame["usage"] = None
    choice = mappings(whole["choices"])[0]
    for delta in _deltas(mapping(choice["message"])):
        yield _event(frame | {"choices": [_chunk_choice(delta, None)]})
    yield _event(frame | {"choices": [_chunk_choice({}, choice["finish_reason"])]})
    if include_usage:
        yield _event(frame | {"choices": [], "usage": whole["usage"]})
    yield b"data: [DONE]\n\n"


def _deltas(message: Mapping[str, object]) -> Iterator[dict[str, object]]:
    calls = mappings(message.get("tool_calls"))
    yield {"role": "assistant", "content": None if calls else "", "refusal": None}
    for piece in words(text_of(message.get("content"))):
        yield {"content": piece}
    for index, call in enumerate(calls):
        function = mapping(call["function"])
        opening = {"name": function["name"], "arguments": ""}
        yield {"tool_calls": [{"index": index, **call, "function": opening}]}
        for piece in json_pieces(str(function["arguments"])):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _chunk_choice(delta: Mapping[str, object], finish_reason: object) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(chunk: Mapping[str, object]) -> bytes:
    data = json.dumps({**chunk, "obfuscation": token("", 8)}, separators=(",", ":"))
    return f"data: {data}\n\n".encode()


def headers(request_id: str, served: int, *, status: int) -> dict[str, str]:
    """Return the headers of an answer; ``served`` counts the requests so far."""
    requests_left, tokens_left = rate_limit_left(served, status=status)
    values = {
        "x-request-id": request_id,
        "openai-organization": "agentotel-demo",
        "openai-processing-ms": "118",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-requests": str(requests_left),
        "x-ratelimit-remaining-tokens": str(tokens_left),
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-reset-tokens": "1m2.5s" if tokens_left == 0 else "402ms",
    }
    return values | ({"retry-after": str(RETRY_AFTER_S)} if status == HTTPStatus.TOO_MANY_REQUESTS else {})


def error(status: int, message: str, request_id: str) -> dict[str, object]:  # noqa: ARG001 - same shape for every provider
    """Return the body of an error."""
    kind, code = {
        404: ("invalid_request_error", "model_not_found"),
        429: ("tokens", "rate_limit_exceeded"),
    }.get(status, ("invalid_request_error", None))
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
