"""What Jaeger's query API answers, as far as the tests read it."""

from __future__ import annotations

from typing import TypedDict

Scalar = str | int | float | bool


class JaegerTag(TypedDict):
    """A span, event or resource attribute; lists arrive as JSON text."""

    key: str
    type: str
    value: Scalar


class JaegerReference(TypedDict):
    """A parent (``CHILD_OF``) or a link (``FOLLOWS_FROM``)."""

    refType: str
    traceID: str
    spanID: str


class JaegerLog(TypedDict):
    """A span event; its name is the field ``event``. The time is Unix microseconds."""

    timestamp: int
    fields: list[JaegerTag]


class JaegerSpan(TypedDict):
    """A span; times are Unix microseconds, so nanoseconds are lost."""

    traceID: str
    spanID: str
    operationName: str
    references: list[JaegerReference]
    startTime: int
    duration: int
    tags: list[JaegerTag]
    logs: list[JaegerLog]
    processID: str


class JaegerProcess(TypedDict):
    """A resource: the service's name and the other resource attributes."""

    serviceName: str
    tags: list[JaegerTag]


class JaegerTrace(TypedDict):
    """A trace with the resources that its spans name by ``processID``."""

    traceID: str
    spans: list[JaegerSpan]
    processes: dict[str, JaegerProcess]


def tag_values(tags: list[JaegerTag]) -> dict[str, Scalar]:
    """Return tags as a mapping, for example ``{"gen_ai.request.model": "gpt-5", "span.kind": "client"}``."""
    return {tag["key"]: tag["value"] for tag in tags}
