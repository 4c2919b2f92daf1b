"""The command line itself, and the doctor."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from agentotel import cli
from agentotel.cli import doctor
from agentotel.errors import CommandError


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name, text in cli.COMMANDS.items():
        assert f"{name} " in shown
        assert text in shown
        assert callable(import_module(f"agentotel.cli.{name}").command)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("agentotel ")
    assert f"Python {sys.version.split()[0]}" in shown


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_wrong_use_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    capsys.readouterr()


def test_an_error_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: object) -> int:
        message = "no such thing."
        raise CommandError(message)

    monkeypatch.setattr(doctor, "command", fail)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == "agentotel doctor: no such thing.\n"


def test_arguments_default_to_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["agentotel", "doctor"])
    assert cli.main() == 0
    assert "opentelemetry-sdk" in capsys.readouterr().out


def test_the_doctor_shows_settings_sources_and_no_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter2@h:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")
    monkeypatch.setenv("AGENTOTEL_CONTENT", "span_only")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    assert cli.main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "traces: http://h:4317 (grpc)" in shown
    assert "headers = (set)  [OTEL_EXPORTER_OTLP_HEADERS]" in shown
    assert "content = SPAN_ONLY  [AGENTOTEL_CONTENT]" in shown
    assert "OTEL_TRACES_SAMPLER = always_on" in shown
    assert "hunter2" not in shown
    assert "console" not in shown
    cli.main(["doctor", "--all"])
    assert "console = False  [default]" in capsys.readouterr().out


def test_the_demo_is_passed_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentotel.demo.main", len)
    assert cli.main(["demo", "--json"]) == 1
