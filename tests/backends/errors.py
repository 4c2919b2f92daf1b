"""What can go wrong with a backend: it is not there, or it does not start."""

from __future__ import annotations

from pathlib import Path

_TAIL_BYTES = 6_000


class BackendUnavailable(Exception):  # noqa: N818 - a state the tests ask about, named as they read it
    """Say that a backend cannot be had on this machine.

    Attributes:
        name: The backend, for example ``"jaeger"``.
        reason: One sentence for a person, with the fix where there is one.
    """

    def __init__(self, name: str, reason: str) -> None:
        """Keep the two parts: a skip shows the reason alone."""
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class BackendFailedError(Exception):
    """Say that an installed backend stopped early or never became ready, with the end of its log."""

    def __init__(self, name: str, reason: str, *, log_path: Path) -> None:
        """Read the end of the log now: its directory may be gone when the message is shown."""
        super().__init__(f"{name}: {reason}; the end of {log_path}:\n{log_tail(log_path)}")
        self.name = name
        self.reason = reason


def log_tail(log_path: Path, *, tail_bytes: int = _TAIL_BYTES) -> str:
    """Return the end of a log file as text; an empty or missing file is ``"(empty)"``."""
    try:
        with log_path.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - tail_bytes))
            return log.read().decode(errors="replace").strip() or "(empty)"
    except FileNotFoundError:
        return "(empty)"
