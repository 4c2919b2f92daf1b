"""What is still open when a process ends, or when agentotel is shut down: it ends there, and is sent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.matrix import endpoint
from tests.e2e.test_exit import START_S, Ended, run
from tests.e2e.test_loops import BEGIN as IMPORTS
from tests.fakes.otlp import OtlpSink, attributes, otlp_sink
from tests.fakes.replay import Replay

BEGIN = IMPORTS.replace("import openai", "import openai, time")
GLOBAL = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

def provide():
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
"""
STREAM = """
stream = sync(held).chat.completions.create(**QUESTION, stream=True)
print(next(stream).id)
"""
ASYNC = """
async def work():
    global client, stream
    client = asynchronous(held)
    stream = await client.chat.completions.create(**QUESTION, stream=True)
    await stream.__anext__()

loop = asyncio.new_event_loop()
loop.run_until_complete(work())
"""
NESTED = """
@agentotel.tool
def look():
    yield 1
    yield 2

def work():
    with agentotel.session(feature="f"), agentotel.turn(), agentotel.agent("a"), agentotel.step("planning"):
        seen = look()
        next(seen)
        stream = sync(held).chat.completions.create(**QUESTION, stream=True)
        next(stream)
        yield seen, stream

kept = work()
next(kept)
"""
THREADS = """
def ask(url, **more):
    answer = sync(url).chat.completions.create(**QUESTION, **more)
    for _chunk in answer:
        pass

for url, more in ((silent, {}), (held, {"stream": True})):
    threading.Thread(target=ask, args=(url,), kwargs=more, daemon=True).start()
time.sleep(2)
"""
WORKER = """
def work():
    global stream
    stream = sync(held).chat.completions.create(**QUESTION, stream=True)
    next(stream)

import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
"""


@dataclass
class World:
    """A backend, and providers that never come to the end of an answer."""

    sink: OtlpSink
    held: Replay
    silent: Replay

    def ended(self, code: str, *, record: str = "yes", **variables: str) -> Ended:
        """Run a program to its end."""
        where = {"STREAM": self.held.url, "PLAIN": "", "SILENT": self.silent.url}
        silent = "silent = os.environ['SILENT']\n"
        return run(BEGIN + silent + code, self.sink.url, RECORD=record, **where, **variables)

    def spans(self) -> list[tuple[str, dict[str, Any]]]:
        """Give name and attributes of each span, the one that ended first first."""
        found = sorted(self.sink.spans, key=lambda span: span.end_time_unix_nano)
        assert len({span.span_id for span in found}) == len(found)
        return [(span.name, attributes(span)) for span in found]


@contextmanager
def started(*, hang: bool = False) -> Iterator[World]:
    plain, stream = (endpoint("openai-chat").exchange(kind).sent for kind in ("plain", "stream"))
    with ExitStack() as stack:
        sink = stack.enter_context(otlp_sink(hang=hang))
        held = stack.enter_context(Replay(stream, hold_after=2))
        silent = stack.enter_context(Replay(plain, hold_head=True))
        yield World(sink, held, silent)


@pytest.fixture
def world() -> Iterator[World]:
    with started() as made:
        yield made


def outcomes(world: World) -> list[tuple[str, Any]]:
    return [(name, said.get("agentotel.outcome")) for name, said in world.spans()]


CHAT = "chat gpt-4o"


@pytest.fixture(scope="module")
def left() -> int:
    """How a process ends that leaves a stream, without us: CPython 3.13.0 crashes in its last collection."""
    with started() as world:
        return world.ended(STREAM, record="").code


def test_an_agent_that_nobody_goes_on_with_ends_from_the_inside_out(world: World, left: int) -> None:
    ended = world.ended(NESTED)
    assert (ended.code, ended.err) == (left, "")
    spans = world.spans()
    assert [name for name, _said in spans] == [
        CHAT,
        "execute_tool look",
        "plan a",
        "invoke_agent a",
        "turn 1",
        "session f",
    ]
    said = dict(spans)
    assert (said[CHAT]["agentotel.outcome"], said["execute_tool look"]["agentotel.outcome"]) == (
        "abandoned",
        "cancelled",
    )
    for name in ("invoke_agent a", "turn 1", "session f"):
        assert (said[name]["agentotel.stop_reason"], said[name]["agentotel.stop_detail"]) == ("cancelled", "SystemExit")
        assert (said[name]["agentotel.total.llm_calls"], said[name]["agentotel.total.tool_calls"]) == (1, 1)


def test_an_async_stream_whose_loop_is_never_closed(world: World) -> None:
    bare = world.ended(ASYNC, record="")
    ended = world.ended(ASYNC)
    assert (ended.code, ended.err) == (0, bare.err)
    assert outcomes(world) == [(CHAT, "abandoned")]


def test_calls_of_threads_that_end_with_the_process(world: World) -> None:
    ended = world.ended(THREADS)
    assert (ended.code, ended.err) == (0, "")
    assert sorted(outcomes(world)) == [(CHAT, "abandoned"), (CHAT, "cancelled")]


@pytest.mark.parametrize("order", ["provide()\nagentotel.instrument()\n", "agentotel.instrument()\nprovide()\n"])
def test_it_is_sent_through_a_provider_of_the_application(world: World, order: str, left: int) -> None:
    ended = world.ended(GLOBAL + order + STREAM, record="")
    assert (ended.code, ended.err) == (left, "")
    assert outcomes(world) == [(CHAT, "abandoned")]


def test_a_shutdown_is_the_end_of_what_is_open(world: World) -> None:
    ended = world.ended(STREAM + "agentotel.shutdown()\nstream.close()\n")
    assert (ended.code, ended.err) == (0, "")
    assert outcomes(world) == [(CHAT, "abandoned")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_worker_of_multiprocessing(world: World) -> None:
    ended = world.ended(WORKER)
    assert (ended.code, ended.err) == (0, "")
    assert outcomes(world) == [(CHAT, "abandoned")]


def test_a_backend_that_hangs_delays_the_exit_by_the_deadline_alone(left: int) -> None:
    with started(hang=True) as world:
        ended = world.ended(STREAM + "print(time.time())\n", AGENTOTEL_SHUTDOWN_TIMEOUT_S="0.5")
        assert 0.5 < time.time() - float(ended.out.split()[-1]) < START_S
    assert ended.code == left
    assert "stopped waiting for the backend after 0.5 s: 1 span" in ended.err
