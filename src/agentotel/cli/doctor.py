"""``agentotel doctor``: the settings in force, where each came from, and what is installed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from importlib.metadata import PackageNotFoundError, version

from agentotel.config import LEFT_TO_THE_SDK, SETTINGS, Found, Setting, resolve, sources
from agentotel.config.endpoints import without_secrets

PACKAGES: tuple[str, ...] = (
    "agentotel",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation",
    "genai-prices",
    "openai",
    "anthropic",
    "httpx",
    "httpx2",
)
"""Packages whose versions say what to expect."""


def command(arguments: Sequence[str]) -> int:
    """Print the report and return 0."""
    parser = argparse.ArgumentParser(prog="agentotel doctor", description=__doc__.partition(": ")[2])
    parser.add_argument("--all", action="store_true", help="show settings that are at their default too")
    options = parser.parse_args(arguments)
    sys.stdout.write("\n".join(report(everything=options.all)) + "\n")
    return 0


def report(*, everything: bool = False) -> Iterator[str]:
    """Write the report line by line; secrets are shown as ``(set)``."""
    yield f"Python {sys.version.split()[0]} on {sys.platform}"
    yield from (f"{name} {installed(name) or '(not installed)'}" for name in PACKAGES)
    yield ""
    yield "Export"
    for signal in resolve().signals:
        where = without_secrets(signal.endpoint) if signal.endpoint else ", ".join(signal.exporters)
        yield f"  {signal.name}: {f'{where} ({signal.protocol})' if where else 'not exported'}"
    yield ""
    yield "Settings" if everything else "Settings that differ from their defaults"
    found = sources({}, os.environ)
    shown = [_row(one, found[one.name]) for one in SETTINGS if everything or found[one.name].rank]
    yield from shown or ["  none"]
    left = [_variable(name) for names, _ in LEFT_TO_THE_SDK for name in names.split(", ") if name in os.environ]
    if left:
        yield ""
        yield "Variables that the SDK reads itself"
        yield from left


def installed(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _row(setting: Setting, found: Found) -> str:
    value = found.value.value if isinstance(found.value, Enum) else found.value
    if setting.secret:
        value = "(set)" if value else "(not set)"
    elif isinstance(value, str) and "://" in value:
        value = without_secrets(value)
    return f"  {setting.name} = {value}  [{found.source}]"


def _variable(name: str) -> str:
    return f"  {name} = {os.environ[name]}"
