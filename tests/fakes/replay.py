"""Plays one exchange to a real SDK over loopback HTTP: the format of ../shared/exchanges, without that folder.

Streams (``sse``, ``ndjson``, ``eventstream``) are sent with chunked transfer coding, one HTTP chunk for each event.
Faults:

- ``fail_first``: ``"2:429"`` answers the first two requests with an error in the provider's shape
- ``reset_after``: after so many events the connection is reset
- ``end_after``: after so many events the body ends as if it were whole
- ``hold_after``: before the event with this index the server waits for ``release()``
- ``gzip``: bodies are compressed
- ``hold_head``: the server answers nothing before ``release()``
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

LONGEST_HOLD_S = 20.0


def load(path: Path) -> dict[str, Any]:
    """Read an exchange file."""
    return json.loads(path.read_text(encoding="utf-8"))


def content(response: Mapping[str, Any]) -> bytes:
    """Give the bytes of an answer."""
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    body = response["body"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _separated(by: bytes) -> Callable[[bytes], list[bytes]]:
    return lambda body: [event + by for event in body.split(by) if event.strip()]


def _prefixed(body: bytes) -> list[bytes]:
    """Cut an AWS event stream, whose messages begin with their length in four bytes."""
    found = []
    while body:
        length = int.from_bytes(body[:4], "big")
        found.append(body[:length])
        body = body[length:]
    return found


EVENTS: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "sse": _separated(b"\n\n"),
    "ndjson": _separated(b"\n"),
    "eventstream": _prefixed,
}
"""How to cut a body into its events, by mode."""


INJECTED = "injected"
GOOGLE = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
AWS = {400: "ValidationException", 429: "ThrottlingException"}


def _anthropic(status: int) -> dict[str, Any]:
    kind = {429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": INJECTED}}


def _openai(status: int) -> dict[str, Any]:
    kind, code = {429: ("requests", "rate_limit_exceeded")}.get(status, ("server_error", None))
    return {"error": {"message": INJECTED, "type": kind, "param": None, "code": code}}


ERRORS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "anthropic": _anthropic,
    "bedrock": lambda _status: {"message": INJECTED},
    "cohere": lambda _status: {"id": INJECTED, "message": INJECTED},
    "google": lambda status: {"error": {"code": status, "message": INJECTED, "status": GOOGLE.get(status, "UNKNOWN")}},
    "mistral": lambda status: {"object": "error", "message": INJECTED, "type": "error", "code": str(status)},
    "ollama": lambda _status: {"error": INJECTED},
}
"""Bodies of errors, by provider; all others answer as openai does."""


def error_body(provider: str, status: int) -> bytes:
    """Make the body of an error in the provider's shape."""
    return json.dumps(ERRORS.get(provider, _openai)(status)).encode()


class Replay:
    """A server on loopback that answers with the interactions of one exchange, in order, the last one again and again.

    ``requests`` holds what came in: ``{"path": ..., "headers": {...}, "body": {...}}``, headers of one name joined;
    ``sent`` counts the events that went out.
    """

    def __init__(self, exchange: Mapping[str, Any], **faults: Any) -> None:
        self.exchange = exchange
        self.faults = {**exchange.get("faults", {}), **faults}
        self.requests: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.sent = 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._answered = 0
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.replay = self
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.release()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def release(self) -> None:
        """Let go of every answer that is held back."""
        self._released.set()

    def hold(self) -> None:
        """Wait for ``release()``."""
        self._released.wait(LONGEST_HOLD_S)

    def answer(self, handler: _Handler, body: bytes) -> None:
        """Answer one request."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(
                {
                    "path": handler.path,
                    "headers": {name.lower(): ", ".join(handler.headers.get_all(name, ())) for name in handler.headers},
                    "body": _decoded(body),
                }
            )
            failing, status = map(int, self.faults.get("fail_first", "0:0").split(":"))
            response = None if number < failing else self._next(handler)
            self.statuses.append(status if number < failing else 599 if response is None else response["status"])
        if self.faults.get("hold_head"):
            self.hold()
        if number < failing:
            handler.whole(status, _failure_headers(number, status), error_body(self.exchange["provider"], status))
        elif response is None:
            handler.whole(599, {}, b"no interaction for this request")
        else:
            self._send(handler, response)

    def _next(self, handler: _Handler) -> dict[str, Any] | None:
        path = urlsplit(handler.path).path
        fitting = [
            one["response"]
            for one in self.exchange["interactions"]
            if one["request"]["method"] == handler.command and path.endswith(one["request"]["path"])
        ]
        self._answered += 1
        return fitting[min(self._answered, len(fitting)) - 1] if fitting else None

    def _send(self, handler: _Handler, response: Mapping[str, Any]) -> None:
        body, cut = content(response), EVENTS.get(self.exchange["mode"])
        encoding = {"content-encoding": "gzip"} if self.faults.get("gzip") else {}
        packed = _packer() if encoding else bytes
        if cut is None or response["status"] != 200:
            handler.whole(response["status"], {**response["headers"], **encoding}, packed(body))
            return
        handler.head(response["status"], {**response["headers"], **encoding, "transfer-encoding": "chunked"})
        for number, event in enumerate(cut(body)):
            if number == self.faults.get("reset_after"):
                handler.reset()
                return
            if number == self.faults.get("end_after"):
                break
            if number == self.faults.get("hold_after"):
                self.hold()
            sent = packed(event)
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent))
            handler.wfile.flush()
            self.sent += 1
        handler.wfile.write(b"0\r\n\r\n")


def _packer() -> Callable[[bytes], bytes]:
    """Make a gzip compressor that gives what it has after every piece, and leaves its end out."""
    compressor = zlib.compressobj(wbits=31)
    return lambda piece: compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _failure_headers(number: int, status: int) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "retry-after": "0.01",
        "retry-after-ms": "10",
        "x-request-id": f"req_failed_{number}",
        "request-id": f"req_failed_{number}",
        "x-amzn-errortype": AWS.get(status, "InternalServerException"),
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    replay: Replay

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - clients may leave early
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_arguments: object) -> None:
        return

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.replay.answer(self, body)

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.head(status, {**headers, "content-length": str(len(body))})
        self.wfile.write(body)

    def reset(self) -> None:
        """Reset the connection, after what was sent had the time to be read: a reset may overtake it."""
        time.sleep(0.02)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    do_GET = do_POST = do_DELETE = serve


@contextlib.contextmanager
def refused() -> Iterator[str]:
    """Give an address of loopback that nothing listens on, and keep it from being taken."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
