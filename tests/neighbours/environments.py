"""One environment for each neighbour, kept in the cache of the backends and made again when its row changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.backends.cache import cache_directory, entry, locked
from tests.neighbours.table import Neighbour

ROOT: Final = Path(__file__).parents[2]
TIME_LIMIT_S: Final = 900.0
_LAST_LINES: Final = 6


class UnavailableError(Exception):
    """A neighbour cannot be installed here; the message says why."""


def python_of(neighbour: Neighbour) -> Path:
    """Give the interpreter of a neighbour's environment, made on first use.

    Raises:
        UnavailableError: Its packages cannot be found or do not go together; the message ends with what the tool said.
    """
    row = neighbour.name.partition("@")[0]
    name = f"neighbour-{row}-{sys.version_info.major}.{sys.version_info.minor}"
    home = entry(name, _version(neighbour))
    python = home / "bin" / "python"
    with locked(name):
        done = home / "installed"
        if not done.exists():
            for stale in cache_directory().glob(f"{name}-*/"):
                shutil.rmtree(stale, ignore_errors=True)
            _make(home, python, neighbour)
            done.touch()
    return python


def _version(neighbour: Neighbour) -> str:
    """Tell environments apart by what went into them."""
    row = json.dumps([_packages(neighbour), neighbour.prereleases])
    return hashlib.sha256(row.encode()).hexdigest()[:12]


def _packages(neighbour: Neighbour) -> list[str]:
    """Name what is installed: for the library what it needs; itself is on the path of what runs there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*neighbour.requires, *project["dependencies"]]  # the newest neighbour counts, not the newest OpenTelemetry


def _make(home: Path, python: Path, neighbour: Neighbour) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    packages = _packages(neighbour)
    if uv is not None:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)])
        more = ["--prerelease=allow"] if neighbour.prereleases else []
        _run([uv, "pip", "install", "--quiet", "--python", str(python), *more, *packages])
    else:
        _run([sys.executable, "-m", "venv", str(home)])
        more = ["--pre"] if neighbour.prereleases else []
        _run([str(python), "-m", "pip", "install", "--quiet", *more, *packages])


def _run(command: list[str]) -> None:
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT_S, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{command[0]} took more than {TIME_LIMIT_S:.0f} s") from error
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()[-_LAST_LINES:]
        raise UnavailableError("\n".join(said))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
