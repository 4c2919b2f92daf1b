"""Bound records come out as the same metrics as records through the API, whatever the SDK is set up to do."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    Histogram,
    MeterProvider,
    TraceBasedExemplarFilter,
)
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import (
    DropAggregation,
    ExponentialBucketHistogramAggregation,
    SumAggregation,
    View,
)
from opentelemetry.sdk.trace import TracerProvider

from agentotel.record import exemplars, sdk
from agentotel.record.bound import NOWHERE, BoundHistogram, Moment

ATTRIBUTES = {"gen_ai.operation.name": "chat", "server.port": 443}
VALUES = (0.5, 3.0, 3.0, 0.02, 700.0)
SAMPLED = trace.set_span_in_context(
    TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("call"), Context()
)

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "every exemplar": {"exemplar_filter": AlwaysOnExemplarFilter()},
    "no exemplar": {"exemplar_filter": AlwaysOffExemplarFilter()},
    "exemplars of traces": {"exemplar_filter": TraceBasedExemplarFilter()},
    "fewer attributes": {"views": [View(instrument_name="*", attribute_keys={"server.port"})]},
    "no attributes": {"views": [View(instrument_name="*", attribute_keys=set())]},
    "two views": {
        "views": [View(instrument_name="h", name="a"), View(instrument_name="h", aggregation=SumAggregation())]
    },
    "dropped": {"views": [View(instrument_name="*", aggregation=DropAggregation())]},
    "exponential": {"views": [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())]},
}
CUMULATIVE = {Histogram: AggregationTemporality.CUMULATIVE}
DELTA = {Histogram: AggregationTemporality.DELTA}


def collected(temporalities: list[Any], settings: dict[str, Any], *, through_api: bool) -> list[Any]:
    """Record in two periods of collection, and give what each reader exports of them, without times."""
    random.seed(17)  # which exemplars of a sum are kept
    readers = [InMemoryMetricReader(preferred_temporality=one) for one in temporalities]
    provider = MeterProvider(metric_readers=readers, shutdown_on_exit=False, **settings)
    histogram = provider.get_meter("m").create_histogram("h", "s", explicit_bucket_boundaries_advisory=[0.1, 1, 10])
    recording = BoundHistogram(histogram, ATTRIBUTES)
    exported = []
    for values in (VALUES, VALUES[1:]):
        for value in values:
            for context in (SAMPLED, NOWHERE):
                if through_api:
                    histogram.record(value, ATTRIBUTES, context=context)
                    histogram.record(value + 1, ATTRIBUTES, context=context)
                else:
                    moment = Moment(1, context, sampled=context is SAMPLED)
                    recording.record(value, moment)
                    recording.record(value + 1, moment)
        exported += [plain(reader) for reader in readers]
    return exported


def plain(reader: InMemoryMetricReader) -> Any:
    data = reader.get_metrics_data()
    return None if data is None else without_times(json.loads(data.to_json()))


def without_times(value: Any) -> Any:
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if "time" not in key and key != "resource"}
    return value


@pytest.mark.parametrize(
    "temporalities", [[CUMULATIVE], [DELTA], [CUMULATIVE, DELTA], [CUMULATIVE, CUMULATIVE]], ids=str
)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_metrics_are_those_of_the_api(
    temporalities: list[Any], settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exemplars, "_chance", lambda: 0.0)  # every record is offered, as the API does it
    wanted = collected(temporalities, settings, through_api=True)
    assert collected(temporalities, settings, through_api=False) == wanted


def calls_of_the_api(monkeypatch: pytest.MonkeyPatch, histogram: Any) -> list[Any]:
    calls: list[Any] = []
    record = histogram.record
    monkeypatch.setattr(histogram, "record", lambda *args, **kwargs: (calls.append(args), record(*args, **kwargs)))
    return calls


def made(temporality: Any = None, **settings: Any) -> tuple[InMemoryMetricReader, Any]:
    reader = InMemoryMetricReader(preferred_temporality=temporality)
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False, **settings)
    return reader, provider.get_meter("m").create_histogram("h")


def test_only_the_first_record_goes_through_the_api_of_the_installed_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails after an upgrade of the SDK: read its consumer and aggregations, then raise ``sdk.KNOWN``."""
    _reader, histogram = made()
    calls = calls_of_the_api(monkeypatch, histogram)
    recording = BoundHistogram(histogram, ATTRIBUTES)
    for value in VALUES:
        recording.record(value, Moment(1, SAMPLED, sampled=True))
    assert len(calls) == 1


def test_an_sdk_that_is_not_known_is_used_through_its_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "KNOWN", ((0, 1), (0, 2)))
    _reader, histogram = made()
    calls = calls_of_the_api(monkeypatch, histogram)
    recording = BoundHistogram(histogram, ATTRIBUTES)
    for value in VALUES:
        recording.record(value, Moment(1, SAMPLED, sampled=True))
    assert len(calls) == len(VALUES)


def test_what_is_beyond_the_limit_of_attribute_sets_stays_together() -> None:
    reader, histogram = made()
    for number in range(2005):
        recording = BoundHistogram(histogram, {"number": number})
        for _ in range(2):
            recording.record(1, Moment(1))
    metrics_data = json.loads(reader.get_metrics_data().to_json())
    points = metrics_data["resource_metrics"][0]["scope_metrics"][0]["metrics"][0]["data"]["data_points"]
    assert sum(point["count"] for point in points) == 4010


def test_a_reader_that_comes_later_sees_the_records_from_then_on() -> None:
    reader, later = InMemoryMetricReader(), InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    if not hasattr(provider, "add_metric_reader"):
        pytest.skip("this version of the SDK takes no readers later")
    recording = BoundHistogram(provider.get_meter("m").create_histogram("h"), ATTRIBUTES)
    recording.record(1, Moment(1))
    recording.record(1, Moment(1))
    provider.add_metric_reader(later)
    for _ in range(3):
        recording.record(1, Moment(1))
    assert [count(reader), count(later)] == [5, 3]


def count(reader: InMemoryMetricReader) -> int:
    data = json.loads(reader.get_metrics_data().to_json())
    return int(data["resource_metrics"][0]["scope_metrics"][0]["metrics"][0]["data"]["data_points"][0]["count"])


def test_a_meter_that_does_nothing_is_left_alone() -> None:
    recording = BoundHistogram(NoOpMeterProvider().get_meter("m").create_histogram("h"), ATTRIBUTES)
    recording.record(1, Moment(1))
    recording.record(1, Moment(1))


def test_a_proxy_is_bound_once_there_is_a_provider() -> None:
    histogram: Any = metrics._internal._ProxyMeterProvider().get_meter("m").create_histogram("h")
    recording = BoundHistogram(histogram, ATTRIBUTES)
    recording.record(1, Moment(1))
    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("m")
    histogram.on_meter_set(meter)
    for _ in range(3):
        recording.record(1, Moment(1))
    assert count(reader) == 3
    assert recording._consumer is not None
