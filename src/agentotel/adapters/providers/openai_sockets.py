"""Connections of the openai SDK: ``client.realtime.connect()`` and ``client.responses.connect()``.

Source: ``openai/resources/realtime/realtime.py`` of openai 2.0 to 3.54, ``openai/resources/responses/responses.py`` and
``openai/_websocket_connection.py`` of openai 3.54; the address is ``wsuri`` in older websockets, ``uri`` in 15.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from agentotel.capture import hosts
from agentotel.capture.spec import Call, Socket, Target
from agentotel.wire import openai_realtime, openai_responses
from agentotel.wire.format import Body, fields

_BASE: Final = "openai._websocket_connection"
_BASES: Final = ((_BASE, "WebSocketConnectionBase"), (_BASE, "AsyncWebSocketConnectionBase"))
_REALTIME: Final = "openai.resources.realtime.realtime"
_RESPONSES: Final = "openai.resources.responses.responses"


def target(connection: Any) -> Target:
    """Read the server from the address that a connection was made with."""
    address = _address(connection)
    provider = hosts.provider_of(address.host, "openai")
    return Target(provider=provider, server=address.host, port=address.port)


def _address(connection: Any) -> Any:
    protocol = connection._connection.protocol  # noqa: SLF001 - nothing public of the SDK names the address
    return getattr(protocol, "uri", None) or protocol.wsuri


def spoken(connection: Any, sent: Body) -> Body:
    """Show what a realtime response is asked with; the model is that of the connection."""
    model = parse_qs(_address(connection).query).get("model")
    return {**({"model": model[0]} if model else {}), **fields(sent.get("response", sent))}


def written(_connection: Any, sent: Body) -> Body:
    """Show what a response is asked with."""
    return {**sent, "stream": True}


SOCKETS: Final = (
    Socket(
        owners=((_REALTIME, "RealtimeConnection"), (_REALTIME, "AsyncRealtimeConnection"), *_BASES),
        call=Call(operation="chat", format=openai_realtime.FORMAT),
        target=target,
        body=spoken,
    ),
    Socket(
        owners=((_RESPONSES, "ResponsesConnection"), (_RESPONSES, "AsyncResponsesConnection"), *_BASES),
        call=Call(operation="chat", format=openai_responses.FORMAT),
        target=target,
        body=written,
    ),
)
"""What each connection carries."""
