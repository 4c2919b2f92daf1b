"""A server on loopback that answers what a test has lined up, and the bodies that providers answer with."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

LONGEST_HOLD_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. ``events`` makes it a stream; ``cut`` breaks the connection after them; ``hold`` never comes."""

    status: int = 200
    body: object = None
    events: Sequence[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    cut: bool = False
    hold: bool = False


class Provider:
    """Answers requests in the order of what was lined up, and remembers their paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self._answers: deque[Answer] = deque()
        self._released = threading.Event()
        self._held = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def line_up(self, *answers: Answer) -> None:
        """Add what is answered next."""
        self._held.clear()
        self._answers.extend(answers)

    def forget(self) -> None:
        """Drop what was lined up."""
        self._answers.clear()

    def wait_until_asked(self) -> None:
        """Wait until an answer is held back."""
        assert self._held.wait(LONGEST_HOLD_S)

    @property
    def left(self) -> int:
        """How many answers nobody asked for."""
        return len(self._answers)

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        self.paths.append(handler.path)
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        if b'"stream_options"' in body:
            _send(handler, failed(400, "Unknown parameter: stream_options"))
            return
        answer = self._answers.popleft() if self._answers else Answer(status=599, body="nothing was lined up")
        if answer.hold:
            self._held.set()
            self._released.wait(LONGEST_HOLD_S)
        with contextlib.suppress(ConnectionError):
            _send(handler, answer)


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response_only(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.events is None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        handler.send_header("content-type", answer.content_type)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for event in answer.events:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
    if answer.cut:
        handler.close_connection = True
    else:
        handler.wfile.write(b"0\r\n\r\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    provider: Provider

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # clients may leave early
            super().handle()

    def log_message(self, *_arguments: object) -> None:
        return

    def do_POST(self) -> None:
        self.provider.serve(self)

    def do_GET(self) -> None:
        self.provider.serve(self)


def sse(*events: object, done: bool = False) -> list[bytes]:
    """Write events as OpenAI and Anthropic send them; Anthropic's are named by their type."""
    lines = []
    for event in events:
        kind = event.get("type") if isinstance(event, dict) else None
        head = f"event: {kind}\n" if isinstance(kind, str) else ""
        lines.append(f"{head}data: {json.dumps(event)}\n\n".encode())
    return [*lines, b"data: [DONE]\n\n"] if done else lines


def chat(text: str | None, *, calls: Sequence[tuple[str, object]] = (), reason: str = "stop", **more: Any) -> Answer:
    """Answer a chat completion; ``calls`` are names and arguments of tools."""
    asked = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for number, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, **({"tool_calls": asked} if asked else {})}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_1",
        "service_tier": "default",
        "choices": [{"index": 0, "message": message, "finish_reason": reason if not asked else "tool_calls"}],
        "usage": {
            "prompt_tokens": 90,
            "completion_tokens": 12,
            "total_tokens": 102,
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }
    return Answer(body={**body, **more}, headers={"x-request-id": "req_chat"})


def chat_stream(*texts: str, cut: bool = False, error: object = None) -> Answer:
    """Stream a chat completion; with ``cut`` or ``error`` it does not come to its end."""
    frame = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}
    chunks: list[object] = [
        {**frame, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
        for text in texts
    ]
    if error is not None:
        return Answer(events=sse(*chunks, {"error": error}))
    if cut:
        return Answer(events=sse(*chunks), cut=True)
    chunks.append({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24}
    return Answer(events=sse(*chunks, {**frame, "choices": [], "usage": usage}, done=True))


def response(text: str, **more: Any) -> dict[str, Any]:
    """Make the body of a response of the Responses API."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text}]},
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_r",
                "name": "ask",
                "arguments": json.dumps({"a": text}),
            },
        ],
        "usage": {
            "input_tokens": 30,
            "output_tokens": 9,
            "total_tokens": 39,
            "input_tokens_details": {"cached_tokens": 10},
            "output_tokens_details": {"reasoning_tokens": 3},
        },
        **more,
    }


def response_stream(text: str) -> Answer:
    """Stream a response."""
    body = response(text)
    empty = {**body, "status": "in_progress", "output": [], "usage": None}
    return Answer(
        events=sse(
            {"type": "response.created", "sequence_number": 0, "response": empty},
            {
                "type": "response.output_text.delta",
                "sequence_number": 1,
                "item_id": "msg_1",
                "output_index": 1,
                "content_index": 0,
                "delta": text,
                "logprobs": [],
            },
            {"type": "response.completed", "sequence_number": 2, "response": body},
        )
    )


def message(text: str, **more: Any) -> Answer:
    """Answer an Anthropic message, with thinking, text and a tool call."""
    return Answer(
        body={
            "id": "msg_a",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5-20251001",
            "content": [
                {"type": "thinking", "thinking": text, "signature": "sig"},
                {"type": "text", "text": text},
                {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"order": text}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 11,
                "output_tokens": 7,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 3,
            },
            **more,
        },
        headers={"request-id": "req_a", "anthropic-ratelimit-requests-remaining": "49"},
    )


def message_stream(*texts: str, error: object = None) -> Answer:
    """Stream an Anthropic message; ``error`` ends it early."""
    head = {
        "id": "msg_b",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 1},
    }
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts
    ]
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    begun = [{"type": "message_start", "message": head}, start, *deltas]
    if error is not None:
        return Answer(events=sse(*begun, {"type": "error", "error": error}))
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    return Answer(
        events=sse(
            *begun,
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 8}},
            {"type": "message_stop"},
        )
    )


def failed(
    status: int, text: str, kind: str = "invalid_request_error", code: str | None = None, **headers: str
) -> Answer:
    """Answer an error in the shape of both providers."""
    body = {"type": "error", "error": {"message": text, "type": kind, "code": code, "param": text}}
    quick = {"retry-after-ms": "1", "retry-after": "0.001", "x-request-id": "req_e", "request-id": "req_e"}
    return Answer(status=status, body=body, headers={**quick, **{k.replace("_", "-"): v for k, v in headers.items()}})
