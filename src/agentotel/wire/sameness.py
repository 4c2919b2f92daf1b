"""What a model call asks, in a form in which it is the same on every provider."""

from __future__ import annotations

from typing import Final

from agentotel.wire.format import Body, Format, fields
from agentotel.wire.read import items

_SYSTEM: Final = frozenset({"system", "developer"})
_ASIDE: Final = frozenset({"model", "modelId", "stream", "stream_options"})
"""Fields that say who answers, and how."""


def asked(format: Format, body: Body) -> object:  # noqa: A002 - the wire's word
    """Give system text and messages without their place in a format; of what has no messages, the body.

    Tools are left out, since their definitions differ by provider, and so are parameters.
    """
    content = format.content(body)
    messages = None if content is None else content.input_messages
    if content is None or not messages:
        return {key: value for key, value in body.items() if key not in _ASIDE}
    system: list[object] = list(content.system_instructions or ())
    said: list[object] = []
    for message in map(fields, messages):
        parts = items(message.get("parts"))
        if message.get("role") in _SYSTEM:
            system += parts
        else:
            said.append((_role(message, [fields(part).get("type") for part in parts]), parts))
    return system, said


def _role(message: Body, kinds: list[object]) -> object:
    """Name who speaks; the results of tools come from the user in one format and from the tool in another."""
    return "tool" if kinds and set(kinds) == {"tool_call_response"} else message.get("role")
