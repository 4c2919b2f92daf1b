"""Exchanges with providers: those of ../shared/exchanges, and those that are written by hand beside these tests."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

WRITTEN = Path(__file__).parent / "exchanges"
RECORDED = Path(__file__).parents[3] / "shared" / "exchanges"


@dataclass(frozen=True)
class Recording:
    """One exchange: what a call sends and what the provider answers. Its last interaction decides."""

    name: str
    sent: Mapping[str, Any]

    @cached_property
    def api(self) -> str:
        """Which call of which SDK it is; an exchange that is written by hand has none."""
        return self.sent.get("api", "")

    @cached_property
    def provider(self) -> str:
        return self.sent["provider"]

    @cached_property
    def mode(self) -> str:
        """How the body is framed: ``json``, ``sse``, ``ndjson`` or ``eventstream``."""
        return self.sent["mode"]

    @cached_property
    def path(self) -> str:
        return self.sent["interactions"][-1]["request"]["path"]

    @property
    def body(self) -> dict[str, Any]:
        """The body that is asked with, anew each time."""
        return json.loads(json.dumps(self.sent["interactions"][-1]["request"].get("body") or {}))

    @cached_property
    def response(self) -> Mapping[str, Any]:
        return self.sent["interactions"][-1]["response"]

    @cached_property
    def streams(self) -> bool:
        return bool(self.sent.get("stream"))

    @cached_property
    def faults(self) -> Mapping[str, Any]:
        return self.sent.get("faults", {})

    @cached_property
    def injected(self) -> tuple[int, int]:
        """How many requests the server refuses before it answers, and with which status; ``(0, 0)`` if none."""
        count, _, status = str(self.faults.get("fail_first", "0:0")).partition(":")
        return int(count), int(status)

    @cached_property
    def content(self) -> bytes:
        """The bytes of the answer."""
        if "body_base64" in self.response:
            return base64.b64decode(self.response["body_base64"])
        body = self.response["body"]
        return (body if isinstance(body, str) else json.dumps(body)).encode()

    @cached_property
    def answer(self) -> Any:
        """The body of a whole answer, or of an error; None for a stream."""
        return json.loads(self.content) if self.mode == "json" else None

    @cached_property
    def events(self) -> list[Any]:
        """The events of a stream of lines (``data:`` lines, or JSON lines), as far as the server sends them."""
        lines = self.content.decode().splitlines()
        if self.mode == "ndjson":
            return [json.loads(line) for line in lines if line][: self.faults.get("reset_after")]
        data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
        return [json.loads(line) for line in data[: self.faults.get("reset_after")] if line != "[DONE]"]


def written(name: str) -> Recording:
    """Load an exchange that is written by hand, for example ``openai-chat-plain``."""
    return Recording(name, json.loads((WRITTEN / f"{name}.json").read_text(encoding="utf-8")))


def recorded() -> dict[str, Recording]:
    """Load the exchanges of ../shared/exchanges by name; none where that folder is not, but never none in CI."""
    found = {path.stem: Recording(path.stem, json.loads(path.read_text())) for path in sorted(RECORDED.glob("*.json"))}
    assert found or not os.environ.get("CI")
    return found


def replay_server() -> Any:
    """Import the replay server that lies beside the recorded exchanges."""
    spec = importlib.util.spec_from_file_location("replay_server", RECORDED / "replay_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
