"""Connections of the openai SDK: realtime sessions, responses, live sessions.

A live session hands tasks over to a model of the Responses API, whose events come inside its own: these are calls. What
the session's own model says is metered by the second, and told of for the session as a whole.
Source: ``openai/resources/realtime/realtime.py`` of openai 2.0 to 3.54; ``openai/resources/responses/responses.py``,
``openai/resources/live`` and ``openai/_websocket_connection.py`` of openai 3.54; the address is ``wsuri`` in older
websockets, ``uri`` in 15.
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
_LIVE: Final = (("live", "LiveConnection"), ("forks", "ForksConnection"), ("sideband", "SidebandConnection"))
"""Modules and classes of a session, of a fork of one, and of what listens to one that runs elsewhere."""


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


def handed_over(_connection: Any, _begun: Body) -> Body:
    """Show what a response is asked with that a live session asks for: what the session says, and nothing else."""
    return {"stream": True}


def delegated(event: Any) -> Any:
    """Show the event of a response that is inside an event of a session, in the lane of its delegation."""
    sent = fields(event)
    if sent.get("type") != "response.event":
        return event
    return {**fields(sent.get("event")), "stream_id": sent.get("delegation_id")}


def delegation(session: Body) -> Body:
    """Show what a session says of the responses that it asks for."""
    return fields(fields(session.get("delegation")).get("responses"))


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
    Socket(
        owners=(
            *(
                (f"openai.resources.live.{module}", f"{kind}{owner}")
                for module, owner in _LIVE
                for kind in ("", "Async")
            ),
            *_BASES,
        ),
        call=Call(operation="chat", format=openai_responses.FORMAT),
        target=target,
        body=handed_over,
        asks=None,
        event=delegated,
        session=delegation,
    ),
)
"""What each connection carries."""
