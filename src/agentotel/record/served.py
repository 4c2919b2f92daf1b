"""Tools that a provider ran itself, as attributes of an event."""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, ServerToolUse
from agentotel.semconv import names as n


def served_attributes(use: ServerToolUse) -> dict[str, AttributeValue]:
    """Give the attributes of the event of one use."""
    values: dict[str, AttributeValue | None] = {
        n.TOOL_NAME: use.name or None,
        n.TOOL_CALL_ID: use.id,
        "agentotel.server_tool.kind": use.kind,
        "agentotel.server_tool.status": use.status,
        "agentotel.server_tool.server": use.server,
    }
    return {name: value for name, value in values.items() if value is not None}
