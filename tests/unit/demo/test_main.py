"""What the command says when it cannot start."""

from __future__ import annotations

from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.metadata import version

import pytest

from agentotel import demo
from agentotel.capture.registry import load_adapter


def test_a_missing_sdk_is_one_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "anthropic" else ModuleSpec(name, None)

    monkeypatch.setattr(demo, "find_spec", find)

    assert demo.main(["--json"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "anthropic cannot be imported" in err
    assert 'pip install "agentotel[demo]"' in err


def test_an_unsupported_sdk_is_one_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "load_adapter", lambda name: replace(load_adapter(name), oldest=(98,), below=(99,)))

    assert demo.main([]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"openai {version('openai')} is not supported (>=98,<99): pip install" in err


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED", "AGENTOTEL_DISABLED"])
def test_disabled_is_one_sentence(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "true")

    assert demo.main([]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "There is nothing to watch while agentotel is disabled: unset OTEL_SDK_DISABLED and AGENTOTEL_DISABLED.\n"
    )


def test_live_without_a_key_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    assert demo.main(["--live"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "--live needs a key: set OPENAI_API_KEY, ANTHROPIC_API_KEY or both.\n"
