"""A WebSocket server on loopback that answers each event as a script says."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Script = Callable[[dict[str, Any]], list[dict[str, Any] | None]]
"""What the server answers an event with; None closes the connection as a fault does."""


@contextlib.contextmanager
def serving(
    script: Script, *greeting: dict[str, Any], greetings: Iterable[dict[str, Any] | None] = ()
) -> Iterator[str]:
    """Serve one script on loopback, and give the address.

    ``greeting`` is sent to who connects; of ``greetings`` each connection is sent another one, or nothing.
    """
    each = iter(greetings)

    def handle(connection: Any) -> None:
        for event in (*greeting, next(each, None)):
            if event is not None:
                connection.send(json.dumps(event))
        for message in connection:
            for event in script(json.loads(message)):
                if event is None:
                    return connection.close(1011, "gone")
                connection.send(json.dumps(event))
        return None

    from websockets.sync.server import serve

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        server.shutdown()
        thread.join()
