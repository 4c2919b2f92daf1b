"""Joint spans: one is exported, when the last of its parties has ended."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, StatusCode

from agentotel._core import late
from agentotel.record.identity import NOBODY
from agentotel.record.joint import Guest, Joint, without


class Traced:
    """A tracer and what it exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("neighbour")

    def start(self, name: str, **options: Any) -> Any:
        return self.tracer.start_span(name, **options)

    @property
    def spans(self) -> list[Any]:
        return [*self.exporter.get_finished_spans()]


@pytest.fixture
def traced() -> Traced:
    return Traced()


def _over(span: Any) -> Joint:
    return Joint.over(span, lambda _joint, _span: None, NOBODY)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_it_ends_with_the_last_of_its_parties(traced: Traced, first: str) -> None:
    span = traced.start("theirs", attributes={"a": 1, "b": 1})
    joint = _over(span).join()
    ends = [lambda: joint.end(2_000_000_000_000_000_000), lambda: span.end(1_900_000_000_000_000_000)]
    joint.update_name("ours")
    joint.set_attributes({"b": 2})
    span.set_attribute("b", 3)
    for end in ends if first == "ours" else reversed(ends):
        assert traced.spans == []
        end()
    (exported,) = traced.spans
    assert (exported.name, exported.attributes) == ("ours", {"a": 1, "b": 2})
    assert exported.end_time == 2_000_000_000_000_000_000
    assert type(span) is type(traced.start("another"))


def test_ending_twice_ends_once(traced: Traced) -> None:
    span = traced.start("theirs")
    joint = _over(span).join()
    span.end()
    span.end()
    assert traced.spans == []
    joint.end()
    assert len(traced.spans) == 1


def test_a_span_that_its_opener_drops_ends(traced: Traced) -> None:
    span = traced.start("theirs")
    joint = _over(span).join()
    joint.end(1_900_000_000_000_000_000)
    assert traced.spans == []
    del span
    gc.collect()
    late.settle()
    assert [one.name for one in traced.spans] == ["theirs"]


def test_a_guest_of_the_sdk_gives_what_it_knows(traced: Traced) -> None:
    span = traced.start("theirs", attributes={"a": 1})
    joint = _over(span)
    inner = traced.start("inner", attributes={"c": 3})
    joint.invite(inner)
    assert inner.get_span_context() == span.get_span_context()
    inner.add_event("seen", {"x": 1})
    inner.add_link(traced.start("other").get_span_context())
    span.end()
    assert traced.spans == []
    inner.end()
    (exported,) = traced.spans
    assert exported.attributes == {"a": 1, "c": 3}
    assert [event.name for event in exported.events] == ["seen"]
    assert len(exported.links) == 1


def test_a_dropped_guest_lets_go(traced: Traced) -> None:
    span = traced.start("theirs")
    joint = _over(span)
    joint.invite(traced.start("inner"))
    gc.collect()
    late.settle()
    span.end()
    assert [one.name for one in traced.spans] == ["theirs"]


def test_a_guest_of_ours_gives_its_attributes_once(traced: Traced) -> None:
    joint = Joint(traced.start("ours")).join()
    joint.set_attribute("b", 2)
    guest = Guest(joint, {"a": 1, "b": 1})
    guest.set_attributes({"c": 3})
    guest.add_event("seen")
    guest.update_name("theirs")
    guest.set_status(StatusCode.OK)
    guest.record_exception(ValueError())
    joint.end()
    assert traced.spans == []
    assert guest.is_recording()
    guest.end()
    guest.end()
    (exported,) = traced.spans
    assert (exported.name, exported.attributes) == ("ours", {"a": 1, "b": 2, "c": 3})
    assert exported.status.status_code is StatusCode.UNSET
    assert not guest.is_recording()


def test_a_dropped_guest_of_ours_lets_go(traced: Traced) -> None:
    joint = Joint(traced.start("ours")).join()
    Guest(joint)
    joint.end()
    late.settle()
    assert len(traced.spans) == 1


def test_what_is_written_at_the_end_wins(traced: Traced) -> None:
    span = traced.start("theirs")

    def before_end(joint: Joint, ending: Any) -> None:
        without(ending, lambda name: name == "gone")
        joint.set_attribute("late", 1)

    Joint.over(span, before_end, NOBODY)
    span.set_attributes({"gone": 1, "late": 0})
    span.end()
    (exported,) = traced.spans
    assert exported.attributes == {"late": 1}


def test_a_failing_reader_loses_nothing_else(traced: Traced) -> None:
    span = traced.start("theirs", attributes={"a": 1})

    def before_end(_joint: Joint, _ending: Any) -> None:
        raise ValueError

    Joint.over(span, before_end, NOBODY)
    span.end()
    (exported,) = traced.spans
    assert exported.attributes == {"a": 1}


def test_the_interface_of_spans(traced: Traced) -> None:
    span = traced.start("theirs")
    joint = _over(span).join()
    assert joint.is_recording()
    assert joint.resource is span.resource
    joint.set_status(StatusCode.ERROR, "why")
    joint.record_exception(ValueError("x"))
    joint.add_event("seen")
    joint.add_link(Link(span.get_span_context()).context)
    span.end()
    joint.end()
    (exported,) = traced.spans
    assert exported.status.status_code is StatusCode.ERROR
    assert [event.name for event in exported.events] == ["exception", "seen"]
    assert not joint.is_recording()
