"""Runs the demo in a process of its own, as a user does, and reads what it says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

Span = dict[str, Any]

_LEFT_OUT = ("OTEL_", "AGENTOTEL_", "OPENAI_", "ANTHROPIC_")


@dataclass(frozen=True, slots=True)
class DemoRun:
    """The spans that the demo printed, and what it said on stderr."""

    spans: list[Span]
    stderr: str

    @property
    def trace_ids(self) -> set[str]:
        return {span["trace_id"] for span in self.spans}

    @property
    def session_id(self) -> str:
        return str(self.spans[0]["attributes"]["session.id"])

    def named(self, start: str) -> list[Span]:
        return [span for span in self.spans if span["name"].startswith(start)]

    def sum(self, start: str, attribute: str) -> float:
        return sum(span["attributes"].get(attribute, 0) for span in self.named(start))


def run_demo(**environment: str) -> DemoRun:
    """Run ``agentotel demo --json`` with variables such as ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    done = subprocess.run(
        [sys.executable, "-m", "agentotel", "demo", "--json", "--fast"],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return DemoRun(json.loads(done.stdout), done.stderr)
