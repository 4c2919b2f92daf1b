"""Sessions in the terminal: a tree on stderr that grows while they run."""

from __future__ import annotations

from agentotel.console.recorder import ConsoleRecorder

__all__ = ["ConsoleRecorder"]
