"""A loopback server that answers as the providers do, from a script.

Example:
    with Emulator() as emulator:
        client = openai.OpenAI(base_url=emulator.openai_url, api_key="none")
        ...
        emulator.requests[0].body["model"]
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol, Self
from urllib.parse import urlsplit

from agentotel.demo import anthropic_messages, openai_chat
from agentotel.demo.fields import mapping, token
from agentotel.demo.script import SCRIPT, Asked, Line, find_line


class Format(Protocol):
    """How one provider puts requests and answers on the wire; modules implement it."""

    def read(self, body: Mapping[str, object], *, first_try: bool) -> Asked:
        """Reduce a request to what the script is looked up by."""

    def answer(self, line: Line, asked: Asked) -> dict[str, object]:
        """Return the body of an answer that is not streamed."""

    def events(self, whole: Mapping[str, object], body: Mapping[str, object]) -> Iterator[bytes]:
        """Cut a whole answer into server-sent events."""

    def headers(self, request_id: str, served: int, *, status: int) -> dict[str, str]:
        """Return the provider's own headers."""

    def error(self, status: int, message: str, request_id: str) -> dict[str, object]:
        """Return the body of an error."""


_FORMATS: Mapping[str, Format] = {
    "/v1/chat/completions": openai_chat,
    "/v1/messages": anthropic_messages,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that the emulator got, and the status that it answered with.

    Header names are in lower case. ``body`` is the parsed JSON, None where there was none.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: object
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: ``events`` if the answer is streamed, else ``whole`` as JSON."""

    status: int
    headers: Mapping[str, str]
    whole: Mapping[str, object]
    events: Iterable[bytes] | None = None


class Emulator:
    """Serve the script on a free port of 127.0.0.1 while the ``with`` block runs.

    ``latency_s`` is the time before an answer begins, ``chunk_delay_s`` the time between two
    events of a stream. `requests` lists what came in, in order. Requests that no line of the
    script fits get a 404 in the shape of their provider.
    """

    def __init__(
        self,
        script: Sequence[Line] = SCRIPT,
        *,
        latency_s: float = 0.1,
        chunk_delay_s: float = 0.015,
    ) -> None:
        self.latency_s = latency_s
        self.chunk_delay_s = chunk_delay_s
        self.requests: list[Received] = []
        self._script = script
        self._lock = threading.Lock()
        self._server = _Server(self)

    @property
    def anthropic_url(self) -> str:
        """The ``base_url`` for an Anthropic client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The ``base_url`` for an OpenAI client."""
        return f"{self.anthropic_url}/v1"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="agentotel-demo-emulator",
            daemon=True,
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def receive(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Decide on the answer to a request, and remember the request."""
        body = _parse(content)
        with self._lock:
            answer = self._answer(method, path, headers, mapping(body))
            self.requests.append(Received(method=method, path=path, headers=headers, body=body, status=answer.status))
        return answer

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, object]) -> Answer:
        provider = _format_of(path, headers)
        if method != "POST" or path not in _FORMATS:
            return self._error(provider, 404, f"The emulator does not serve {method} {path}.")
        asked = provider.read(body, first_try=headers.get("x-stainless-retry-count") == "0")
        line = find_line(self._script, asked)
        if line is None:
            return self._error(provider, 404, f"The emulator has no line for {asked}.")
        if line.busy and asked.first_try:
            return self._error(provider, 429, f"Rate limit reached for {asked.model}.")
        whole = provider.answer(line, asked)
        return Answer(
            status=200,
            headers=self._headers(provider, token("req_", 24), status=200),
            whole=whole,
            events=provider.events(whole, body) if asked.stream else None,
        )

    def _error(self, provider: Format, status: int, message: str) -> Answer:
        request_id = token("req_", 24)
        return Answer(
            status=status,
            headers=self._headers(provider, request_id, status=status),
            whole=provider.error(status, message, request_id),
        )

    def _headers(self, provider: Format, request_id: str, *, status: int) -> dict[str, str]:
        return provider.headers(request_id, len(self.requests) + 1, status=status)


def _format_of(path: str, headers: Mapping[str, str]) -> Format:
    anthropic = "anthropic-version" in headers or path.startswith("/v1/messages")
    return _FORMATS["/v1/messages" if anthropic else "/v1/chat/completions"]


def _parse(content: bytes) -> object:
    try:
        parsed: object = json.loads(content)
    except ValueError:
        return None
    return parsed


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse DNS look-up of `HTTPServer`, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "agentotel-demo"
    sys_version = ""
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        """Serve one connection until the client is done, or gone in the middle of it."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer a GET request: the emulator has none, so a 404."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST request."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing: the terminal belongs to the demo."""

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        emulator = self.server.emulator
        answer = emulator.receive(self.command, urlsplit(self.path).path, headers, content)
        time.sleep(emulator.latency_s)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.events is None:
            self._send_json(answer.whole)
        else:
            self._send_events(answer.events)

    def _send_json(self, whole: Mapping[str, object]) -> None:
        data = json.dumps(whole).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_events(self, events: Iterable[bytes]) -> None:
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(self.server.emulator.chunk_delay_s)
        self.wfile.write(b"0\r\n\r\n")
