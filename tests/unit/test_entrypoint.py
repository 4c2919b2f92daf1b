"""The instrumentor behaves as ``opentelemetry-instrument`` expects of one."""

from __future__ import annotations

from importlib.metadata import EntryPoint

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
