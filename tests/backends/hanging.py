"""A server that takes connections and never answers: the worst backend there is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.backends.loopback import HOST

_BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class HangingServer:
    """A running server that reads nothing and says nothing.

    Attributes:
        url: ``http://127.0.0.1:PORT``, for OTLP gRPC and HTTP alike.
        target: The same as ``host:port``.
    """

    url: str
    target: str
    _taken: list[socket.socket] = field(repr=False)

    @property
    def connections(self) -> int:
        """Count the connections taken so far, those the client gave up on too."""
        return len(self._taken)


@contextmanager
def hanging_server() -> Iterator[HangingServer]:
    """Take TCP connections while the block runs, and hold them all; at the end they are reset."""
    taken: list[socket.socket] = []
    with socket.create_server((HOST, 0), backlog=_BACKLOG) as listener:
        thread = threading.Thread(target=_take, args=(listener, taken), name="hanging-server", daemon=True)
        thread.start()
        target = f"{HOST}:{listener.getsockname()[1]}"
        try:
            yield HangingServer(url=f"http://{target}", target=target, _taken=taken)
        finally:
            # Closing alone would leave the thread in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


def _take(listener: socket.socket, taken: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            taken.append(listener.accept()[0])
