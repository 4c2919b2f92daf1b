"""Start a server as a child process, wait until it is ready, and stop it by its process id."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.backends.environment import clean_environment
from tests.backends.errors import BackendFailedError
from tests.backends.loopback import free_ports

_ATTEMPTS: Final = 3
_PAUSE_S: Final = 0.05
_STOP_TIMEOUT_S: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1

# Runs in the child before the server, in place of preexec_fn, which may deadlock in a process with threads and wakes
# gRPC's fork handlers. The kernel kills the server when the process that started it ends in any way, SIGKILL too.
_DIE_WITH_PARENT: Final = f"""
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server.

    Attributes:
        name: The backend, for example ``"jaeger"``.
        pid: The process id.
        directory: Its own temporary directory, removed when it stops unless an exception passes.
        log_path: What it printed, both streams.
    """

    name: str
    pid: int
    directory: Path
    log_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start one server on the given ports.

    Attributes:
        command: The program, as an absolute path, and its arguments.
        ready: Says whether the server answers; called until it does.
        environment: Variables added to those of this process.
    """

    command: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str]


@contextmanager
def serve(
    name: str, plan: Callable[[Path, list[int]], Launch], *, ports: int, timeout_s: float
) -> Iterator[tuple[Server, list[int]]]:
    """Run a server while the block runs.

    The server dies with the thread that called this, at the latest: call it from one that outlives its use.

    Args:
        name: The backend, for messages.
        plan: Given the server's directory and its ports, writes its configuration and says how to start it.
        ports: How many free ports it needs.
        timeout_s: How long it may take to become ready.

    Yields:
        The running server and its ports.

    Raises:
        BackendFailedError: It stopped or was not ready in time; the directory stays for a look at it.
    """
    directory = Path(tempfile.mkdtemp(prefix=f"agentotel-{name}-"))
    for attempt in range(1, _ATTEMPTS + 1):
        chosen = free_ports(ports)
        launch = plan(directory, chosen)
        log = directory / f"{name}-{attempt}.log"
        process = _start(launch, directory, log)
        try:
            reason = _wait(process, launch.ready, timeout_s)
            if reason is None:
                yield Server(name=name, pid=process.pid, directory=directory, log_path=log), chosen
                break
        finally:
            _stop(process)
        # Only a port taken since it was chosen is worth another try.
        if attempt == _ATTEMPTS or "address already in use" not in log.read_text(errors="replace").lower():
            raise BackendFailedError(name, reason, log_path=log)
    shutil.rmtree(directory, ignore_errors=True)


def _start(launch: Launch, directory: Path, log: Path) -> subprocess.Popen[bytes]:
    command = list(launch.command)
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=clean_environment(**launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in a terminal reaches the tests, which stop the server when they have flushed.
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], timeout_s: float) -> str | None:
    """Return None when the server is ready, else why it is not."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            return f"stopped with status {process.returncode} before it was ready"
        # Asked again after the answer: it may have come from a stranger on a port that was taken.
        if ready() and process.poll() is None:
            return None
        time.sleep(_PAUSE_S)
    return f"was not ready within {timeout_s:g} s"


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
