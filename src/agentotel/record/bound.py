"""Histogram records whose attributes are known beforehand.

The SDK cleans, copies, sorts and hashes the attributes of every record, which makes three quarters of its price, and
nothing public lets one bind them. Here the first record of a set of attributes goes through the API; later ones go to
the aggregations that it made. With an SDK that is not known from inside (``sdk``), with aggregations that a collection
discards (delta temporality), with another implementation of the API and beyond the SDK's limit of attribute sets,
every record goes through the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.metrics import Histogram

from agentotel.facts.call import AttributeValue
from agentotel.record.exemplars import draw_of
from agentotel.record.sdk import is_known

NOWHERE: Final = otel_context.set_value("agentotel-nowhere", 1, Context())
"""A context without a span, for records that need no exemplar. An empty one would count as none."""

_BY_TRACE: Final = "TraceBasedExemplarFilter"
_SDK: Final = "opentelemetry.sdk.metrics._internal.instrument"
_CONSUMER: Final = "SynchronousMeasurementConsumer"


class Moment(NamedTuple):
    """When and in which context records are made, and whether its span is sampled and so may become an exemplar."""

    at_ns: int
    context: Context = NOWHERE
    sampled: bool = False


class _Measurement(NamedTuple):
    """What an aggregation reads of the SDK's ``Measurement``, whose attributes are cleaned already."""

    value: float
    time_unix_nano: int
    instrument: Any
    context: Context
    attributes: Mapping[str, AttributeValue]


_measured: Final = partial(tuple.__new__, _Measurement)
"""Makes one of a tuple of its fields, at half the time."""


class BoundHistogram:
    """One histogram with one set of attributes, whose values are of the types that the SDK does not have to clean."""

    __slots__ = (
        "_aggregations",
        "_attributes",
        "_by_trace",
        "_config",
        "_consumer",
        "_histogram",
        "_instrument",
        "_sampled",
        "_storages",
        "_tried",
    )

    def __init__(self, histogram: Histogram, attributes: Mapping[str, AttributeValue]) -> None:
        self._histogram = histogram
        self._attributes = attributes
        self._tried = False
        self._instrument: Any = None
        self._consumer: Any = None
        self._storages: Any = None
        self._config: Any = None
        self._by_trace = False
        self._sampled: Callable[..., bool] = bool
        self._aggregations: tuple[tuple[Callable[[Any, bool], object], Callable[[float], bool]], ...] = ()

    def record(self, value: float, moment: Moment) -> None:
        """Record ``value``, not negative."""
        consumer = self._consumer
        if consumer is None or consumer._reader_storages is not self._storages:  # noqa: SLF001 - see the module
            self._histogram.record(value, self._attributes, context=moment.context)
            if not self._tried or consumer is not None:
                self._bind()
            return
        if self._config is not None and not self._config.is_enabled:
            return
        at_ns, context, sampled = moment
        if not self._by_trace:
            sampled = self._sampled(value, at_ns, self._attributes, context)
        measurement = _measured((value, at_ns, self._instrument, context, self._attributes))
        for aggregate, draw in self._aggregations:
            aggregate(measurement, sampled and draw(value))

    def _bind(self) -> None:
        """Find the aggregations that a record of these attributes has made."""
        self._consumer = None
        instrument = behind(self._histogram)
        if instrument is None:
            return  # a proxy, as long as there is no provider
        self._tried = True
        consumer: Any = getattr(instrument, "_measurement_consumer", None)
        if type(instrument).__module__ != _SDK or type(consumer).__name__ != _CONSUMER or not is_known():
            return
        storages = consumer._reader_storages  # noqa: SLF001
        found = [
            _aggregation(match, self._attributes)
            for storage in storages.values()
            for match in storage._get_or_init_view_instrument_match(instrument)  # noqa: SLF001
        ]
        if None in found:
            return
        self._aggregations = tuple((one.aggregate, draw_of(one)) for one in found)
        exemplars = consumer._sdk_config.exemplar_filter  # noqa: SLF001
        self._sampled = exemplars.should_sample
        self._by_trace = type(exemplars).__name__ == _BY_TRACE
        self._config = getattr(instrument, "_meter_config", None)
        self._instrument = instrument
        self._storages = storages
        self._consumer = consumer


def behind(histogram: Any) -> Any:
    """Give the instrument behind proxies; None where there is none yet."""
    while hasattr(histogram, "_real_instrument") or hasattr(histogram, "_instrument"):
        histogram = getattr(histogram, "_real_instrument", None) or getattr(histogram, "_instrument", None)
    return histogram


def _aggregation(match: Any, attributes: Mapping[str, AttributeValue]) -> Any:
    """Find the aggregation of a set of attributes; None where there is none that stays."""
    if getattr(match, "_reset_on_collect", False):
        return None
    kept = match._view._attribute_keys  # noqa: SLF001
    wanted = {name: value for name, value in attributes.items() if kept is None or name in kept}
    with match._lock:  # noqa: SLF001
        made = reversed(match._attributes_aggregation.values())  # noqa: SLF001
        return next((one for one in made if one._attributes == wanted), None)  # noqa: SLF001
