"""Ports and plain HTTP on the loopback interface.

``http.client`` is used on purpose: no proxy variable and no instrumented HTTP library comes between a test and the
server that it asks.
"""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_TIMEOUT_S = 10.0


class HttpStatusError(Exception):
    """Say that a server answered with a status other than 2xx; the message holds the start of its body."""


def free_ports(count: int) -> list[int]:
    """Return different ports that were free a moment ago.

    Another process may take one before the server does: whoever starts a server tries again with new ports.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def accepts(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def answers(url: str) -> bool:
    """Say whether a GET is answered with a 2xx status."""
    try:
        get(url)
    except (OSError, HTTPException, HttpStatusError):
        return False
    return True


def get(url: str) -> bytes:
    """Return the body that a GET answers.

    Raises:
        HttpStatusError: The status is not 2xx.
        OSError: Nothing listens there, or it does not answer in time.
    """
    return _exchange("GET", url, None)


def get_json(url: str) -> object:
    """Return the JSON value that a GET answers. Raises as `get` does."""
    value: object = json.loads(get(url))
    return value


def post_json(url: str, body: object) -> object:
    """Return the JSON value that a POST of a JSON value answers. Raises as `get` does."""
    value: object = json.loads(_exchange("POST", url, json.dumps(body).encode()))
    return value


def _exchange(method: str, url: str, body: bytes | None) -> bytes:
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = HTTPConnection(parts.hostname or HOST, parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        message = f"{method} {url}: {response.status} {content[:500]!r}"
        raise HttpStatusError(message)
    return content
