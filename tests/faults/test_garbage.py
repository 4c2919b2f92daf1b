"""What the garbage collector ends cannot block: a collection may start while its thread holds any lock."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import agentotel
from tests.conventions.provider import chat_stream, message_stream
from tests.conventions.recorded import recorded
from tests.faults.scenario import Application


class Careless(SpanProcessor):
    """Holds a lock while garbage is collected, and needs it again when a span ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.blocked = 0

    def on_start(self, span: Any, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's interface
        with self._lock:
            gc.collect()

    def on_end(self, span: ReadableSpan) -> None:  # noqa: ARG002
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self.blocked += 1


class Ring:
    """Holds something that only the collector frees."""

    def __init__(self, held: object) -> None:
        self.held = held
        self.ring = self


def stream(application: Application) -> object:
    read = application.ask(chat_stream("there", "it is"), stream=True)
    next(read)
    return read


def unread(application: Application) -> object:
    return application.ask(chat_stream("there", "it is"), stream=True)


def message(application: Application) -> object:
    return application.message(message_stream("there"), stream=True)


def raw(application: Application) -> object:
    application.server.line_up(chat_stream("there"))
    return application.openai.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=[{"role": "user", "content": "?"}], stream=True
    )


def tool(_application: Application) -> object:
    @agentotel.tool
    def pages() -> Iterator[int]:
        yield 1
        yield 2

    made = pages()
    next(made)
    return made


def block(_application: Application) -> object:
    def work() -> Iterator[int]:
        with agentotel.agent("left") as run:
            yield 1
            run.event("note")

    made = work()
    next(made)
    return made


@pytest.mark.parametrize("make", [stream, unread, message, raw, tool, block])
def test_an_ending_that_the_collector_notices_waits_for_its_turn(make: Any, application: Application) -> None:
    processor = Careless()
    gc.collect()
    with recorded(processors=[processor]) as made, agentotel.session():
        Ring(make(application))
        with agentotel.turn():  # its span starts, and the collector runs under the lock
            pass
    assert processor.blocked == 0
    assert len(made.spans) == 3
    assert made.problems() == []
