"""Histogram records whose attributes are known beforehand.

The SDK cleans, copies, sorts and hashes the attributes of every record, which makes three quarters of its price, and
nothing public lets one bind them. Here the first record of a set of attributes goes through the API; later ones go to
the aggregations that it made. With an SDK that is not known from inside (``sdk``), with aggregations that a collection
discards (delta temporality), with another implementation of the API and beyond the SDK's limit of attribute sets,
every record goes through the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.metrics import Histogram

from agentotel.facts.call import AttributeValue
from agentotel.record.sdk import is_known

NOWHERE: Final = otel_context.set_value("agentotel-nowhere", 1, Context())
"""A context without a span, for records that need no exemplar. An empty one would count as none."""

_BUILT_IN: Final = frozenset({"TraceBasedExemplarFilter", "AlwaysOnExemplarFilter", "AlwaysOffExemplarFilter"})
"""Exemplar filters that say the same of every record outside a span."""

_SDK: Final = "opentelemetry.sdk.metrics._internal.instrument"
_CONSUMER: Final = "SynchronousMeasurementConsumer"


class _Measurement(NamedTuple):
    """What an aggregation reads of the SDK's ``Measurement``, whose attributes are cleaned already."""

    value: float
    time_unix_nano: int
    instrument: Any
    context: Context
    attributes: Mapping[str, AttributeValue]


def _always() -> bool:
    return True


class BoundHistogram:
    """One histogram with one set of attributes, whose values are of the types that the SDK does not have to clean."""

    __slots__ = (
        "_aggregate",
        "_attributes",
        "_consumer",
        "_enabled",
        "_histogram",
        "_instrument",
        "_nowhere",
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
        self._enabled: Callable[[], bool] = _always
        self._sampled: Callable[..., bool] = bool
        self._nowhere: bool | None = None
        self._aggregate: tuple[Callable[[Any, bool | None], object], ...] = ()

    def record(self, value: float, context: Context, at_ns: int, *, sampled: bool | None = None) -> bool | None:
        """Record ``value``, not negative, in ``context``, whose span may become its exemplar at ``at_ns``.

        Gives whether it may, where that is so of every record in this context. Further records of the same meter in
        it take that as ``sampled``.
        """
        consumer = self._consumer
        if consumer is None or consumer._reader_storages is not self._storages:  # noqa: SLF001 - see the module
            self._histogram.record(value, self._attributes, context=context)
            if not self._tried or consumer is not None:
                self._bind()
            return sampled
        if not self._enabled():
            return sampled
        same = self._nowhere is not None
        if not same or sampled is None:
            nowhere = context is NOWHERE and same
            sampled = self._nowhere if nowhere else self._sampled(value, at_ns, self._attributes, context)
        measurement = _Measurement(value, at_ns, self._instrument, context, self._attributes)
        for aggregate in self._aggregate:
            aggregate(measurement, sampled)
        return sampled if same else None

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
        self._aggregate = tuple(one.aggregate for one in found)
        exemplars = consumer._sdk_config.exemplar_filter  # noqa: SLF001
        self._sampled = exemplars.should_sample
        if type(exemplars).__name__ in _BUILT_IN:
            self._nowhere = self._sampled(0, 0, self._attributes, NOWHERE)
        self._enabled = getattr(instrument, "_is_enabled", _always)
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
