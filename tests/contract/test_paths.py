"""Every path that the installed SDKs post to is an operation or is named as none."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from agentotel.adapters.providers import not_operations
from tests.contract.matrix import DRIVERS, release_of

CALL = re.compile(r"self\._(post|get_api_list)\(")
PATH = re.compile(r"""\(\s*(?:\#[^\n]*\s*)?(?:path_template\(\s*)?f?"(/[^"]*)""")
NEWEST = {"openai": 3, "anthropic": 2, "groq": 1, "together": 3}
"""SDKs that Stainless generates, and the newest release of each: older ones have fewer paths than the tables."""


@dataclass(frozen=True)
class Sdk:
    """An installed SDK and what is decided on its paths."""

    package: ModuleType
    operations: Mapping[tuple[str, str], object]
    others: tuple[str, ...]

    def posted(self) -> set[str | None]:
        """Find the paths that the source posts to; None for a call whose path is not understood."""
        paths: set[str | None] = set()
        for source in sorted((Path(self.package.__path__[0]) / "resources").rglob("*.py")):
            _before, *calls = CALL.split(source.read_text(encoding="utf-8"))
            for kind, rest in zip(calls[::2], calls[1::2], strict=True):
                if kind == "post" or 'method="post"' in rest:
                    found = PATH.match(f"({rest}")
                    paths.add(found and found[1].partition("?")[0])
        return paths


def _sdk(name: str) -> Sdk:
    adapter = importlib.import_module(f"agentotel.adapters.providers.{name}")
    return Sdk(importlib.import_module(name), adapter.PATHS, getattr(not_operations, name.upper()))


SDKS = {name: _sdk(name) for name in NEWEST if name in DRIVERS}
CURRENT = [name for name in SDKS if release_of(name) == NEWEST[name]]


@pytest.mark.parametrize("name", CURRENT)
def test_every_call_is_understood(name: str) -> None:
    paths = SDKS[name].posted()
    assert None not in paths
    assert len(paths) > 5


@pytest.mark.parametrize("name", SDKS)
def test_every_path_is_decided_on(name: str) -> None:
    sdk = SDKS[name]
    paths = sdk.posted() - {None}
    assert {path for path in paths if ("post", path) not in sdk.operations and not _covers(sdk, path)} == set()


@pytest.mark.parametrize("name", SDKS)
def test_nothing_is_both(name: str) -> None:
    sdk = SDKS[name]
    assert {path for _method, path in sdk.operations}.isdisjoint(sdk.others)


@pytest.mark.parametrize("name", CURRENT)
def test_every_operation_is_a_path(name: str) -> None:
    sdk = SDKS[name]
    versions = {path.removeprefix("/v1") for path in sdk.posted() if path}
    assert {path.removeprefix("/v1") for method, path in sdk.operations if method == "post"} <= versions


@pytest.mark.parametrize("name", [name for name in CURRENT if name in {"openai", "anthropic"}])
def test_every_entry_is_a_path(name: str) -> None:
    sdk = SDKS[name]
    paths = [path for path in sdk.posted() if path]
    assert [entry for entry in sdk.others if not any(not_operations.covers((entry,), path) for path in paths)] == []


def _covers(sdk: Sdk, path: str) -> bool:
    return not_operations.covers(sdk.others, path)


def test_a_new_path_is_noticed() -> None:
    from agentotel.adapters.providers import openai

    operations: Mapping[tuple[str, str], object] = openai.PATHS
    assert ("post", "/chat/completions2") not in operations
    assert not not_operations.covers(not_operations.OPENAI, "/filesystems")
    assert not_operations.covers(not_operations.OPENAI, "/files/{file_id}/content")
