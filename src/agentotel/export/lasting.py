"""Global providers that outlast the providers behind them.

OpenTelemetry takes a global provider once in a process, and whoever asked it for a tracer, a meter or a logger keeps
that. So what ``init()`` makes global is a provider of this module: it hands on to the provider of the last
``init()``, and so does everything that was obtained from it, before or after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from opentelemetry import metrics
from opentelemetry.metrics import _Gauge as Gauge
from opentelemetry.sdk._logs import Logger, LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.trace import Span

from agentotel._core.guard import site
from agentotel.export.existing import Lasting

_follow = site("export.follow")

T = TypeVar("T")


class _Latest(Generic[T]):
    """Something of the current provider; asked for anew once another provider is current."""

    __slots__ = ("_home", "_known", "_make")

    def __init__(self, home: Lasting, make: Callable[[Any], T]) -> None:
        self._home = home
        self._make = make
        self._known = home.current, make(home.current)

    def __call__(self) -> T:
        provider, known = self._known
        current = self._home.current
        if provider is not current:
            known = self._make(current)
            self._known = current, known
        return known


class _Tracer(Tracer):
    """Inherits what is made of ``start_span``, decorators included, and has the attributes of the tracer behind it."""

    def __init__(self, latest: _Latest[Any]) -> None:
        self._latest = latest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._latest(), name)

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        span: Span = self._latest().start_span(*args, **kwargs)
        return span


class LastingTracerProvider(Lasting, TracerProvider):
    """The global tracer provider."""

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """Make a tracer that lasts."""
        return _Tracer(_Latest(self, lambda provider: provider.get_tracer(*args, **kwargs)))


class _Logger(Logger):
    """Has the attributes of the logger behind it."""

    def __init__(self, latest: _Latest[Any]) -> None:
        self._latest = latest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._latest(), name)

    def emit(self, *args: Any, **kwargs: Any) -> None:
        self._latest().emit(*args, **kwargs)


class LastingLoggerProvider(Lasting, LoggerProvider):
    """The global logger provider."""

    def get_logger(self, *args: Any, **kwargs: Any) -> Logger:
        """Make a logger that lasts."""
        return _Logger(_Latest(self, lambda provider: provider.get_logger(*args, **kwargs)))


class _Instrument:
    """An instrument that hands on to the one of the current provider."""

    def __init__(self, latest: _Latest[Any]) -> None:
        self._latest = latest


class _Counter(_Instrument, metrics.Counter):
    def add(self, *args: Any, **kwargs: Any) -> None:
        self._latest().add(*args, **kwargs)


class _UpDownCounter(_Instrument, metrics.UpDownCounter):
    def add(self, *args: Any, **kwargs: Any) -> None:
        self._latest().add(*args, **kwargs)


class _Histogram(_Instrument, metrics.Histogram):
    def record(self, *args: Any, **kwargs: Any) -> None:
        self._latest().record(*args, **kwargs)


class _GaugeNow(_Instrument, Gauge):
    def set(self, *args: Any, **kwargs: Any) -> None:
        self._latest().set(*args, **kwargs)


class _Meter(metrics.Meter):
    """Makes instruments that last; observable ones are made again for every provider."""

    def __init__(self, home: LastingMeterProvider, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args[:3], **{name: value for name, value in kwargs.items() if name != "attributes"})
        self._home = home
        self._arguments = args, kwargs

    def _maker(self, method: str, args: Any, kwargs: Any) -> Callable[[Any], Any]:
        of_meter, named = self._arguments

        def make(provider: Any) -> Any:
            return getattr(provider.get_meter(*of_meter, **named), method)(*args, **kwargs)

        return make

    def create_counter(self, *args: Any, **kwargs: Any) -> metrics.Counter:
        return _Counter(_Latest(self._home, self._maker("create_counter", args, kwargs)))

    def create_up_down_counter(self, *args: Any, **kwargs: Any) -> metrics.UpDownCounter:
        return _UpDownCounter(_Latest(self._home, self._maker("create_up_down_counter", args, kwargs)))

    def create_histogram(self, *args: Any, **kwargs: Any) -> metrics.Histogram:
        return _Histogram(_Latest(self._home, self._maker("create_histogram", args, kwargs)))

    def create_gauge(self, *args: Any, **kwargs: Any) -> Gauge:
        return _GaugeNow(_Latest(self._home, self._maker("create_gauge", args, kwargs)))

    def create_observable_counter(self, *args: Any, **kwargs: Any) -> Any:
        return self._home.observe(self._maker("create_observable_counter", args, kwargs))

    def create_observable_up_down_counter(self, *args: Any, **kwargs: Any) -> Any:
        return self._home.observe(self._maker("create_observable_up_down_counter", args, kwargs))

    def create_observable_gauge(self, *args: Any, **kwargs: Any) -> Any:
        return self._home.observe(self._maker("create_observable_gauge", args, kwargs))


class LastingMeterProvider(Lasting, MeterProvider):
    """The global meter provider."""

    def __init__(self, current: Any) -> None:
        super().__init__(current)
        self.observed: list[Callable[[Any], object]] = []

    def get_meter(self, *args: Any, **kwargs: Any) -> metrics.Meter:
        """Make a meter that lasts."""
        return _Meter(self, *args, **kwargs)

    def observe(self, make: Callable[[Any], T]) -> T:
        """Make an observable instrument of the current provider, and of every later one."""
        self.observed.append(make)
        return make(self.current)

    def follow(self, provider: Any) -> None:
        """Hand on to ``provider`` from now on."""
        super().follow(provider)
        for make in self.observed:
            _follow(make, provider)
