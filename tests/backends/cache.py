"""The directory outside the checkout that holds what was installed.

An entry is one directory, named after the backend and its version. It is built beside its place and renamed, so an
entry that exists is whole, and a lock per backend lets one process build while the others wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_directory() -> Path:
    """Return ``$AGENTOTEL_BACKENDS_CACHE``, or ``~/.cache/agentotel-backends``. It may not exist yet."""
    configured = os.environ.get("AGENTOTEL_BACKENDS_CACHE")
    return Path(configured).absolute() if configured else Path.home() / ".cache" / "agentotel-backends"


def entry(name: str, version: str) -> Path:
    """Return the place of one version of one backend; it exists only when it is whole."""
    return cache_directory() / f"{name}-{version}"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of one backend against other processes and threads; wait for it without a limit."""
    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Make an empty directory in the cache for a build, and remove it at the end.

    What a killed build left behind is removed first, so call it with the lock held.
    """
    directory = cache_directory()
    for stale in directory.glob(f"building-{name}-*"):
        _remove(stale)
    path = Path(tempfile.mkdtemp(prefix=f"building-{name}-", dir=directory))
    try:
        yield path
    finally:
        _remove(path)


def log_path(name: str) -> Path:
    """Return the file that holds what the last installation of a backend printed."""
    return cache_directory() / f"{name}-install.log"


def _remove(path: Path) -> None:
    # A leftover costs disk, nothing else; the next build tries again.
    shutil.rmtree(path, ignore_errors=True)
