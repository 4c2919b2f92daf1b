"""Real servers for the tests: install them, start them on free loopback ports, ask them what arrived.

Needs the standard library only. A person uses ``python -m tests.backends``, a test the fixtures of ``tests/e2e`` or
the context managers below::

    with collector() as backend, prometheus(scrape=[backend.metrics_target]) as metrics:
        send_to(backend.otlp_http)
        backend.wait_traces("my-service", minimum_spans=3)
        metrics.wait_query("gen_ai_client_token_usage_count > 0")
"""

from __future__ import annotations

from tests.backends.errors import BackendFailedError, BackendUnavailable
from tests.backends.hanging import HangingServer, hanging_server
from tests.backends.install import install, promtool_binary
from tests.backends.jaeger import Collector, Jaeger, collector, jaeger
from tests.backends.jaeger_json import JaegerSpan, JaegerTrace, tag_values
from tests.backends.phoenix import Phoenix, PhoenixSession, PhoenixSpan, phoenix
from tests.backends.prometheus import Prometheus, Sample, prometheus

__all__ = [
    "BackendFailedError",
    "BackendUnavailable",
    "Collector",
    "HangingServer",
    "Jaeger",
    "JaegerSpan",
    "JaegerTrace",
    "Phoenix",
    "PhoenixSession",
    "PhoenixSpan",
    "Prometheus",
    "Sample",
    "collector",
    "hanging_server",
    "install",
    "jaeger",
    "phoenix",
    "prometheus",
    "promtool_binary",
    "tag_values",
]
