"""``agentotel demo``: a refund desk on two real SDKs and an emulator of their providers."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import agentotel
from agentotel.capture.registry import load_adapter, support
from agentotel.config import resolve
from agentotel.errors import CommandError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from agentotel.demo.chat import Model

__all__ = ["main"]

SERVICE_NAME = "refund-desk"
_JAEGER = (
    "See it in Jaeger: run `docker run --rm -p 4318:4318 -p 16686:16686 jaegertracing/jaeger`, then "
    "`OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 {} demo`, and open http://localhost:16686."
)


def main(argv: Sequence[str]) -> int:
    """Run the demo with command line arguments and return the exit code.

    The tree goes to stderr, totals or the spans as JSON to stdout. The code is 0, or 2 if the
    demo cannot start for lack of a package or a key.
    """
    options = _parser().parse_args(argv)
    try:
        _check_enabled()
        _check_packages()
        with _models(options) as models:
            _run(models, as_json=options.json)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentotel demo",
        description="Run a refund desk of three agents and watch it. Needs no key and no network.",
    )
    parser.add_argument("--json", action="store_true", help="print the spans as one JSON array")
    parser.add_argument(
        "--live",
        action="store_true",
        help="call the real providers, with OPENAI_API_KEY and ANTHROPIC_API_KEY or one of them",
    )
    parser.add_argument("--fast", action="store_true", help="let the emulator answer at once")
    return parser


def _check_enabled() -> None:
    if resolve().disabled:
        message = (
            "There is nothing to watch while agentotel is disabled: unset OTEL_SDK_DISABLED and AGENTOTEL_DISABLED."
        )
        raise CommandError(message)


def _check_packages() -> None:
    missing = [name for name in ("openai", "anthropic") if find_spec(name) is None]
    if missing:
        message = (
            f"The demo calls the real SDKs, and {' and '.join(missing)} cannot be imported: "
            'pip install "agentotel[demo]"'
        )
        raise CommandError(message)
    for name, found in ((name, support(load_adapter(name))) for name in ("openai", "anthropic")):
        if not found.supported:
            message = (
                f"The demo calls the real SDKs, and {name} {found.version} is not supported ({found.wanted}): "
                'pip install "agentotel[demo]"'
            )
            raise CommandError(message)


def _models(options: argparse.Namespace) -> AbstractContextManager[tuple[Model, Model]]:
    from agentotel.demo.models import emulated, live  # noqa: PLC0415 - after the check for the SDKs

    return live(os.environ) if options.live else emulated(fast=options.fast)


def _run(models: tuple[Model, Model], *, as_json: bool) -> None:
    from agentotel.demo.desk import RefundDesk  # noqa: PLC0415 - defines tools, so only to run it

    agentotel.init(service_name=SERVICE_NAME, console=True)
    collected = _collect() if as_json else None
    session = RefundDesk(*models).serve()
    agentotel.shutdown()
    if collected is None:
        _print_totals(session)
    else:
        _print_spans(collected)


def _collect() -> InMemorySpanExporter:
    """Collect spans in memory, next to wherever else they go."""
    from opentelemetry import trace  # noqa: PLC0415 - only --json needs it
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        message = "--json needs a tracer provider of OpenTelemetry's SDK: run it without opentelemetry-instrument."
        raise CommandError(message)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def _print_spans(exporter: InMemorySpanExporter) -> None:
    from agentotel.demo.spans import span_value  # noqa: PLC0415 - only --json needs it

    spans = sorted(exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
    print(json.dumps([span_value(span) for span in spans], indent=2))


def _print_totals(session: agentotel.Session) -> None:
    totals = session.totals
    cost = "unknown" if totals.cost_usd is None else f"${totals.cost_usd:.4f}"
    print(
        f"model calls {totals.llm_calls}, tool calls {totals.tool_calls}, retries {totals.retries}, "
        f"errors {totals.errors}, tokens {totals.input_tokens} in and {totals.output_tokens} out, "
        f"cost {cost}, stopped {session.stop_reason}"
    )
    if resolve().traces.exporters:
        print(f"Sent over OTLP, unless a warning above says no: look for the service {SERVICE_NAME} in your backend.")
    else:
        print(_JAEGER.format(_own_command()))


def _own_command() -> str:
    """Give the words that start this very program again: where it is not on the path, by its own path."""
    found = shutil.which("agentotel")
    started = Path(sys.argv[0])
    if found is not None and started.exists() and Path(found).samefile(started):
        return "agentotel"
    return shlex.join([sys.argv[0]] if started.name == "agentotel" else [sys.executable, "-m", "agentotel"])
