"""Put each backend into the cache, from source or packages, unless it is there already."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from tests.backends.cache import entry, locked, log_path, scratch
from tests.backends.environment import clean_environment
from tests.backends.errors import BackendUnavailable, log_tail

JAEGER_VERSION: Final = "1.76.0"
PHOENIX_VERSION: Final = "20.26.1"
# The version is whatever the distribution has; the entry is found again by this word.
PROMETHEUS_VERSION: Final = "packaged"

_JAEGER_MODULE: Final = "github.com/jaegertracing/jaeger"
_STEP_TIMEOUT_S: Final = 1_800.0


def install(name: str) -> str:
    """Install one backend if it is missing, and return what was done as a few words.

    Safe to call again and from several processes at once: one installs, the others wait and then find it.

    Raises:
        BackendUnavailable: A tool is missing, or a step failed; the reason ends with what the step printed.
        KeyError: No such backend.
    """
    ready, build = _BACKENDS[name]
    if ready():
        return "present"
    with locked(name):
        if ready():
            return "present, installed by another process"
        with log_path(name).open("wb") as log:
            return build(log)


def names() -> list[str]:
    """Return the backends that can be installed."""
    return list(_BACKENDS)


def jaeger_binary() -> Path:
    """Return the Jaeger executable, which is an OpenTelemetry Collector too.

    Raises:
        BackendUnavailable: It is not installed.
    """
    return _require("jaeger", entry("jaeger", JAEGER_VERSION) / "jaeger")


def phoenix_python() -> Path:
    """Return the interpreter whose environment holds Phoenix.

    Raises:
        BackendUnavailable: It is not installed.
    """
    return _require("phoenix", entry("phoenix", PHOENIX_VERSION) / "bin" / "python")


def prometheus_binary() -> Path:
    """Return the Prometheus server: the machine's own, or the one in the cache.

    Raises:
        BackendUnavailable: There is none.
    """
    return _prometheus_tool("prometheus")


def promtool_binary() -> Path:
    """Return promtool, which checks and tests rule files. Raises as `prometheus_binary` does."""
    return _prometheus_tool("promtool")


def _prometheus_tool(tool: str) -> Path:
    own = shutil.which(tool)
    return Path(own) if own else _require("prometheus", entry("prometheus", PROMETHEUS_VERSION) / tool)


def _require(name: str, path: Path) -> Path:
    if path.exists():
        return path
    raise BackendUnavailable(name, f"not installed; run: python -m tests.backends install {name}")


def _present(*find: Callable[[], Path]) -> bool:
    try:
        for each in find:
            each()
    except BackendUnavailable:
        return False
    return True


def _build_jaeger(log: IO[bytes]) -> str:
    go = _tool("jaeger", "go")
    module = f"{_JAEGER_MODULE}@v{JAEGER_VERSION}"
    with scratch("jaeger") as work, _steps("jaeger", log):
        answer = _output([go, "mod", "download", "-json", module], cwd=work, log=log)
        source = Path(str(json.loads(answer)["Dir"]))
        # A module of our own with Jaeger's requirements and sums: `go install` refuses a module with replacements,
        # and the public checksum database misses some of the versions.
        lines = (source / "go.mod").read_text(encoding="utf-8").splitlines()
        lines = ["module backends/jaeger" if line.startswith("module ") else line for line in lines]
        (work / "go.mod").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (work / "go.sum").write_bytes((source / "go.sum").read_bytes())
        _run([go, "mod", "edit", "-require", module], cwd=work, log=log)
        (work / "out").mkdir()
        target = ["-o", "out/jaeger", f"{_JAEGER_MODULE}/cmd/jaeger"]
        _run([go, "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", *target], cwd=work, log=log)
        (work / "out").rename(entry("jaeger", JAEGER_VERSION))
    return f"built {JAEGER_VERSION} with {go}"


def _unpack_prometheus(log: IO[bytes]) -> str:
    apt, dpkg = _tool("prometheus", "apt-get"), _tool("prometheus", "dpkg-deb")
    with scratch("prometheus") as work, _steps("prometheus", log):
        # The package is unpacked, not installed: nothing starts a daemon, and no rights are needed. The lists are our
        # own for the same reason, and because those of a new machine are empty.
        for directory in ("lists/partial", "cache/archives/partial", "out"):
            (work / directory).mkdir(parents=True)
        own = ["-o", f"Dir::State::lists={work / 'lists'}", "-o", f"Dir::Cache={work / 'cache'}"]
        _run([apt, "-q", *own, "update"], cwd=work, log=log)
        _run([apt, "-q", *own, "download", "prometheus"], cwd=work, log=log)
        package = next(work.glob("prometheus_*.deb"))
        _run([dpkg, "-x", str(package), "unpacked"], cwd=work, log=log)
        for tool in ("prometheus", "promtool"):
            (work / "unpacked" / "usr" / "bin" / tool).rename(work / "out" / tool)
        _run([str(work / "out" / "promtool"), "--version"], cwd=work, log=log)
        (work / "out").rename(entry("prometheus", PROMETHEUS_VERSION))
    return f"unpacked {package.name.removesuffix('.deb')}"


def _build_phoenix(log: IO[bytes]) -> str:
    package = f"arize-phoenix=={PHOENIX_VERSION}"
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    with scratch("phoenix") as work, _steps("phoenix", log):
        # The interpreter of a moved environment still works; its scripts, which hold the old path, do not.
        venv, python = work / "venv", str(work / "venv" / "bin" / "python")
        if uv:
            _run([uv, "venv", "-q", "--python", sys.executable, str(venv)], cwd=work, log=log)
            _run([uv, "pip", "install", "-q", "--python", python, package], cwd=work, log=log)
        else:
            _run([sys.executable, "-m", "venv", str(venv)], cwd=work, log=log)
            _run([python, "-m", "pip", "install", "-q", package], cwd=work, log=log)
        _run([python, "-c", "import phoenix.server.main"], cwd=work, log=log)
        venv.rename(entry("phoenix", PHOENIX_VERSION))
    return f"installed {PHOENIX_VERSION} with {'uv' if uv else 'pip'}"


_BACKENDS: Final[dict[str, tuple[Callable[[], bool], Callable[[IO[bytes]], str]]]] = {
    "jaeger": (lambda: _present(jaeger_binary), _build_jaeger),
    "prometheus": (lambda: _present(prometheus_binary, promtool_binary), _unpack_prometheus),
    "phoenix": (lambda: _present(phoenix_python), _build_phoenix),
}


def _tool(name: str, tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        raise BackendUnavailable(name, f"cannot be installed here: no {tool} on PATH")
    return found


def _run(command: list[str], *, cwd: Path, log: IO[bytes]) -> None:
    _record(command, log)
    subprocess.run(command, cwd=cwd, env=_environment(), stdout=log, stderr=log, check=True, timeout=_STEP_TIMEOUT_S)


def _output(command: list[str], *, cwd: Path, log: IO[bytes]) -> bytes:
    _record(command, log)
    return subprocess.run(
        command, cwd=cwd, env=_environment(), stdout=subprocess.PIPE, stderr=log, check=True, timeout=_STEP_TIMEOUT_S
    ).stdout


def _environment() -> dict[str, str]:
    # GOFLAGS of a developer may say -mod=vendor or turn the build's own flags around.
    return clean_environment(DEBIAN_FRONTEND="noninteractive", GOFLAGS="", GOWORK="off")


def _record(command: list[str], log: IO[bytes]) -> None:
    log.write(f"$ {' '.join(command)}\n".encode())
    log.flush()


@contextmanager
def _steps(name: str, log: IO[bytes]) -> Iterator[None]:
    """Turn a failed step into BackendUnavailable with the end of the log."""
    try:
        yield
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, StopIteration) as error:
        log.flush()
        tail = log_tail(log_path(name), tail_bytes=2_000)
        raise BackendUnavailable(name, f"installation failed: {error}; the end of {log_path(name)}:\n{tail}") from error
