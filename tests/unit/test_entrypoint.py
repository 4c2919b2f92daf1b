"""The instrumentor behaves as ``opentelemetry-instrument`` expects of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import agentotel
from agentotel.entrypoint import AgentotelInstrumentor


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    seen: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(agentotel, "instrument", lambda **given: seen.append(("instrument", given)), raising=False)
    monkeypatch.setattr(agentotel, "uninstrument", lambda: seen.append(("uninstrument", {})), raising=False)
    monkeypatch.setattr(AgentotelInstrumentor, "_instance", None)
    return seen


def test_it_is_one_and_instruments_once(calls: list[tuple[str, dict[str, object]]]) -> None:
    instrumentor, provider = AgentotelInstrumentor(), object()
    assert AgentotelInstrumentor() is instrumentor
    assert not instrumentor.is_instrumented_by_opentelemetry
    instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, meter_provider=None)
    AgentotelInstrumentor().instrument()
    assert instrumentor.is_instrumented_by_opentelemetry
    instrumentor.uninstrument()
    instrumentor.uninstrument()
    assert calls == [("instrument", {"tracer_provider": provider}), ("uninstrument", {})]
    assert list(instrumentor.instrumentation_dependencies()) == []


def test_the_loader_of_opentelemetry_instrument_takes_it(calls: list[tuple[str, dict[str, object]]]) -> None:
    distro = pytest.importorskip("opentelemetry.instrumentation.distro")
    entry_point = EntryPoint("agentotel", "agentotel.entrypoint:AgentotelInstrumentor", "opentelemetry_instrumentor")
    distro.DefaultDistro().load_instrumentor(entry_point, skip_dep_check=True)
    assert calls == [("instrument", {})]


PROGRAM = """
import json
import openai
import agentotel
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from agentotel.demo.emulator import Emulator
from agentotel.demo.script import Line, Tokens

provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
http = openai.DefaultHttpxClient(trust_env=False)
with Emulator([Line(asks="", text="Yes.", tokens=Tokens(input=4, output=2))], latency_s=0) as emulator:
    client = openai.OpenAI(base_url=emulator.openai_url, api_key="none", http_client=http)
    with client, agentotel.session() as session:
        client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "?"}])
print(json.dumps([session.totals.llm_calls, sorted(span.name for span in exporter.get_finished_spans())]))
"""


def test_opentelemetry_instrument_switches_it_on(tmp_path: Path) -> None:
    """The command itself, which finds the entry point of the installed package."""
    command = Path(sys.executable).with_name("opentelemetry-instrument")
    if not command.exists():
        pytest.skip("opentelemetry-instrumentation is not installed here")
    (tmp_path / "app.py").write_text(PROGRAM)
    done = subprocess.run(
        [command, sys.executable, "app.py"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == [1, ["chat gpt-5-mini", "session"]]
