"""Whoever does what the how-to on adding a provider says gets an adapter that keeps the contract."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "how-to" / "add-a-provider.md").read_text(encoding="utf-8")
FILES = re.findall(r"<!-- (?:not run: )?file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL)
LINES = re.findall(r"<!-- after: (.*?) -->\n```text\n(.*?)```", PAGE, re.DOTALL)
KINDS = ("plain", "stream", "tools", "cached", "reasoning", "error-400", "error-401", "error-404")


def _exchange(kind: str) -> str:
    """Write an exchange of Acme's, as OpenAI would have answered."""
    sent = json.loads((ROOT / "tests" / "contract" / "exchanges" / f"together-chat-{kind}.json").read_text())
    sent["provider"] = "acme"
    sent["interactions"][0]["request"]["path"] = "/v1/chat"
    return json.dumps(sent)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source and of the tests, in which the page's steps were taken, beside the same ../shared."""
    copy = tmp_path / "checkout"
    (tmp_path / "shared").symlink_to(ROOT.parent / "shared")
    unwanted = shutil.ignore_patterns("__pycache__", ".*")
    for part in ("src", "tests/contract", "tests/fakes"):
        shutil.copytree(ROOT / part, copy / part, ignore=unwanted)
    for part in ("tests/__init__.py", "pyproject.toml", "noxfile.py"):
        shutil.copy(ROOT / part, copy / part)
    for name, code in FILES:
        (copy / name).write_text(code, encoding="utf-8")
    registry = copy / "src" / "agentotel" / "capture" / "registry.py"
    for after, line in LINES:
        assert after in registry.read_text(encoding="utf-8")
        registry.write_text(registry.read_text(encoding="utf-8").replace(f"{after}\n", f"{after}\n{line}"), "utf-8")
    for kind in KINDS:
        (copy / "tests" / "contract" / "exchanges" / f"acme-chat-{kind}.json").write_text(_exchange(kind))
    return copy


def test_the_page_has_all_it_names() -> None:
    assert [name for name, _code in FILES] == [
        "src/agentotel/adapters/providers/acme.py",
        "tests/contract/drivers/acme.py",
    ]
    assert len(LINES) == 1


def test_the_contract_holds(checkout: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    path = os.pathsep.join((str(checkout / "src"), str(checkout / "tests" / "fakes" / "acme_sdk"), str(checkout)))
    names = ("scenarios", "patching", "drivers")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [f"tests/contract/test_{name}.py" for name in names]
        + ["-k", "not tested_alone and not in_docs"],
        cwd=checkout,
        env={**kept, "PYTHONPATH": path, "CONTRACT_SDKS": "acme"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 25
