"""How long a process with all three signals takes to end, and what it says, whatever its backend does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.otlp import Protocol, otlp_sink

ROOT = Path(__file__).parents[2]
PROTOCOLS: list[Protocol] = ["http/protobuf", "grpc"]
DEADLINE_S = 5.0
START_S = 4.0
"""What a slow machine may take to start Python and import the SDK."""

EMIT = """
import os, sys, time
import agentotel
from opentelemetry import _logs, metrics, trace

def emit(name="a"):
    with trace.get_tracer("t").start_as_current_span(name):
        metrics.get_meter("t").create_counter("c").add(1)
        _logs.get_logger("t").emit(event_name="e", body="b")

agentotel.init()
emit()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its code, what it wrote, and its life in seconds."""

    code: int
    out: str
    err: str
    total_s: float


def run(code: str, endpoint: str, protocol: str = "http/protobuf", **variables: str) -> Ended:
    """Run a program with this endpoint in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        **variables,
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_everything_is_sent_at_exit(protocol: Protocol) -> None:
    with otlp_sink(protocol) as sink:
        ended = run(EMIT, sink.url, protocol, OTEL_SERVICE_NAME="exit")
    assert (ended.code, ended.err) == (0, "")
    assert [span.name for span in sink.spans] == ["a"]
    assert "c" in [metric.name for metric in sink.metrics]
    assert [record.event_name for record in sink.logs] == ["e"]
    assert sink.resource()["service.name"] == "exit"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backend_that_never_answers_delays_the_exit_by_one_deadline(protocol: Protocol) -> None:
    with otlp_sink(protocol, hang=True) as sink:
        ended = run(EMIT, sink.url, protocol)
    assert set(sink.attempts) == {"traces", "metrics", "logs"}
    assert ended.code == 0
    assert DEADLINE_S <= ended.total_s < DEADLINE_S + START_S
    assert len(ended.err.splitlines()) == 1
    assert "stopped waiting for the backend after 5.0 s: 1 span" in ended.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_deadline_is_a_setting(protocol: Protocol) -> None:
    with otlp_sink(protocol, hang=True) as sink:
        ended = run(EMIT, sink.url, protocol, AGENTOTEL_SHUTDOWN_TIMEOUT_S="0.5")
    assert ended.total_s < START_S
    assert "after 0.5 s" in ended.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backend_that_hangs_since_long_delays_no_more(protocol: Protocol) -> None:
    busy = EMIT + "agentotel.flush(0.5)\nemit()\nemit()\n"
    with otlp_sink(protocol, hang=True) as sink:
        ended = run(busy, sink.url, protocol, AGENTOTEL_SHUTDOWN_TIMEOUT_S="1")
    assert ended.total_s < START_S + 1.5
    assert "3 spans" in ended.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_unreachable_backend_delays_nothing_and_is_told_once(protocol: Protocol) -> None:
    ended = run(EMIT, "http://127.0.0.1:9", protocol)
    assert ended.code == 0
    assert ended.total_s < START_S
    assert len(ended.err.splitlines()) == 1
    assert "Connection refused. Is a collector listening there?" in ended.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backend_that_is_gone_during_a_retry_delays_nothing(protocol: Protocol) -> None:
    waiting = EMIT + "agentotel.flush(0.3)\nemit()\n"
    ended = run(waiting, "http://127.0.0.1:9", protocol)
    assert ended.total_s < START_S


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backend_for_traces_only_is_told_in_one_line(protocol: Protocol) -> None:
    with otlp_sink(protocol, refuse={"metrics", "logs"}) as sink:
        ended = run(EMIT, sink.url, protocol)
    assert [span.name for span in sink.spans] == ["a"]
    assert len(ended.err.splitlines()) == 1
    assert "does not take" in ended.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_programs_own_end_is_untouched(protocol: Protocol) -> None:
    with otlp_sink(protocol) as sink:
        exited = run(EMIT + "sys.exit(3)\n", sink.url, protocol)
        raised = run(EMIT + "raise ValueError('theirs')\n", sink.url, protocol)
    assert (exited.code, exited.err) == (3, "")
    assert raised.code == 1
    assert raised.err.splitlines()[-1] == "ValueError: theirs"
    assert len(sink.spans) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_forked_child_sends_what_it_records(protocol: Protocol) -> None:
    forking = EMIT + (
        "agentotel.flush()\nif os.fork() == 0:\n    emit('child')\nelse:\n    os.wait()\n    emit('parent')\n"
    )
    with otlp_sink(protocol) as sink:
        ended = run(forking, sink.url, protocol)
    assert ended.code == 0
    assert [span.name for span in sink.spans] == ["a", "child", "parent"]


@pytest.mark.parametrize("method", ["fork", "forkserver"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_worker_of_multiprocessing_sends_at_its_end(protocol: Protocol, method: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        EMIT.replace("emit()\n", "")
        + "def work():\n    emit('worker')\n"
        + "if __name__ == '__main__':\n"
        + "    import multiprocessing\n"
        + f"    worker = multiprocessing.get_context({method!r}).Process(target=work)\n"
        + "    worker.start()\n    worker.join()\n"
    )
    with otlp_sink(protocol) as sink:
        run(f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')", sink.url, protocol)
    assert [span.name for span in sink.spans] == ["worker"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_before_a_hang_has_its_own_deadline() -> None:
    forking = EMIT + "if os.fork() == 0:\n    emit('child')\nelse:\n    os.wait()\n"
    with otlp_sink(hang=True) as sink:
        ended = run(forking, sink.url, AGENTOTEL_SHUTDOWN_TIMEOUT_S="0.5")
    assert ended.total_s < START_S
    assert ended.err.count("stopped waiting for the backend after 0.5 s") == 2
