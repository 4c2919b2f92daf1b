"""Every path that mistralai, cohere and ollama post to is an operation or is named as none."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentotel.adapters.providers import not_operations
from tests.contract.matrix import DRIVERS

OLD = frozenset(
    {
        "/v1/audio/speech",
        "/v1/chat/classifications",
        "/v1/context/search-indexes/{}/search",
        "/v1/responses",
        "/v1/systemone",
        "/v2/audio/transcriptions",
        "/v2/parse",
    }
)
"""Operations that the oldest versions do not have."""


@dataclass(frozen=True)
class Sdk:
    """Where an SDK names its paths, and what is decided on them: by the name of its driver."""

    package: str
    files: str
    posts: str
    adapter: str
    others: tuple[str, ...]

    def posted(self) -> set[str]:
        """Find the paths that the source posts to."""
        root = Path(importlib.import_module(self.package).__path__[0])
        sources = (source.read_text(encoding="utf-8") for source in sorted(root.rglob(self.files)))
        found = {path for source in sources for path in re.findall(self.posts, source)}
        return {_unnamed(f"/{path.lstrip('/')}") for path in found}

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Methods and paths in the table of the adapter."""
        paths = importlib.import_module(f"agentotel.adapters.providers.{self.adapter}").PATHS
        return {(method, _unnamed(path)) for method, path in paths}


def _unnamed(path: str) -> str:
    """Leave out how the parts of a path are called."""
    return re.sub(r"{[^}]*}", "{}", path)


SDKS = {
    "cohere": Sdk("cohere", "*client.py", r'f?"(v\d/[^"]*)",\s*method="POST"', "cohere", not_operations.COHERE),
    "mistralai_client": Sdk(
        "mistralai.client", "*.py", r'method="POST",\s*path="([^"#]*)', "mistralai", not_operations.MISTRALAI
    ),
    "ollama": Sdk("ollama", "_client.py", r"'POST',\s*f?'([^']*)'", "ollama", not_operations.OLLAMA),
}
FOUND = [name for name in SDKS if name in DRIVERS]


@pytest.mark.parametrize("name", FOUND)
def test_every_path_is_decided_on(name: str) -> None:
    sdk = SDKS[name]
    posted = sdk.posted()
    assert len(posted) > 5
    others = tuple(map(_unnamed, sdk.others))
    decided = {path for method, path in sdk.operations if method == "post"}
    assert {path for path in posted - decided if not not_operations.covers(others, path)} == set()


@pytest.mark.parametrize("name", FOUND)
def test_every_operation_is_a_path_and_nothing_is_both(name: str) -> None:
    sdk = SDKS[name]
    paths = {path for _method, path in sdk.operations}
    assert paths - sdk.posted() <= OLD
    assert paths.isdisjoint(sdk.others)
