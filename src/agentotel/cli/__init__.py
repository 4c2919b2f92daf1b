"""The command line: ``agentotel COMMAND ...``. One file per command, imported when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from agentotel.errors import CommandError

COMMANDS: dict[str, str] = {
    "run": "run a program with agentotel switched on, without changing it",
    "demo": "watch a sample session; needs no key and no network",
    "doctor": "say what would be recorded here, where it goes, and what is wrong",
}
"""Every command with one line of help. The command ``x`` is ``agentotel.cli.x.command``."""

_USAGE_ERROR = 2


class Command(Protocol):
    """What a command's module offers."""

    def __call__(self, arguments: Sequence[str]) -> int:
        """Run with the arguments after the command's name, and return the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 2 for wrong use, or the command's own.

    Args:
        arguments: Words after the program's name; None takes them from ``sys.argv``.
    """
    name, *rest = _parse(sys.argv[1:] if arguments is None else arguments)
    command = cast("Command", import_module(f"agentotel.cli.{name}").command)
    try:
        return command(rest)
    except CommandError as error:
        sys.stderr.write(f"agentotel {name}: {error}\n")
        return _USAGE_ERROR


def _parse(arguments: Sequence[str]) -> list[str]:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="agentotel",
        description="OpenTelemetry for LLM agents.",
        epilog=f"commands:\n{listing}\n\nagentotel COMMAND --help tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the versions in use and exit")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its own arguments")
    if not arguments:
        parser.print_help()
        parser.exit()
    found = parser.parse_args(arguments)
    return [found.command, *found.rest]


class _Version(argparse.Action):
    """Show versions; they are looked up when asked for, because that is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from agentotel.cli.doctor import installed  # noqa: PLC0415 - slow, and rarely needed

        python = ".".join(map(str, sys.version_info[:3]))
        sdk = installed("opentelemetry-sdk") or "missing"
        own = installed("agentotel") or "not installed"
        sys.stdout.write(f"agentotel {own} (opentelemetry-sdk {sdk}, Python {python})\n")
        parser.exit()
