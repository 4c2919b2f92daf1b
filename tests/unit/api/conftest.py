from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace

import agentotel.testing
from agentotel import runtime
from agentotel._core import guard
from agentotel.api import mistakes

Warnings = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def captured(caplog: pytest.LogCaptureFixture) -> Iterator[agentotel.testing.Captured]:
    """Record a test, and hold it to leave no context behind and no complaint of OpenTelemetry in the log."""
    mistakes.forget()
    caplog.set_level(logging.INFO)
    before = otel_context.get_current()
    with agentotel.testing.capture() as found:
        inside = otel_context.get_current()
        yield found
        assert otel_context.get_current() is inside
    assert otel_context.get_current() == before
    assert [record.getMessage() for record in caplog.records if record.name.startswith("opentelemetry")] == []


@pytest.fixture
def tracer(captured: agentotel.testing.Captured) -> trace.Tracer:  # noqa: ARG001 - it sets up the provider
    """Give the tracer of another library, with the provider that records the test."""
    providers = runtime._runtime.providers
    assert providers is not None
    return providers.tracer.get_tracer("another library")


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Warnings:
    """Give what agentotel warned of so far."""
    return lambda: [one.getMessage() for one in caplog.records if one.name == "agentotel" and one.levelname != "INFO"]


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch, captured: agentotel.testing.Captured) -> None:  # noqa: ARG001 - its order
    """Count internal errors, as in production, where a test provokes one."""
    monkeypatch.setattr(guard, "_counts", {})
    monkeypatch.setattr(guard, "on_error", guard.report)
