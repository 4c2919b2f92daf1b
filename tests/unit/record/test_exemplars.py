"""Each bucket of a histogram gets one exemplar per collection, and each of its records is as likely to be it."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count
from typing import Any

import pytest
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics._internal.exemplar import AlignedHistogramBucketExemplarReservoir
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from agentotel.record import exemplars
from agentotel.record.bound import NOWHERE, BoundHistogram, Moment

BOUNDS = (1.0, 10.0)
INSIDE = Moment(1, NOWHERE, sampled=True)
OUTSIDE = Moment(1, NOWHERE, sampled=False)


class Recording:
    """One histogram with one set of attributes, whose first record has gone through the API."""

    def __init__(self, **settings: Any) -> None:
        self.reader = InMemoryMetricReader()
        provider = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False, **settings)
        meter = provider.get_meter("m")
        self.bound = BoundHistogram(
            meter.create_histogram("h", explicit_bucket_boundaries_advisory=BOUNDS), {"gen_ai.agent.name": "a"}
        )
        self.bound.record(100.0, OUTSIDE)
        self.exemplars()

    def exemplars(self) -> list[float]:
        """Collect, and give the values of the exemplars."""
        data: Any = self.reader.get_metrics_data()
        (point,) = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
        return [one.value for one in point.exemplars]


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exemplars, "_chance", random.Random(17).random)  # noqa: S311 - no secret


def test_each_bucket_has_one_in_each_collection() -> None:
    recording = Recording()
    for _ in range(20):
        for value in (0.5, 0.6, 5.0, 6.0, 7.0):
            recording.bound.record(value, INSIDE)
        low, middle = recording.exemplars()
        assert low in {0.5, 0.6}
        assert middle in {5.0, 6.0, 7.0}
    assert recording.exemplars() == []


def test_each_record_is_as_likely() -> None:
    recording = Recording()
    values = (2.0, 3.0, 4.0, 5.0)
    found: Counter[float] = Counter()
    for _ in range(1000):
        for value in values:
            recording.bound.record(value, INSIDE)
        found.update(recording.exemplars())
    assert found.total() == 1000
    assert all(200 < found[value] < 300 for value in values), found


def test_what_no_trace_has_leaves_its_place_to_what_one_has() -> None:
    recording = Recording()
    for value in (2.0, 3.0, 4.0):
        recording.bound.record(value, OUTSIDE)
    recording.bound.record(5.0, INSIDE)
    assert recording.exemplars() == [5.0]


def test_of_a_thousand_few_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    offers = count()
    offer = AlignedHistogramBucketExemplarReservoir.offer
    monkeypatch.setattr(AlignedHistogramBucketExemplarReservoir, "offer", lambda *args: (next(offers), offer(*args))[1])
    recording = Recording()
    for _ in range(1000):
        recording.bound.record(5.0, INSIDE)
    assert 0 < next(offers) < 30


def test_a_filter_of_somebody_else_is_asked_for_every_record() -> None:
    asked: list[float] = []

    class Odd(AlwaysOnExemplarFilter):
        def should_sample(self, value: float, *_args: object, **_more: object) -> bool:
            asked.append(value)
            return value == 3.0

    recording = Recording(exemplar_filter=Odd())
    for value in (2.0, 3.0, 4.0):
        recording.bound.record(value, OUTSIDE)
    assert asked == [100.0, 2.0, 3.0, 4.0]
    assert recording.exemplars() == [3.0]


def test_the_generator_of_the_application_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    recording = Recording()
    before = random.getstate()
    for _ in range(100):
        recording.bound.record(5.0, INSIDE)
    assert random.getstate() == before
