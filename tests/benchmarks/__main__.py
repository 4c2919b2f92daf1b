"""Print a table of costs: ``python -m tests.benchmarks``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator

import openai

import agentotel
from agentotel import runtime
from agentotel.record.pipeline import IDLE, Pipeline, activate, active
from tests.benchmarks.harness import Timing, alternate
from tests.benchmarks.telemetry import Floor, providers
from tests.benchmarks.workloads import chat, isolated, stream

Work = Callable[[], object]


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
    from opentelemetry import context

    inside = context.get_current()
    stack.close()

    def run() -> None:
        before = context.get_current()
        context.attach(inside)
        work()
        context.attach(before)

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


def show(title: str, times: dict[str, Timing], *, bare: str, floor: str) -> None:
    base = times[bare].median_us
    unit = times[floor].median_us - base
    print(f"\n{title}")
    for name, timing in times.items():
        beyond = timing.median_us - base
        print(f"  {name:<28} {timing.median_us:9.1f} us  {beyond:+9.1f} us  {beyond / unit:6.2f}x floor")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--batches", type=int, default=41)
    options = parser.parse_args(argv)
    tracer, meter = providers()
    floor = Floor(tracer, meter)
    with isolated() as client, pipelines() as made:
        call, read, turn = chat(client), stream(client), agent_turn(client)

        def floor_metrics() -> None:
            floor.span(call)
            floor.records()

        activate(made["off"])
        session_call = in_session(call)
        activate(IDLE)
        show(
            "one chat call",
            alternate(
                {
                    "bare SDK": call,
                    "floor": lambda: floor.span(call),
                    "floor + 3 metrics": floor_metrics,
                    "agentotel": switched(made["off"], call),
                    "agentotel, content": switched(made["on"], call),
                    "agentotel, in session": switched(made["off"], session_call),
                    "agentotel, unsampled": switched(made["unsampled"], call),
                },
                batches=options.batches,
                per_batch=100,
            ),
            bare="bare SDK",
            floor="floor",
        )
        show(
            "stream of 200 chunks",
            alternate(
                {
                    "bare SDK": read,
                    "floor": lambda: floor.span(read),
                    "agentotel": switched(made["off"], read),
                    "agentotel, content": switched(made["on"], read),
                },
                batches=options.batches,
                per_batch=30,
            ),
            bare="bare SDK",
            floor="floor",
        )
        show(
            "agent turn: 1 agent, 3 calls, 5 tools",
            alternate(
                {
                    "bare": bare_turn(client),
                    "floor": floor_turn(floor, client),
                    "agentotel": switched(made["off"], turn),
                    "agentotel, content": switched(made["on"], turn),
                },
                batches=options.batches,
                per_batch=20,
            ),
            bare="bare",
            floor="floor",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
