"""``agentotel demo``: the sample session. Its code and its options are in ``agentotel.demo``."""

from __future__ import annotations

from collections.abc import Sequence


def command(arguments: Sequence[str]) -> int:
    """Run the demo with its own arguments and return its exit code."""
    from agentotel.demo import main  # noqa: PLC0415 - the demo imports the public API, this command line does not

    return main(arguments)
