"""Sessions of Gemini's Live API, over a WebSocket: each turn of the model is a call.

Source: ``google/genai/live.py`` of google-genai 3.4 and 2.0. ``receive()`` gives the messages of one turn.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from agentotel.adapters.providers._google_paths import target
from agentotel.capture.spec import Call, Hook, Sent
from agentotel.wire.format import Body, fields
from agentotel.wire.google_live import FORMAT

HOOKS: Final = tuple(
    Hook(module="google.genai.live", owner="AsyncSession", method=method) for method in ("__init__", "receive")
)
TURN: Final = Call(operation="generate_content", format=FORMAT)

_setups: WeakKeyDictionary[Any, Body] = WeakKeyDictionary()


def read(session: Any, kwargs: Mapping[str, Any]) -> Sent | None:
    """Read ``receive()``; of a session that is being made, remember what it was set up with."""
    if "websocket" in kwargs:
        setup = _setup(sys._getframe())  # noqa: SLF001 - a session does not know what it was connected for
        if setup is not None:
            _setups[session] = setup
        return None
    client = session._api_client  # noqa: SLF001 - whom it talks to
    url = urlsplit(str(fields(client._http_options).get("base_url") or ""))  # noqa: SLF001
    who = target(url.hostname, url, vertex=bool(client.vertexai))
    beside = {"stream": True, "session_id": getattr(session, "session_id", None)}
    return Sent(call=TURN, target=who, body={**_setups.get(session, {}), **beside})


def _setup(frame: FrameType | None) -> Body | None:
    """Find the first message of a session where ``connect`` keeps it."""
    while frame is not None:
        if frame.f_code.co_name == "connect" and frame.f_globals.get("__name__") == "google.genai.live":
            return fields(fields(frame.f_locals.get("request_dict")).get("setup"))
        frame = frame.f_back
    return None
