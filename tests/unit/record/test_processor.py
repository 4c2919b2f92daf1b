from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider

import agentotel
from agentotel._core import guard
from agentotel.record.processor import IdentityProcessor
from agentotel.testing import capture


def test_identity_comes_from_the_parent_given_not_from_the_current_one() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    processor = IdentityProcessor()
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("another library")
    with capture(), agentotel.session("s-1", user="u"):
        inside: Any = tracer.start_span("inside")
        outside: Any = tracer.start_span("outside", context=Context())
        own: Any = provider.get_tracer("agentotel").start_span("own")
        processor.enabled = False
        disabled: Any = tracer.start_span("disabled")
    assert dict(inside.attributes) == {"session.id": "s-1", "gen_ai.conversation.id": "s-1", "user.id": "u"}
    assert not outside.attributes
    assert not own.attributes
    assert not disabled.attributes


def test_the_span_s_own_attributes_stay() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(IdentityProcessor())
    with capture(), agentotel.session("s-1"):
        span: Any = provider.get_tracer("x").start_span("inside", attributes={"url.path": "/"})
    assert span.attributes["url.path"] == "/"


def test_a_span_that_cannot_be_stamped_starts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(guard, "on_error", lambda site, _error: seen.append(site))
    with capture(strict=False), agentotel.session():
        monkeypatch.setattr(guard, "on_error", lambda site, _error: seen.append(site))
        IdentityProcessor().on_start(SimpleNamespace(instrumentation_scope=None))  # type: ignore[arg-type]
    assert seen == ["record.stamp"]


def test_it_keeps_nothing_and_needs_nothing_at_the_end() -> None:
    processor = IdentityProcessor()
    span: Any = SimpleNamespace()
    assert (processor._on_ending(span), processor.on_end(span), processor.shutdown()) == (None, None, None)
    assert processor.force_flush() is True
