"""``validate()``: everything that collected telemetry has against the conventions and the library's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import Metric
from opentelemetry.sdk.trace import ReadableSpan

from tests.conventions.signals import duration_problems, family_problems, log_problems, metric_problems
from tests.conventions.spans import problems_of


def validate(spans: Sequence[ReadableSpan], metrics: Sequence[Metric] = (), logs: Iterable[Any] = ()) -> list[str]:
    """Give every problem as a sentence; none where all is well.

    Args:
        spans: Finished spans, those of other libraries too.
        metrics: The metrics of agentotel's meter, as a reader collected them after the last span ended. Where
            there are any, durations are compared with the spans.
        logs: The log records of agentotel's logger.
    """
    found = [f"span {span.name!r}: {text}" for span in spans for text in problems_of(span)]
    found += [f"metric {metric.name}: {text}" for metric in metrics for text in metric_problems(metric)]
    found += [f"log record {record.event_name}: {text}" for record in logs for text in log_problems(record)]
    if metrics:
        found += [*family_problems(metrics), *duration_problems(spans, metrics)]
    return found
