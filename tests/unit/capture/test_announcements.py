from __future__ import annotations

import contextvars
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import agentotel
from agentotel.capture import announcements
from agentotel.record.joint import Joint


class Framework:
    """Announces calls to its listeners, as LangChain's callback manager does."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[], object]] = []

    def on_chat_model_start(self) -> None:
        for listener in self.listeners:
            listener()


def announce(framework: Framework) -> None:
    method = Framework.on_chat_model_start
    announcements.wrapper(method)(lambda: method(framework), framework, (), {})


@pytest.fixture
def tracer() -> Iterator[Any]:
    """The tracer of a listener, in a provider of ours."""
    provider = TracerProvider()
    agentotel.instrument(tracer_provider=provider)
    yield provider.get_tracer("openinference.instrumentation.listener")
    agentotel.uninstrument()


def opened(tracer: Any, spans: list[Any]) -> Callable[[], None]:
    return lambda: spans.append(tracer.start_span("call"))


def joint_of(span: Any) -> Joint:
    found: Joint = span.__dict__["_agentotel_joint"]
    return found


def alone(test: Callable[[], None]) -> None:
    """Run in a context of its own."""
    contextvars.Context().run(test)


def test_what_a_listener_opens_is_the_next_call_and_then_no_other(tracer: Any) -> None:
    def check() -> None:
        spans: list[Any] = []
        framework = Framework()
        framework.listeners = [opened(tracer, spans)]
        announce(framework)
        joint = announcements.last()
        assert joint is joint_of(spans[0])
        assert joint.announced == "chat"
        joint.claimed = True
        assert announcements.last() is None
        assert announcements._current.get() is None

    alone(check)


def test_a_context_keeps_nothing_of_a_call_that_has_ended(tracer: Any) -> None:
    def check() -> None:
        spans: list[Any] = []
        framework = Framework()
        framework.listeners = [opened(tracer, spans)]
        announce(framework)
        kept = weakref.ref(joint_of(spans[0]))
        spans.pop().end()
        gc.collect()
        assert kept() is None

    alone(check)


def test_a_listener_that_calls_a_model_itself_leaves_the_announcement_to_the_others(tracer: Any) -> None:
    def check() -> None:
        inner, outer = Framework(), Framework()
        inside: list[Any] = []
        around: list[Any] = []
        inner.listeners = [opened(tracer, inside)]

        def call() -> None:
            announce(inner)
            joint = announcements.last()
            assert joint is joint_of(inside[0])
            joint.claimed = True
            inside[0].end()

        outer.listeners = [call, opened(tracer, around)]
        announce(outer)
        assert announcements.last() is joint_of(around[0])

    alone(check)


def test_two_listeners_share_one_span(tracer: Any) -> None:
    def check() -> None:
        framework = Framework()
        spans: list[Any] = []
        framework.listeners = [
            opened(tracer, spans),
            lambda: spans.append(announcements.shared("another listener")),
            lambda: spans.append(announcements.shared("another listener")),
        ]
        announce(framework)
        assert spans[1:] == [joint_of(spans[0]), None]

    alone(check)


def test_an_announcement_that_fails_is_followed_by_no_call(tracer: Any) -> None:
    def check() -> None:
        framework = Framework()
        spans: list[Any] = []

        def refuse() -> None:
            raise LookupError

        framework.listeners = [opened(tracer, spans), refuse]
        with pytest.raises(LookupError):
            announce(framework)
        assert joint_of(spans[0]).open
        assert announcements.last() is None

    alone(check)
