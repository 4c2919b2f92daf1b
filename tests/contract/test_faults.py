"""A fault in any function that a call enters stays inside: every adapter, sync and async, plain, streamed and left.

The functions are those that a run enters, found by tracing it: one without a guard fails here.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import SpanProcessor

from agentotel._core import guard
from tests.contract.drivers._spec import Caller, Driver, Endpoint, Settings, Way
from tests.contract.flavour import close, take
from tests.contract.matrix import DRIVERS
from tests.contract.recordings import Recording
from tests.contract.scenarios import dropped
from tests.contract.seen import shown, shown_error
from tests.contract.ways import create
from tests.conventions.recorded import recorded
from tests.fakes.replay import Replay
from tests.faults.injected import InjectedError, Raised, forget, in_code, place, reached
from tests.faults.shell import LEAVING, is_shell

ROOMS = ("adapters/", "capture/", "wire/")
BESIDE = "wire/"
"""A fault there costs facts, never the span."""


async def left(caller: Caller) -> None:
    """Read one item, and close the stream."""
    stream = await caller.call()
    caller.log.append(shown(await take(stream, 1)))
    await close(stream)


WAYS: dict[str, tuple[str, Way]] = {
    "plain": ("plain", create),
    "stream": ("stream", create),
    "left": ("stream", left),
    "refused": ("error-400", create),
}
"""What is done with the exchange of which kind."""

CASES = [
    pytest.param(driver, flavour, id=f"{name}-{flavour}")
    for name, driver in DRIVERS.items()
    for flavour in driver.flavours
]


@dataclass(frozen=True)
class Application:
    """Makes one call again and again, each time in a context of its own."""

    caller: Caller
    way: Way
    runner: asyncio.Runner

    def run(self) -> tuple[list[Any], bool]:
        """Give what the caller saw, and whether the context is as it was."""
        return self.runner.run(self._run(), context=contextvars.copy_context())

    async def _run(self) -> tuple[list[Any], bool]:
        caller, before = replace(self.caller, log=[]), otel_context.get_current()
        try:
            await self.way(caller)
        except Exception as error:  # noqa: BLE001 - what the caller sees is the result
            caller.log.append(shown_error(error))
        await dropped()
        return caller.log, otel_context.get_current() is before


class Started(SpanProcessor):
    """Keeps the spans of a run: one that a fault has left open may end in a later run, or never."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - the SDK's interface
        self.spans.append(span)

    def taken(self) -> list[Any]:
        """Give the spans since the last time."""
        taken, self.spans = self.spans, []
        return taken


async def _caller(endpoint: Endpoint, flavour: str, recording: Recording, url: str) -> Caller:
    settings = Settings(flavour=flavour, url=url, recording=recording, retries=0)
    return Caller(endpoint, flavour, recording, endpoint.client(settings))


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Let a collection look at what a test made only, and be quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(("driver", "flavour"), CASES)
def test_a_fault_costs_the_caller_nothing(
    driver: Driver, flavour: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", logger="agentotel")
    problems: dict[tuple[str, str], str | None] = {}
    for way, (kind, act) in WAYS.items():
        for endpoint in driver.endpoints:
            if endpoint.written and endpoint.has(kind) and kind not in endpoint.without:
                known = {name for of, name in problems if of == way or name.startswith(BESIDE)}
                found = _problems(endpoint, flavour, act, endpoint.exchange(kind), known, monkeypatch)
                problems |= {(way, name): problem for name, problem in found.items()}
    assert len(problems) > 20
    wrong = [f"{way}: {name}: {problem}" for (way, name), problem in problems.items() if problem]
    assert not wrong, "\n".join(wrong)


def _problems(
    endpoint: Endpoint, flavour: str, act: Way, recording: Recording, known: set[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str | None]:
    """Raise in each function that a call enters and that is not ``known``; give what is wrong then, by function."""
    with Replay(recording.sent) as server, asyncio.Runner() as runner:
        caller = runner.run(_caller(endpoint, flavour, recording, server.url))
        application = Application(caller, act, runner)
        expected, clean = application.run()
        assert clean
        started = Started()
        with recorded(strict=False, processors=[started]) as made:
            assert application.run() == (expected, True)
            forget()
            codes, seen = reached(application.run)
            assert seen == (expected, True)
            assert len(made.spans) == 2
            places = {place(code): code for code in codes if not is_shell(code)}
            found = {
                name: _problem(code, application, expected, started, monkeypatch)
                for name, code in places.items()
                if name.startswith(ROOMS) and name not in known
            }
            started.taken()
            assert application.run() == (expected, True)
            assert [span.end_time is not None for span in started.taken()] == [True]
        runner.run(close(caller.client))
    return {name: problem or _miscounted(name, spans) for name, (problem, spans) in found.items()}


def _miscounted(name: str, spans: list[Any]) -> str | None:
    """Say how many spans of a call were recorded, if they are too many or too few."""
    count = sum(span.end_time is not None for span in spans)
    return f"{count} spans" if count > 1 or (count == 0 and name.startswith(BESIDE)) else None


def _problem(
    code: CodeType, application: Application, expected: list[Any], started: Started, monkeypatch: pytest.MonkeyPatch
) -> tuple[str | None, list[Any]]:
    """Run with a fault in ``code``; say what is wrong, and give the spans that started."""
    forget()
    monkeypatch.setattr(guard, "_counts", {})
    started.taken()
    try:
        with in_code(code, monkeypatch) as raised:
            log, clean = application.run()
    except InjectedError:
        return "it ends the application", []
    return _wrong(code, log == expected, clean, raised), started.taken()


def _wrong(code: CodeType, same: bool, clean: bool, raised: Raised) -> str | None:
    counted = sum(guard.counts().values())
    half_made = code.co_name == "__init__"  # has nothing that its finalizer could end
    if not same:
        return "the caller sees it"
    if not raised.times or (counted != raised.times and not half_made):
        return f"raised {raised.times} times, counted {counted} times"
    if raised.unraisable and not half_made:
        return "it reaches the hook for errors in finalizers"
    return None if clean or code.co_qualname in LEAVING else "the context leaks"
