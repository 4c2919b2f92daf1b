"""Every example runs, offline and from any directory, and prints what it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")
pytest.importorskip("anthropic")

FOLDER = Path(__file__).resolve().parents[2] / "examples"
HELPERS = {"offline.py"}

PRINTED = {
    "chat.py": ["1 model call, 412 tokens in, stopped: completed"],
    "stream.py": ["whole: Traces, metrics", "again: Now I have time", "3 model calls, 1 retry, stopped: completed"],
    "tools.py": ["It is 21 degrees and dry in Lyon.", "4 tool calls, 1 error, stopped: completed"],
    "sub_agents.py": [
        "checker stopped: guardrail (the answer is too short)",
        "editor: 3 model calls with its sub-agents, stopped: completed",
    ],
    "existing_otel.py": [
        "POST /questions | outside the session",
        "load customer | chat-4711",
        "chat gpt-5-mini | chat-4711",
    ],
    "test_an_agent.py": ["3 passed"],
}
"""Every example, and parts of what it prints."""

TREE = {
    "chat.py": ["answerer", "gpt-5-mini", "completed"],
    "stream.py": ["claude-haiku-4-5", "abandoned"],
    "tools.py": ["get_weather", "read_gauge", "ConnectionError", "convert"],
    "sub_agents.py": ["editor", "reader", "checker", "guardrail"],
}
"""The examples that show a tree on stderr, and parts of it."""


def run(name: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if name.startswith("test_") else []
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "AGENTOTEL_"))}
    return subprocess.run(
        [sys.executable, *command, str(FOLDER / name)],
        cwd=directory,
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_example_is_listed() -> None:
    assert {path.name for path in FOLDER.glob("*.py")} - HELPERS == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_and_prints_what_it_promises(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in PRINTED[name]:
        assert part in done.stdout
    for part in TREE.get(name, ()):
        assert part in done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
