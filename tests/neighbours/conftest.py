"""Runs the programs of the neighbours, each once, whichever of the processes of a test run asks first."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.neighbours.environments import ROOT, UnavailableError, python_of
from tests.neighbours.table import Neighbour

TIME_LIMIT_S: Final = 300.0

Run = Callable[..., dict[str, Any]]
"""Gives what the program of a neighbour printed: ``run(neighbour, "after")``."""


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def printed(neighbour: Neighbour, *arguments: str, module: str = "program") -> dict[str, Any]:
        python = _installed(neighbour)
        command = [str(python), "-m", f"tests.neighbours.{module}", *arguments]
        ran = _once(shared / "-".join((neighbour.name, *arguments)), command, _environment(neighbour))
        assert not ran["code"], ran["stderr"][-3000:]
        assert "internal error" not in ran["stderr"], ran["stderr"][-3000:]
        found: dict[str, Any] = json.loads(ran["stdout"].strip().splitlines()[-1])
        return found

    return printed


def _installed(neighbour: Neighbour) -> Path:
    """Give the interpreter of a neighbour. What cannot be installed is skipped, but in CI it is a failure."""
    try:
        return python_of(neighbour)
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{neighbour.name} cannot be installed: {error}")


def _environment(neighbour: Neighbour) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    path = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "ignore"}
    return {**kept, **path, **dict(neighbour.environment)}


def _once(kept: Path, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            ran = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT_S, env=environment, cwd=ROOT
            )
            kept.write_text(json.dumps({"code": ran.returncode, "stdout": ran.stdout, "stderr": ran.stderr}))
    found: dict[str, Any] = json.loads(kept.read_text())
    return found
