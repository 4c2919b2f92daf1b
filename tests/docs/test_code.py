"""The Python of README and docs runs as it stands there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, blocks, name_of

pytest.importorskip("openai")
pytest.importorskip("anthropic")

WITH_CODE = [page for page in PAGES if any(block.language == "python" for block in blocks(page))]
MOST_NOT_RUN = 6


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "AGENTOTEL_"))}
    exporters = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.run_page", str(page)],
        cwd=tmp_path,
        env=kept | exporters | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_few_blocks_are_exempt_and_those_are_python_too() -> None:
    exempt = [block for page in PAGES for block in blocks(page) if block.language == "python" and block.not_run]
    assert len(exempt) <= MOST_NOT_RUN
    for block in exempt:
        ast.parse(block.text, name_of(block.page))
