"""Processors and exporters that fail leave the application what it had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from agentotel._core import guard
from tests.conventions.recorded import recorded
from tests.faults.injected import InjectedError, aside, forget
from tests.faults.scenario import Application


class Starting(SpanProcessor):
    """Fails when a span starts."""

    def on_start(self, *_arguments: object, **_more: object) -> NoReturn:
        raise InjectedError


class Ending(SpanProcessor):
    """Fails when a span ends."""

    def on_end(self, span: ReadableSpan) -> NoReturn:  # noqa: ARG002 - the SDK's interface
        raise InjectedError


class Exporting(SpanExporter):
    """Fails when spans are sent."""

    def export(self, spans: Sequence[ReadableSpan]) -> NoReturn:  # noqa: ARG002 - the SDK's interface
        raise InjectedError


@pytest.fixture(scope="module")
def calls(application: Application) -> int:
    """How many calls a session counts whose pipeline does not fail."""
    with recorded() as made:
        application.run()
        counted: int = made.point("agent.session.llm_calls")
    return counted


@pytest.mark.parametrize(
    ("processor", "site"),
    [(Starting(), "record.start"), (Ending(), "record.finish"), (SimpleSpanProcessor(Exporting()), None)],
    ids=["on_start", "on_end", "export"],
)
def test_a_pipeline_that_fails_costs_no_call(
    processor: SpanProcessor, site: str | None, application: Application, expected: list[Any], calls: int
) -> None:
    with recorded(strict=False, processors=[processor]) as made:
        log, clean = aside(application.run)
        assert log == expected
        assert clean
        assert set(guard.counts()) == ({site} if site else set())
        assert made.point("gen_ai.client.operation.duration") is not None
        assert made.point("agent.session.llm_calls") == calls


def test_metrics_do_not_depend_on_spans(application: Application) -> None:
    sums = []
    for processors in ([], [Starting()]):
        forget()
        with recorded(strict=False, processors=processors) as made:
            application.run()
            sums.append(
                {(m.name, _total(m)) for m in made.metrics if m.unit != "s" and not m.name.startswith("agentotel.")}
            )
    assert sums[0] == sums[1]


def _total(metric: Any) -> float:
    points = metric.data.data_points
    return round(sum(point.value if hasattr(point, "value") else point.sum for point in points), 9)
