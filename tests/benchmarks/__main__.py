"""Print a table of costs: ``python -m tests.benchmarks``."""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import openai

import agentotel
from agentotel import runtime
from agentotel.record.pipeline import IDLE, Pipeline, activate, active
from tests.benchmarks.harness import Work, alternate
from tests.benchmarks.telemetry import Floor, providers
from tests.benchmarks.workloads import TWICE_AS_MANY, chat, conversation, isolated, pieces, sent, stream


@agentotel.tool(version="1")
def tool_0(order_id: str) -> dict[str, object]:
    return {"order_id": order_id, "status": "shipped", "items": ["book", "pen"]}


def switched(pipeline: Pipeline, work: Work) -> Work:
    """Run ``work`` with a pipeline in place, so that variants alternate in one process."""

    def run() -> None:
        activate(pipeline)
        work()
        activate(IDLE)

    return run


def in_session(work: Work) -> Work:
    """Give ``work`` a session, a turn and a run around it that last for the whole benchmark."""
    stack = contextlib.ExitStack()
    stack.enter_context(agentotel.session(user="u-17", feature="refunds"))
    stack.enter_context(agentotel.turn())
    stack.enter_context(agentotel.agent("triage", version="7"))
    inside = contextvars.copy_context()
    stack.close()
    return lambda: inside.run(work)


def followed(first: Work, second: Work) -> Work:
    """Do one thing after another."""

    def run() -> None:
        first()
        second()

    return run


def agent_turn(client: openai.OpenAI) -> Work:
    """One agent, three model calls, five tools."""
    call = chat(client)

    def work() -> None:
        with agentotel.agent("triage", version="7"):
            for number in range(3):
                call()
                for order in range(2 if number < 2 else 1):
                    tool_0(f"A-{order}")

    return work


def bare_turn(client: openai.OpenAI) -> Work:
    call = chat(client)
    plain = tool_0.__wrapped__  # type: ignore[attr-defined]

    def work() -> None:
        for number in range(3):
            call()
            for order in range(2 if number < 2 else 1):
                plain(f"A-{order}")

    return work


def floor_turn(floor: Floor, client: openai.OpenAI) -> Work:
    call = chat(client)
    plain = tool_0.__wrapped__  # type: ignore[attr-defined]

    def inner() -> None:
        for number in range(3):
            floor.span(call)
            for order in range(2 if number < 2 else 1):
                floor.span(lambda order=order: plain(f"A-{order}"))

    return lambda: floor.span(inner)


VARIANTS = {"off": (True, "NO_CONTENT"), "on": (True, "SPAN_ONLY"), "unsampled": (False, "NO_CONTENT")}


@contextlib.contextmanager
def pipelines() -> Iterator[dict[str, Pipeline]]:
    """Make the pipelines of every variant once; the patches stay in place, idle in between."""
    made: dict[str, Pipeline] = {}
    for name, (sampled, content) in VARIANTS.items():
        tracer, meter = providers(sampled=sampled)
        runtime.uninstrument()
        os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = content
        agentotel.instrument(tracer_provider=tracer, meter_provider=meter)
        made[name] = active()
        pricing = made[name].pricing
        if pricing is not None and hasattr(pricing, "load"):
            pricing.load()
    activate(IDLE)
    try:
        yield made
    finally:
        runtime.uninstrument()


@dataclass(frozen=True, slots=True)
class Target:
    """What one variant may cost beyond another: in floors, or in microseconds, by ``times`` operations."""

    name: str
    more_than: str
    floors: float | None = None
    us: float | None = None
    times: int = 1


CALL: Final = (
    Target("agentotel", "bare SDK", floors=3.2),
    Target("agentotel, content", "bare SDK", floors=4.8),
    Target("in session", "agentotel", floors=0.7),
    Target("in session, content", "agentotel, content", floors=0.7),
    Target("unsampled", "bare SDK + 3 metrics", us=8),
    Target("one HTTP request more", "agentotel", us=10),
)
STREAM: Final = (
    Target("400 chunks", "200 chunks and 200 bare", us=0.3, times=200),
    Target("400 chunks, content", "200 and 200 bare, content", us=0.3, times=200),
)
TURN: Final = (Target("agentotel", "bare", floors=2.2), Target("agentotel, content", "bare", floors=2.9))


def show(title: str, times: dict[str, float], targets: Sequence[Target], *, bare: str) -> None:
    """Print the least time of each variant, beyond the bare SDK and in floors, and the targets beside the measured."""
    base = times[bare]
    unit = times["floor"] - base
    print(f"\n{title:<30} {'us':>9} {'beyond':>9} {'floors':>7}")
    for name, us in times.items():
        beyond = us - base
        print(f"  {name:<28} {us:9.1f} {beyond:+9.1f} {beyond / unit:6.2f}x")
    for target in targets:
        more = (times[target.name] - times[target.more_than]) / target.times
        found, wanted = (
            (f"{more:.2f} us", f"{target.us} us") if target.us else (f"{more / unit:.2f}x", f"{target.floors}x")
        )
        print(f"  target {wanted:>7}, measured {found:>8}: {target.name}, beyond {target.more_than}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--batches", type=int, default=201)
    batches = parser.parse_args(argv).batches
    tracer, meter = providers()
    floor = Floor(tracer, meter)
    with isolated() as client, pipelines() as made:
        off, on = made["off"], made["on"]
        call, turn, http = chat(client), agent_turn(client), sent(client)
        read, twice = stream(client), stream(client, TWICE_AS_MANY)

        def metrics() -> None:
            call()
            floor.records()

        def floor_metrics() -> None:
            floor.span(call)
            floor.records()

        activate(off)
        session_call, session_talk = in_session(call), in_session(conversation(client))
        activate(IDLE)
        calls: dict[str, Work] = {
            "bare SDK": call,
            "floor": lambda: floor.span(call),
            "bare SDK + 3 metrics": metrics,
            "floor + 3 metrics": floor_metrics,
            "agentotel": switched(off, call),
            "agentotel, content": switched(on, call),
            "in session": switched(off, session_call),
            "in session, content": switched(on, session_call),
            "conversation in session": switched(off, session_talk),
            "conversation, content": switched(on, session_talk),
            "unsampled": switched(made["unsampled"], call),
            "one HTTP request more": switched(off, http),
        }
        streams: dict[str, Work] = {
            "bare SDK": read,
            "floor": lambda: floor.span(read),
            "one call, bare stream": followed(switched(off, call), read),
            "agentotel": switched(off, read),
            "agentotel, content": switched(on, read),
            "400 chunks": switched(off, twice),
            "200 chunks and 200 bare": followed(switched(off, read), pieces),
            "400 chunks, content": switched(on, twice),
            "200 and 200 bare, content": followed(switched(on, read), pieces),
        }
        turns: dict[str, Work] = {
            "bare": bare_turn(client),
            "floor": floor_turn(floor, client),
            "agentotel": switched(off, turn),
            "agentotel, content": switched(on, turn),
        }
        # Batches of a few milliseconds: on a busy machine the least of them is one that nobody interrupted.
        show("one chat call", alternate(calls, batches=batches, per_batch=20), CALL, bare="bare SDK")
        show("stream of 200 chunks", alternate(streams, batches=batches, per_batch=6), STREAM, bare="bare SDK")
        show("agent turn (1, 3, 5)", alternate(turns, batches=batches, per_batch=4), TURN, bare="bare")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
