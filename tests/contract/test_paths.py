"""Every path that the installed SDKs post to is an operation or is named as none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from agentotel.adapters.providers import anthropic as anthropic_adapter
from agentotel.adapters.providers import not_operations
from agentotel.adapters.providers import openai as openai_adapter

CALL = re.compile(r"self\._(post|get_api_list)\(")
PATH = re.compile(r"""\(\s*(?:path_template\(\s*)?f?"(/[^"]*)""")
SDKS = {
    "openai": (openai, openai_adapter.PATHS, not_operations.OPENAI),
    "anthropic": (anthropic, anthropic_adapter.PATHS, not_operations.ANTHROPIC),
}


def _posted(package: Any) -> set[str | None]:
    """Find the paths that the source of an SDK posts to; None for a call whose path is not understood."""
    paths: set[str | None] = set()
    for source in sorted((Path(package.__file__).parent / "resources").rglob("*.py")):
        _before, *calls = CALL.split(source.read_text(encoding="utf-8"))
        for kind, rest in zip(calls[::2], calls[1::2], strict=True):
            if kind == "post" or 'method="post"' in rest:
                found = PATH.match(f"({rest}")
                paths.add(found and found[1].partition("?")[0])
    return paths


@pytest.mark.parametrize("sdk", SDKS)
def test_every_call_is_understood(sdk: str) -> None:
    paths = _posted(SDKS[sdk][0])
    assert None not in paths
    assert len(paths) > 50


@pytest.mark.parametrize("sdk", SDKS)
def test_every_path_is_decided_on(sdk: str) -> None:
    package, operations, others = SDKS[sdk]
    paths = _posted(package)
    undecided = {path for path in paths if ("post", path) not in operations and not not_operations.covers(others, path)}
    assert undecided == set()


@pytest.mark.parametrize("sdk", SDKS)
def test_nothing_is_both(sdk: str) -> None:
    _package, operations, others = SDKS[sdk]
    assert [path for _method, path in operations if not_operations.covers(others, path)] == []


@pytest.mark.parametrize("sdk", SDKS)
def test_every_entry_is_a_path(sdk: str) -> None:
    package, operations, others = SDKS[sdk]
    paths = _posted(package)
    assert [entry for entry in others if not any(not_operations.covers((entry,), path) for path in paths)] == []
    assert {path for method, path in operations if method == "post"} <= paths


def test_a_new_path_is_noticed() -> None:
    operations: Mapping[tuple[str, str], object] = openai_adapter.PATHS
    assert ("post", "/chat/completions2") not in operations
    assert not not_operations.covers(not_operations.OPENAI, "/filesystems")
    assert not_operations.covers(not_operations.OPENAI, "/files/{file_id}/content")
