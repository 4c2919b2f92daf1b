"""Random ids. Taken from the operating system, so that neither a fork nor ``random.seed`` repeats them."""

from __future__ import annotations

import os


def short_id() -> str:
    """Make an id of 16 hexadecimal digits, for turns, runs and steps."""
    return os.urandom(8).hex()


def long_id() -> str:
    """Make an id of 32 hexadecimal digits, for sessions."""
    return os.urandom(16).hex()
