"""Install the backends, or run some of them for a person who wants to look."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress

from tests.backends.errors import BackendFailedError, BackendUnavailable
from tests.backends.hanging import hanging_server
from tests.backends.install import install, names
from tests.backends.jaeger import collector, jaeger
from tests.backends.phoenix import phoenix
from tests.backends.process import Server
from tests.backends.prometheus import prometheus

_SERVERS = ("jaeger", "collector", "phoenix", "hanging", "prometheus")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status: 0 when every backend could be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.backends", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser("install", help="install what is missing into the cache")
    # No choices here: argparse in Python 3.11 holds the empty list against them.
    installing.add_argument("names", nargs="*", metavar="{" + ",".join(names()) + "}")
    starting = commands.add_parser("start", help="run servers until ctrl-C")
    starting.add_argument("names", nargs="+", choices=_SERVERS)
    starting.add_argument("--scrape", action="append", default=[], metavar="HOST:PORT", help="for prometheus")
    options = parser.parse_args(arguments)
    if options.command == "start":
        return _start(options.names, options.scrape)
    if unknown := set(options.names) - set(names()):
        parser.error(f"no such backend: {', '.join(sorted(unknown))}")
    return _install(options.names or names())


def _install(wanted: Sequence[str]) -> int:
    """Install side by side: one waits for the network while another compiles."""
    failed = 0
    with ThreadPoolExecutor(len(wanted)) as pool:
        for line in as_completed([pool.submit(_install_one, name) for name in dict.fromkeys(wanted)]):
            text, succeeded = line.result()
            failed += not succeeded
            _say(text)
    return 1 if failed else 0


def _install_one(name: str) -> tuple[str, bool]:
    started_s = time.monotonic()
    try:
        done, succeeded = install(name), True
    except BackendUnavailable as error:
        done, succeeded = error.reason, False
    return f"{name}: {done} ({time.monotonic() - started_s:.1f} s)", succeeded


def _start(wanted: Sequence[str], scrape: Sequence[str]) -> int:
    """Run the servers; Prometheus comes last and scrapes a collector started with it."""
    # A stop from outside ends the blocks as ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            targets = list(scrape)
            for name in (each for each in _SERVERS if each in wanted):
                _start_one(name, stack, targets)
            _say("ctrl-C stops")
            # Inside the blocks: an exception that passes them would keep their directories.
            with suppress(KeyboardInterrupt):
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except (BackendUnavailable, BackendFailedError) as error:
        _say(str(error))
        return 1
    return 0


def _start_one(name: str, stack: ExitStack, targets: list[str]) -> None:
    match name:
        case "jaeger":
            plain = stack.enter_context(jaeger())
            _show(plain.server, otlp_grpc=plain.otlp_grpc, otlp_http=plain.otlp_http, query=plain.query_url)
        case "collector":
            full = stack.enter_context(collector())
            targets.append(full.metrics_target)
            _show(full.server, otlp_grpc=full.otlp_grpc, otlp_http=full.otlp_http, query=full.query_url)
            _say(f"  metrics    {full.metrics_url}\n  logs       {full.logs_path}")
        case "phoenix":
            server = stack.enter_context(phoenix())
            _show(server.server, otlp_grpc=server.otlp_grpc, otlp_http=server.otlp_http, page=server.url)
        case "hanging":
            _say(f"hanging\n  url        {stack.enter_context(hanging_server()).url}")
        case _:
            metrics = stack.enter_context(prometheus(scrape=targets))
            _show(metrics.server, page=metrics.url, scrapes=" ".join(targets) or "nothing")


def _show(server: Server, **endpoints: str) -> None:
    _say(f"{server.name} (process {server.pid})")
    for label, value in {**endpoints, "log": str(server.log_path)}.items():
        _say(f"  {label:10} {value}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
