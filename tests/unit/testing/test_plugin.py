from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import agentotel
import agentotel.testing
from agentotel._core import guard
from agentotel.record.pipeline import IDLE, active
from agentotel.testing import Captured


def test_the_fixture_captures_the_test(agentotel_capture: Captured) -> None:
    with agentotel.turn():
        pass
    assert len(agentotel_capture.turns) == 1


async def test_the_fixture_captures_a_coroutine(agentotel_capture: Captured) -> None:
    async with agentotel.turn():
        pass
    assert len(agentotel_capture.turns) == 1


def test_the_strict_fixture_raises_internal_errors(agentotel_strict: None) -> None:
    assert agentotel_strict is None
    assert guard.on_error is not guard.report


def test_nothing_is_left_of_the_fixtures() -> None:
    assert active() is IDLE
    assert guard.on_error is guard.report


def test_loading_the_plugin_imports_nothing_of_agentotel_but_itself() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import agentotel.testing.plugin;"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('_')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['agentotel', 'agentotel.testing', 'agentotel.testing.plugin']"


def test_a_failing_test_shows_the_tree(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import agentotel\n"
        "def test_it(agentotel_capture):\n"
        "    with agentotel.turn():\n"
        "        with agentotel.agent('triage'):\n"
        "            pass\n"
        "    assert agentotel_capture.tool_calls\n"
    )
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "agentotel.testing.plugin", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "turn\n└─ invoke_agent triage" in done.stdout


def test_every_public_name_is_there() -> None:
    for name in agentotel.testing.__all__:
        assert getattr(agentotel.testing, name).__name__ == name
    assert set(agentotel.testing._PLACES) == set(agentotel.testing.__all__)
