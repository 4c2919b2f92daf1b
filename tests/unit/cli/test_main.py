"""The command line itself, and the doctor."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from agentotel import cli
from agentotel.capture import registry
from agentotel.capture.spec import Hook
from agentotel.cli import doctor
from agentotel.errors import CommandError
from tests.fakes.otlp import otlp_sink


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name, text in cli.COMMANDS.items():
        assert f"{name} " in shown
        assert text in shown
        assert callable(import_module(f"agentotel.cli.{name}").command)


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    shown = capsys.readouterr()
    assert (ended.value.code, shown.err) == (0, "")
    assert "agentotel COMMAND --help tells more." in shown.out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("agentotel ")
    assert f"Python {sys.version.split()[0]}" in shown


@pytest.mark.parametrize("arguments", [["fly"], ["--fly"]])
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
    assert cli.main(["doctor", "--offline"]) == 0
    shown = capsys.readouterr().out
    assert "traces: http://h:4317 (grpc)" in shown
    assert "headers = (set)  [OTEL_EXPORTER_OTLP_HEADERS]" in shown
    assert "content = SPAN_ONLY  [AGENTOTEL_CONTENT]" in shown
    assert "OTEL_TRACES_SAMPLER = always_on" in shown
    assert "hunter2" not in shown
    assert "console" not in shown
    cli.main(["doctor", "--all", "--offline"])
    assert "console = False  [default]" in capsys.readouterr().out


def _examined(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = cli.main(["doctor", "--json"])
    out, err = capsys.readouterr()
    assert err == ""
    return code, json.loads(out)


def test_the_doctor_names_what_would_be_patched(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _examined(capsys)
    assert (code, found["problems"]) == (0, [])
    sdks = {sdk["package"]: sdk for sdk in found["sdks"]}
    assert sdks["openai"]["supported"]
    assert "anthropic._base_client.BaseClient._tracer" in sdks["anthropic"]["patched"]
    for name in (name for sdk in found["sdks"] for name in sdk["patched"]):
        assert resolve_name(name)
    assert found["prices"]["catalogue"] == f"genai-prices {version('genai-prices')}"
    cli.main(["doctor"])
    shown = capsys.readouterr().out
    assert shown.count("\n") < 40
    assert "openai: " in shown
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT" in shown
    assert shown.endswith("Problems\n  none\n")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_the_doctor_asks_the_endpoint(
    protocol: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with otlp_sink(protocol, refuse={"metrics"}) as sink:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        code, found = _examined(capsys)
        answers = {one["signal"]: one["answer"] for one in found["export"]}
        assert (code, found["problems"]) == (0, [])
        assert re.fullmatch(r"answered in \d+ ms", answers["traces"])
        assert answers["logs"].startswith("answered")
        assert answers["metrics"].startswith("not taken here (")
        assert sink.spans == []
    code, found = _examined(capsys)
    assert code == 1
    assert len(found["problems"]) == 3
    assert found["problems"][0].startswith(f"traces cannot be sent to {sink.url}")
    assert cli.main(["doctor", "--offline"]) == 0


def test_the_doctor_tells_of_unsupported_and_broken_sdks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    openai, anthropic = map(registry.load_adapter, ("openai", "anthropic"))
    gone = replace(anthropic, hooks=(Hook(module="anthropic", owner="Anthropic", method="telepathy"),), tracers=())
    broken, load = {"openai": replace(openai, below=(3,)), "anthropic": gone}, registry.load_adapter
    monkeypatch.setattr(registry, "load_adapter", lambda package: broken.get(package) or load(package))
    code, found = _examined(capsys)
    assert code == 1
    assert found["problems"] == [
        f"openai {version('openai')} is not supported (>=2,<3): {doctor.UNPATCHED}",
        "anthropic.Anthropic.telepathy is not there: calls through it are not recorded",
    ]
    cli.main(["doctor"])
    assert f"openai: {version('openai')} is NOT supported" in capsys.readouterr().out


def test_the_doctor_tells_of_wrong_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "prices.json"
    file.write_text("{")
    monkeypatch.setenv("AGENTOTEL_PRICES", str(file))
    monkeypatch.setenv("AGENTOTEL_CONSOLE", "maybe")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "77")
    code, found = _examined(capsys)
    assert code == 1
    console, exporter, prices = found["problems"]
    assert console == "AGENTOTEL_CONSOLE=maybe: it must be true or false; ignored."
    assert exporter.startswith("traces cannot be exported to 'carrier-pigeon'")
    assert prices.startswith(f"AGENTOTEL_PRICES: {file}: not valid JSON")
    assert found["sdk_variables"] == {"OTEL_BSP_SCHEDULE_DELAY": "77"}


def test_the_demo_is_passed_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentotel.demo.main", len)
    assert cli.main(["demo", "--json"]) == 1
