"""Which versions of the OpenTelemetry SDK are known from inside, and what is written past its checks there.

The SDK checks and copies every attribute of every span and record. The values of the library's own are of types that
need neither, and the checks cost more than everything else that the library does in a call. With any other version,
any other implementation of the API, and where limits could be reached, all goes through the API.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from agentotel.facts.call import AttributeValue

KNOWN: Final = ((1, 38), (1, 45))
"""The oldest and the newest version that is known from inside."""


def is_known() -> bool:
    """Tell whether the SDK that is loaded is known from inside."""
    version = import_module("opentelemetry.sdk.version").__version__  # not every SDK loads it
    oldest, newest = KNOWN
    return oldest <= tuple(int(part) for part in version.split(".")[:2]) <= newest


def write(span: Any, attributes: Mapping[str, AttributeValue]) -> None:
    """Set attributes of a span that records; their values are plain."""
    kind: type = type(span)
    if _is_open(kind):
        kept = span._attributes  # noqa: SLF001 - see the module
        if kept.max_value_len is None and (kept.maxlen is None or len(kept) + len(attributes) <= kept.maxlen):
            with kept._lock:  # noqa: SLF001
                kept._dict.update(_owned(attributes))  # noqa: SLF001
            return
    span.set_attributes(attributes)


def add_event(span: Any, name: str, attributes: Mapping[str, AttributeValue], at_ns: int | None = None) -> None:
    """Add an event to a span that records; its attributes are plain and stay as they are, ``at_ns`` is now if None."""
    kind: type = type(span)
    if _is_open(kind):
        limits = span._limits  # noqa: SLF001
        most = limits.max_event_attributes
        if limits.max_attribute_length is None and (most is None or len(attributes) <= most):
            span._add_event(_event_of(kind)(name, _owned(attributes), at_ns))  # noqa: SLF001
            return
    span.add_event(name, attributes, timestamp=at_ns)


def _owned(attributes: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
    """Give attributes that nobody can change: lists as tuples."""
    for value in attributes.values():
        if value.__class__ is list:
            return {name: tuple(said) if isinstance(said, list) else said for name, said in attributes.items()}
    return attributes


@functools.lru_cache(maxsize=64)
def _event_of(kind: type) -> Any:
    return import_module(kind.__module__).Event


@functools.lru_cache(maxsize=64)
def _is_open(kind: type) -> bool:
    return kind.__module__ == "opentelemetry.sdk.trace" and kind.__name__ == "_Span" and is_known()
