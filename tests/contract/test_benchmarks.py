"""The benchmarks run, and measure every workload beside the floor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")

ROOT = Path(__file__).parents[2]
TABLES = {
    "one chat call": {"floor", "floor + 3 metrics", "agentotel", "agentotel, content"},
    "stream of 200 chunks": {"floor", "agentotel", "agentotel, content"},
    "agent turn (1, 3, 5)": {"floor", "agentotel", "agentotel, content"},
}
"""What each workload is measured as, at the least."""


def test_every_workload_is_measured_beside_the_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--batches", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tables = done.stdout.strip().split("\n\n")
    assert len(tables) == len(TABLES)
    for (title, wanted), table in zip(TABLES.items(), tables, strict=True):
        assert table.startswith(title)
        assert wanted <= set(re.findall(r"^  (\S.*?) +[\d.]+ +[-+]", table, re.MULTILINE))
        assert "\n  target " in table
