from __future__ import annotations

import logging
import threading

import pytest

from agentotel.record.tally import OTHER, Tally
from agentotel.semconv import metrics as m
from agentotel.semconv import names as n


def read(tally: Tally, one: m.Instrument = m.TOOL_CALLS) -> dict[tuple[str, ...], float]:
    return {tuple(attributes.values()): amount for amount, attributes in tally.read(one)}


def test_adds_up_by_instrument_and_attributes() -> None:
    tally = Tally()
    for name, amount in (("a", 1), ("b", 2), ("a", 3)):
        tally.add(m.TOOL_CALLS, amount, name)
    tally.add(m.TOOL_ERRORS, 1, "a", "ValueError")
    assert read(tally) == {("a",): 4, ("b",): 2}
    assert list(tally.read(m.TOOL_ERRORS)) == [(1, {n.TOOL_NAME: "a", n.ERROR_TYPE: "ValueError"})]
    assert list(tally.read(m.SESSION_COST)) == []


def test_an_attribute_without_a_value_is_left_out() -> None:
    tally = Tally()
    tally.add(m.LLM_COST, 0.5, "openai", None, None)
    assert list(tally.read(m.LLM_COST)) == [(0.5, {n.PROVIDER_NAME: "openai"})]


def test_what_comes_after_the_cap_is_counted_as_other_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="agentotel")
    tally = Tally(cap=2)
    for name in ("a", "b", "c", "d", "a"):
        tally.add(m.TOOL_CALLS, 1, name)
        tally.add(m.TOOL_ERRORS, 1, "same", "same")
    assert read(tally) == {("a",): 2, ("b",): 1, (OTHER,): 2}
    assert len(caplog.records) == 1
    assert "agent.tool.calls" in caplog.text
    assert read(tally, m.TOOL_ERRORS) == {("same", "same"): 5}


def test_a_gauge_comes_back_down_beyond_the_cap_too() -> None:
    tally = Tally(cap=1)
    for feature in ("a", "b"):
        tally.add(m.SESSION_ACTIVE, 1, feature)
    for feature in ("b", "a"):
        tally.add(m.SESSION_ACTIVE, -1, feature)
    assert read(tally, m.SESSION_ACTIVE) == {("a",): 0, (OTHER,): 0}


def test_threads_lose_nothing() -> None:
    tally = Tally(cap=3)

    def work() -> None:
        for number in range(1000):
            tally.add(m.TOOL_CALLS, 1, str(number % 5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(read(tally).values()) == 4000
    assert len(read(tally)) == 4
