"""Which versions of the OpenTelemetry SDK are known from inside, and what is written past its checks there.

The SDK checks and copies every attribute of every span and record. The values of the library's own are of types that
need neither, and the checks cost more than everything else that the library does in a call. With any other version,
any other implementation of the API, and where limits could be reached, all goes through the API.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from agentotel.facts.call import AttributeValue

KNOWN: Final = ((1, 38), (1, 45))
"""The oldest and the newest version that is known from inside."""


_TRACE: Final = "opentelemetry.sdk.trace"
_STARTS: Final = (1, 43)
"""The oldest version whose start of a span is known."""


def is_known() -> bool:
    """Tell whether the SDK that is loaded is known from inside."""
    oldest, newest = KNOWN
    return oldest <= _version() <= newest


def _version() -> tuple[int, ...]:
    version = import_module("opentelemetry.sdk.version").__version__  # not every SDK loads it
    return tuple(int(part) for part in version.split(".")[:2])


def starter(tracer: Any) -> Callable[..., Any]:
    """Give what starts spans as ``tracer.start_span`` does, where their attributes are scalars."""
    kind: Any = type(tracer)
    if _is_sdks(kind, "Tracer") and kind.start_span.__module__ == _TRACE and _version() >= _STARTS:
        limits = tracer._span_limits  # noqa: SLF001 - see the module
        starting = import_module("agentotel.record.starting")  # it imports the SDK
        most = limits.max_span_attributes
        if limits.max_span_attribute_length is None and (most is None or most >= starting.MOST):
            return functools.partial(starting.start_span, tracer)
    return tracer.start_span  # type: ignore[no-any-return]  # of any implementation


def write(span: Any, attributes: Mapping[str, AttributeValue]) -> None:
    """Set attributes of a span that records; their values are plain."""
    kind: type = type(span)
    if _is_sdks(kind, "_Span"):
        kept = span._attributes  # noqa: SLF001 - see the module
        if kept.max_value_len is None and (kept.maxlen is None or len(kept._dict) + len(attributes) <= kept.maxlen):  # noqa: SLF001
            with kept._lock:  # noqa: SLF001
                kept._dict.update(_owned(attributes))  # noqa: SLF001
            return
    span.set_attributes(attributes)


def add_event(span: Any, name: str, attributes: Mapping[str, AttributeValue], at_ns: int | None = None) -> None:
    """Add an event to a span that records; its attributes are plain and stay as they are, ``at_ns`` is now if None."""
    kind: type = type(span)
    if _is_sdks(kind, "_Span"):
        limits = span._limits  # noqa: SLF001
        most = limits.max_event_attributes
        if limits.max_attribute_length is None and (most is None or len(attributes) <= most):
            span._add_event(_event_of(kind)(name, _owned(attributes), at_ns))  # noqa: SLF001
            return
    span.add_event(name, attributes, timestamp=at_ns)


def _owned(attributes: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
    """Give attributes that nobody can change: lists as tuples."""
    if list not in map(type, attributes.values()):
        return attributes
    return {name: tuple(said) if isinstance(said, list) else said for name, said in attributes.items()}


@functools.lru_cache(maxsize=64)
def _event_of(kind: type) -> Any:
    return import_module(kind.__module__).Event


@functools.lru_cache(maxsize=64)
def _is_sdks(kind: type, name: str) -> bool:
    return kind.__module__ == _TRACE and kind.__name__ == name and is_known()
