"""Messages as Anthropic puts them on the wire, from lines of the script.

Source: https://docs.anthropic.com/en/api/messages and .../messages-streaming, the types of
anthropic 2.11 and the SSE framing of its ``_streaming.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
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
    last = max((i for i, m in enumerate(messages) if _is_question(m)), default=-1)
    blocks = [block for message in messages for block in mappings(message.get("content"))]
    names = {b.get("id"): str(b.get("name")) for b in blocks if b.get("type") == "tool_use"}
    return Asked(
        model=str(body.get("model")),
        question=text_of(messages[last].get("content")) if last >= 0 else "",
        results=tuple(
            names.get(block.get("tool_use_id"), "?")
            for message in messages[last + 1 :]
            for block in mappings(message.get("content"))
            if block.get("type") == "tool_result"
        ),
        offers=_offers(body),
        stream=body.get("stream") is True,
        first_try=first_try,
    )


def _is_question(message: Mapping[str, object]) -> bool:
    return message.get("role") == "user" and text_of(message.get("content")) != ""


def _offers(body: Mapping[str, object]) -> frozenset[str]:
    if mapping(body.get("tool_choice")).get("type") == "none":
        return frozenset()
    return frozenset(str(tool.get("name")) for tool in mappings(body.get("tools")))


def answer(line: Line, asked: Asked) -> dict[str, object]:
    """Return the body of an answer that is not streamed."""
    content: list[dict[str, object]] = []
    if line.text:
        content.append({"type": "text", "text": line.text})
    content.extend(
        {
            "type": "tool_use",
            "id": token("toolu_01", 22),
            "name": call.name,
            "input": dict(call.arguments),
        }
        for call in line.calls
    )
    return {
        "id": token("msg_01", 22),
        "type": "message",
        "role": "assistant",
        "model": DATED_MODELS.get(asked.model, asked.model),
        "content": content,
        "stop_reason": "tool_use" if line.calls else "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": _usage(line.tokens),
    }


def _usage(tokens: Tokens) -> dict[str, object]:
    usage: dict[str, object] = {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }
    if tokens.reasoning:
        usage["output_tokens_details"] = {"thinking_tokens": tokens.reasoning}
    return usage


def events(whole: Mapping[str, object], body: Mapping[str, object]) -> Iterator[bytes]:  # noqa: ARG001 - same shape for every provider
    """Cut a whole answer into the server-sent events of a stream."""
    usage = mapping(whole["usage"])
    opening = {**whole, "content": [], "stop_reason": None, "usage": _opening_usage(usage)}
    yield _event("message_start", message=opening)
    for index, block in enumerate(mappings(whole["content"])):
        yield _event("content_block_start", index=index, content_block=_empty(block))
        if index == 0:
            yield _event("ping")
        for delta in _deltas(block):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    stop = {key: whole[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    yield _event("message_delta", delta=stop, usage=_closing_usage(usage))
    yield _event("message_stop")


def _opening_usage(usage: Mapping[str, object]) -> dict[str, object]:
    known = {key: value for key, value in usage.items() if key != "output_tokens_details"}
    return known | {"output_tokens": 1}


def _closing_usage(usage: Mapping[str, object]) -> dict[str, object]:
    absent = ("cache_creation", "service_tier")
    return {key: value for key, value in usage.items() if key not in absent}


def _empty(block: Mapping[str, object]) -> dict[str, object]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}
    return {**block, "input": {}}


def _deltas(block: Mapping[str, object]) -> Iterator[dict[str, object]]:
    if block["type"] == "text":
        for piece in words(str(block["text"])):
            yield {"type": "text_delta", "text": piece}
    else:
        for piece in ("", *json_pieces(json.dumps(block["input"]))):
            yield {"type": "input_json_delta", "partial_json": piece}


def _event(kind: str, **data: object) -> bytes:
    text = json.dumps({"type": kind, **data}, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n".encode()


def headers(request_id: str, served: int, *, status: int) -> dict[str, str]:
    """Return the headers of an answer; ``served`` counts the requests so far."""
    requests_left, tokens_left = rate_limit_left(served, status=status)
    reset_at = (datetime.now(UTC) + timedelta(seconds=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {"request-id": request_id, "anthropic-organization-id": "agentotel-demo"}
    for kind, limit, left in (
        ("requests", 500, requests_left),
        ("tokens", 200_000, tokens_left),
    ):
        values[f"anthropic-ratelimit-{kind}-limit"] = str(limit)
        values[f"anthropic-ratelimit-{kind}-remaining"] = str(left)
        values[f"anthropic-ratelimit-{kind}-reset"] = reset_at
    return values | ({"retry-after": str(RETRY_AFTER_S)} if status == HTTPStatus.TOO_MANY_REQUESTS else {})


def error(status: int, message: str, request_id: str) -> dict[str, object]:
    """Return the body of an error."""
    kind = {404: "not_found_error", 429: "rate_limit_error"}.get(status, "invalid_request_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": request_id,
    }
