"""The real backends, started once per session and shared.

A test that shares a backend uses a service name, trace or session of its own, so that it reads back only what it sent.
A test that needs an empty backend, or one to stop, uses the context managers of ``tests.backends``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.backends import Collector, Jaeger, Phoenix, Prometheus, collector, jaeger, phoenix, prometheus
from tests.backends.errors import log_tail
from tests.backends.pytest_support import require


@pytest.fixture(scope="session")
def jaeger_backend() -> Iterator[Jaeger]:
    """Run a plain Jaeger: traces only."""
    require("jaeger")
    with jaeger(traces_only=True) as backend:
        yield backend


@pytest.fixture(scope="session")
def collector_backend() -> Iterator[Collector]:
    """Run a Collector: traces, metrics and logs."""
    require("collector")
    with collector() as backend:
        yield backend


@pytest.fixture(scope="session")
def prometheus_backend(collector_backend: Collector) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes the Collector."""
    require("prometheus")
    with prometheus(scrape=[collector_backend.metrics_target]) as backend:
        yield backend


@pytest.fixture(scope="session")
def phoenix_backend() -> Iterator[Phoenix]:
    """Run a Phoenix."""
    require("phoenix")
    with phoenix() as backend:
        yield backend


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the log of each backend that a failed test used."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            if isinstance(value, Jaeger | Prometheus | Phoenix):
                report.sections.append((f"log of {value.server.name}", log_tail(value.server.log_path)))
    return report
