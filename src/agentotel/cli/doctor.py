"""``agentotel doctor``: what would be recorded in this environment, where it would go, and what is wrong."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from agentotel.config import LEFT_TO_THE_SDK, SETTINGS, Settings, SignalSettings, resolve, sources
from agentotel.config.endpoints import without_secrets
from agentotel.errors import ConfigurationError

PACKAGES: tuple[str, ...] = (
    "agentotel",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation",
)
"""Packages whose versions say what to expect."""

NEIGHBOURS: tuple[str, ...] = (
    "agno",
    "autogen-core",
    "crewai",
    "google-adk",
    "langchain-core",
    "litellm",
    "logfire",
    "mcp",
    "openinference-instrumentation",
    "opentelemetry-instrumentation-anthropic",
    "opentelemetry-instrumentation-bedrock",
    "opentelemetry-instrumentation-genai-anthropic",
    "opentelemetry-instrumentation-genai-openai",
    "opentelemetry-instrumentation-google-genai",
    "opentelemetry-instrumentation-openai",
    "opentelemetry-instrumentation-openai-v2",
    "pydantic-ai-slim",
    "strands-agents",
)
"""Packages that may trace model calls too: their span of a call becomes one with ours."""

UNPATCHED = "it is not patched, and its calls are told by their HTTP requests only"

_PROBLEMS = 1

Section = dict[str, Any]
"""A part of the report as JSON holds it."""


def command(arguments: Sequence[str]) -> int:
    """Print the report; return 0, or 1 if it names a problem."""
    parser = argparse.ArgumentParser(prog="agentotel doctor", description=__doc__.partition(": ")[2])
    parser.add_argument("--all", action="store_true", help="show settings that are at their default too")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--offline", action="store_true", help="do not test the endpoint")
    options = parser.parse_args(arguments)
    found = examine(live=not options.offline)
    text = json.dumps(found, indent=2, default=str) if options.json else "\n".join(_text(found, all_=options.all))
    sys.stdout.write(f"{text}\n")
    return _PROBLEMS if found["problems"] else 0


def examine(*, live: bool = True) -> Section:
    """Look at the environment of this process. Values of secrets are left out, and nothing is patched.

    Args:
        live: Ask each endpoint by an export of nothing.
    """
    problems: list[str] = []
    with _warnings(problems):
        settings = resolve()
    return {
        "python": f"{sys.version.split()[0]} on {sys.platform}",
        "packages": {name: installed(name) for name in PACKAGES},
        "sdks": [*_sdks(problems)],
        "http": [*_http()],
        "neighbours": {name: number for name in NEIGHBOURS if (number := installed(name)) is not None},
        "disabled": settings.disabled,
        "export": [_signal(signal, problems, live=live) for signal in settings.signals],
        "content": settings.content.value,
        "prices": _prices(settings, problems),
        "settings": _settings(),
        "sdk_variables": dict(_left_to_the_sdk(os.environ)),
        "problems": problems,
    }


def installed(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@contextmanager
def _warnings(problems: list[str]) -> Iterator[None]:
    """Take what the library would log as problems, and keep it from the terminal."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            problems.append(record.getMessage())

    logger, handler = logging.getLogger("agentotel"), Handler(logging.WARNING)
    logger.addHandler(handler)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)


def _sdks(problems: list[str]) -> Iterator[Section]:
    from agentotel.capture.registry import ADAPTERS, load_adapter, support  # noqa: PLC0415 - not for --version

    none = True
    for package in ADAPTERS:
        adapter = load_adapter(package)
        found = support(adapter)
        none = none and found.version is None
        patched = [*_seams((*adapter.hooks, *adapter.tracers), problems)] if found.supported else []
        if found.version and not found.supported:
            problems.append(f"{package} {found.version} is not supported ({found.wanted}): {UNPATCHED}")
        yield {
            "package": package,
            "version": found.version,
            "wanted": found.wanted,
            "supported": found.supported,
            "patched": patched,
        }
    if none:
        problems.append(f"no SDK is installed: model calls are recorded of {' and '.join(ADAPTERS)}")


def _seams(hooks: Sequence[Any], problems: list[str]) -> Iterator[str]:
    """Name the methods that would be patched; this imports the SDK."""
    from agentotel.capture.registry import of_another_version, seam  # noqa: PLC0415

    for hook in hooks:
        name = str(hook)
        try:
            there = seam(hook)[1] is not None
        except Exception as error:  # noqa: BLE001 - an SDK that cannot be imported may raise anything
            if not (isinstance(error, ModuleNotFoundError) and of_another_version(hook, error)):
                problems.append(f"{name} cannot be imported: {type(error).__name__}: {error}")
            continue
        if there:
            yield name
        else:
            problems.append(f"{name} is not there: calls through it are not recorded")


def _http() -> Iterator[Section]:
    from agentotel.capture.libraries import LIBRARIES  # noqa: PLC0415 - not for --version

    for library in LIBRARIES:
        yield {"package": library.package, "version": installed(library.package)}


def _signal(signal: SignalSettings, problems: list[str], *, live: bool) -> Section:
    from agentotel.export.existing import existing_providers, name_of  # noqa: PLC0415 - imports OpenTelemetry
    from agentotel.export.exporters import maker  # noqa: PLC0415

    for name in signal.exporters:
        try:
            maker(name, signal)
        except ConfigurationError as error:
            problems.append(f"{signal.name} cannot be exported to {name!r}: {error}")
    provider = existing_providers()[signal.name]
    return {
        "signal": signal.name,
        "provider": None if provider is None else name_of(provider),
        "exporters": list(signal.exporters),
        "endpoint": without_secrets(signal.endpoint) if signal.endpoint else None,
        "protocol": signal.protocol if signal.endpoint else None,
        "answer": _answer(signal, problems) if live and signal.endpoint and "otlp" in signal.exporters else None,
    }


def _answer(signal: SignalSettings, problems: list[str]) -> str:
    """Ask the endpoint of a signal, and say how it answered."""
    from agentotel.export.trial import attempt  # noqa: PLC0415 - imports OpenTelemetry

    try:
        trial = attempt(signal)
    except ConfigurationError:
        return "not asked"  # the exporter is not there, which is told already
    if trial.taken:
        return f"answered in {trial.seconds * 1000:.0f} ms"
    if trial.taken is None and signal.name != "traces":
        return f"not taken here ({trial.said}): this signal will be switched off"
    where = without_secrets(signal.endpoint) if signal.endpoint else signal.name
    problems.append(f"{signal.name} cannot be sent to {where}: {trial.said}")
    return f"failed: {trial.said}"


def _prices(settings: Settings, problems: list[str]) -> Section:
    from agentotel.pricing import load_prices  # noqa: PLC0415 - not for --version

    file, own = settings.prices, 0
    if isinstance(file, str):
        try:
            own = len(load_prices(file))
        except ConfigurationError as error:
            problems.append(f"AGENTOTEL_PRICES: {error}")
    return {"catalogue": f"genai-prices {installed('genai-prices')}", "file": file, "own": own}


def _settings() -> Section:
    with _warnings([]):
        found = sources({}, os.environ)
    values = {
        one.name: (
            ("(set)" if found[one.name].value else "(not set)") if one.secret else _plain(found[one.name].value),
            found[one.name].source,
        )
        for one in SETTINGS
    }
    return {name: {"value": value, "source": source} for name, (value, source) in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return without_secrets(value) if isinstance(value, str) and "://" in value else value


def _left_to_the_sdk(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find the variables that the SDK reads itself; a name of the table may end in ``*``."""
    names = re.findall(r"OTEL_[A-Z_]+\*?", " ".join(names for names, _ in LEFT_TO_THE_SDK))
    prefixes = tuple(name.rstrip("*") for name in names if name.endswith("*"))
    for name in sorted(environ):
        if name in names or (prefixes and name.startswith(prefixes)):
            yield name, environ[name]


def _text(found: Section, *, all_: bool) -> Iterator[str]:
    packages = found["packages"]
    yield f"agentotel {packages['agentotel'] or '(not installed)'}, Python {found['python']}"
    yield ", ".join(f"{name} {number}" for name, number in packages.items() if number and name != "agentotel")
    yield from _part("SDKs", map(_sdk_line, found["sdks"]))
    there = [f"{one['package']} {one['version']}" for one in found["http"] if one["version"]]
    yield f"  attempts: through {', '.join(there) or 'no HTTP library that is known'}"
    beside = ", ".join(f"{name} {number}" for name, number in found["neighbours"].items())
    yield f"  adopted: {beside or 'nothing else here traces model calls'}"
    yield from _part("Export", _export_lines(found["export"]))
    prices = found["prices"]
    own = f", after {prices['own']} of {prices['file']}" if prices["own"] else ""
    yield from _part("Recording", [f"content: {found['content']}", f"prices: {prices['catalogue']}{own}"])
    if found["disabled"]:
        yield "  disabled: nothing is recorded and nothing is sent"
    yield from _part("Settings" if all_ else "Settings that differ from their defaults", _rows(found, all_=all_))
    if found["sdk_variables"]:
        left = found["sdk_variables"].items()
        yield from _part("Variables that the SDK reads itself", (f"{name} = {value}" for name, value in left))
    yield from _part("Problems", found["problems"])


def _part(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from [f"  {line}" for line in lines] or ["  none"]


def _sdk_line(sdk: Section) -> str:
    name = f"{sdk['package']}:"
    if sdk["version"] is None:
        return f"{name} not installed ({sdk['wanted']} is supported)"
    if not sdk["supported"]:
        return f"{name} {sdk['version']} is NOT supported ({sdk['wanted']} is): {UNPATCHED}"
    seams = ", ".join(".".join(seam.split(".")[-2:]) for seam in sdk["patched"])
    return f"{name} {sdk['version']} is supported ({sdk['wanted']}); patches {seams or 'nothing'}"


def _export_lines(signals: Sequence[Section]) -> Iterator[str]:
    yield from map(_signal_line, signals)
    if not any(signal["provider"] for signal in signals):
        yield "providers: none is set in this process, init() builds its own"
    if not any(signal["provider"] or signal["exporters"] for signal in signals):
        yield "nothing is sent: set OTEL_EXPORTER_OTLP_ENDPOINT, or pass init(endpoint=)"


def _signal_line(signal: Section) -> str:
    if signal["provider"] is not None:
        return f"{signal['signal']}: the application's {signal['provider']}, which sends as it is set up to"
    where = [signal["endpoint"] if name == "otlp" else name for name in signal["exporters"]]
    protocol = f" ({signal['protocol']})" if signal["protocol"] else ""
    answer = f": {signal['answer']}" if signal["answer"] else ""
    return f"{signal['signal']}: {', '.join(where)}{protocol}{answer}" if where else f"{signal['signal']}: not exported"


def _rows(found: Section, *, all_: bool) -> Iterator[str]:
    for name, one in found["settings"].items():
        if all_ or one["source"] != "default":
            yield f"{name} = {one['value']}  [{one['source']}]"
