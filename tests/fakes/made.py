"""Exchanges that a test writes itself, for ``Replay``."""

from __future__ import annotations

import json
from typing import Any


def answering(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Make an exchange that answers every request with one body."""
    sent = {"status": status, "headers": {"content-type": "application/json", **(headers or {})}, "body": body}
    interactions = [{"request": {"method": method, "path": ""}, "response": sent} for method in ("POST", "GET")]
    return {"provider": "openai", "mode": "json", "interactions": interactions}


def streaming(*events: dict[str, Any], done: bool = True) -> dict[str, Any]:
    """Make an exchange that streams events, named by their type as Anthropic and the Responses API do."""
    lines = [(f"event: {one['type']}\n" if "type" in one else "") + f"data: {json.dumps(one)}\n\n" for one in events]
    exchange = answering(
        "".join(lines) + ("data: [DONE]\n\n" if done else ""), headers={"content-type": "text/event-stream"}
    )
    return {**exchange, "mode": "sse"}
