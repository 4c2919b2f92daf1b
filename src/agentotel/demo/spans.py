"""Finished spans as plain JSON values, under the names of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opentelemetry.trace import format_span_id, format_trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext


def span_value(span: ReadableSpan) -> dict[str, object]:
    """Return a span as a JSON value.

    For example::

        {"name": "chat gpt-5-mini", "kind": "CLIENT", "trace_id": "<32 hex>", "span_id": "<16 hex>",
         "parent_span_id": "<16 hex>", "start_time_unix_nano": 1, "end_time_unix_nano": 2,
         "status": {"code": "UNSET", "description": None}, "attributes": {}, "events": [],
         "links": [], "resource": {"attributes": {}}}

    ``parent_span_id`` is None at the root.
    """
    return {
        "name": span.name,
        "kind": span.kind.name,
        **_ids(span.get_span_context()),
        "parent_span_id": None if span.parent is None else format_span_id(span.parent.span_id),
        "start_time_unix_nano": span.start_time,
        "end_time_unix_nano": span.end_time,
        "status": {"code": span.status.status_code.name, "description": span.status.description},
        "attributes": _plain(span.attributes),
        "events": [
            {
                "name": event.name,
                "time_unix_nano": event.timestamp,
                "attributes": _plain(event.attributes),
            }
            for event in span.events
        ],
        "links": [{**_ids(link.context), "attributes": _plain(link.attributes)} for link in span.links],
        "resource": {"attributes": _plain(span.resource.attributes)},
    }


def _ids(context: SpanContext | None) -> dict[str, object]:
    if context is None:
        return {"trace_id": None, "span_id": None}
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }


def _plain(attributes: Mapping[str, object] | None) -> dict[str, object]:
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in (attributes or {}).items()
    }
