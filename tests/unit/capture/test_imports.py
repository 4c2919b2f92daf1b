from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from agentotel.capture import imports


class Forgetting:
    """Finds nothing, and lets another thread's ``uninstrument()`` come in between."""

    def find_spec(self, name: str, *_more: object) -> None:
        if name == "wanted_by_two":
            imports.forget()


def test_a_package_that_is_forgotten_while_it_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wanted_by_two.py").write_text("there = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [Forgetting(), *sys.meta_path])
    monkeypatch.setattr(imports, "_finder", type(imports._finder)())
    imports.when_imported("wanted_by_two", lambda _module: None)
    assert importlib.import_module("wanted_by_two").there
    assert sys.modules.pop("wanted_by_two")
