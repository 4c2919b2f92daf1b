"""A process that forks while its threads record: the child records on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conventions.provider import Provider, chat, chat_stream
from tests.fakes.otlp import otlp_sink

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import contextvars, os, threading
import agentotel
from opentelemetry.trace import NoOpTracerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry._logs import NoOpLoggerProvider

agentotel.instrument(tracer_provider=NoOpTracerProvider(), meter_provider=NoOpMeterProvider(),
                     logger_provider=NoOpLoggerProvider())

@agentotel.tool
def look(number):
    return number

stop = threading.Event()

def work():
    while not stop.is_set():
        look({"number": 1})

hung = 0
with agentotel.session(), agentotel.agent("busy"):
    threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        child = os.fork()
        if not child:
            import signal
            signal.alarm(3)
            look({"number": 2})
            os._exit(0)
        hung += os.waitpid(child, 0)[1] != 0
    stop.set()
print(hung)
"""

WHOLE = """
import contextvars, faulthandler, os, sys, threading
import agentotel, openai
from opentelemetry import metrics, trace
from tests.conventions.provider import Provider, chat
from tests.fakes.otlp import otlp_sink

FORKS = 12
sys.setswitchinterval(1e-5)

@agentotel.tool
def look(number):
    return number

def ask(server):
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", http_client=http) as client:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "?"}])

stop = threading.Event()
counter = metrics.get_meter("another library").create_histogram("count")
tracer = trace.get_tracer("another library")

def work():
    kind = 0
    while not stop.wait(0.0002):
        kind += 1
        look(kind)
        counter.record(1, {"kind": kind % 7})
        agentotel.event("note", text="busy")
        tracer.start_span("span").end()

class Done(Exception):
    pass

def child(server):
    faulthandler.dump_traceback_later(10, exit=True)
    look(2)
    counter.record(1, {"kind": 1})
    ask(server)
    raise Done  # out of the blocks that the parent opened

def parent(server):
    failed = 0
    with agentotel.session(), agentotel.turn(), agentotel.agent("busy"):
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(FORKS):
            pid = os.fork()
            if not pid:
                child(server)
            failed += os.waitpid(pid, 0)[1] != 0
        stop.set()
        for thread in threads:
            thread.join()
    return failed

def main():
    with otlp_sink() as sink, Provider() as server:
        agentotel.init(service_name="busy", endpoint=sink.url, events="both", **ARGUMENTS)
        server.line_up(*[chat("there") for _ in range(FORKS)])
        try:
            failed = parent(server)
        except Done:
            agentotel.shutdown()
            os._exit(0)
        agentotel.shutdown()
        asked = sum(span.name == "chat gpt-4o" for span in sink.spans)
    print(failed, asked)

main()
"""


@pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "alarm"), reason="the system has no fork")
def test_a_child_of_a_busy_process_is_not_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "0"


@pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "alarm"), reason="the system has no fork")
@pytest.mark.parametrize("arguments", ["{}", "{'console': True, 'prices': {'gpt-4o': {'input': 1}}}"])
def test_a_child_of_a_busy_process_records_and_sends(arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    done = subprocess.run(
        [sys.executable, "-c", WHOLE.replace("ARGUMENTS", arguments)],
        env=environment | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["0", "12"], done.stderr[-2000:]


OPEN = """
import atexit, os, sys
child = None
atexit.register(lambda: child == 0 and os._exit(0))  # CPython 3.13.0 would crash in its last collection
import agentotel, openai
from opentelemetry import metrics

QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "?"}]}

def client():
    http = openai.DefaultHttpxClient(trust_env=False)
    return openai.OpenAI(base_url=f"{sys.argv[2]}/v1", api_key="k", http_client=http)

agentotel.init(service_name="forking", endpoint=sys.argv[1], prices={"gpt-4o": {"input": 1, "output": 1}})
mine = client()
meter = metrics.get_meter("application")
mails, sizes = meter.create_counter("mails"), meter.create_histogram("sizes")

def send(size):
    mails.add(1)
    sizes.record(size)

send(1)
send(2)
with agentotel.session(feature="f"), agentotel.agent("open"):
    mine.chat.completions.create(**QUESTION)
    stream = mine.chat.completions.create(**QUESTION, stream=True)
    next(stream)
    child = os.fork()
    if not child:
        send(30)
        client().chat.completions.create(**QUESTION)
        sys.exit()  # out of the blocks that the parent opened, with its stream half read
    status = os.waitpid(child, 0)[1]
    list(stream)
    send(4)
sys.exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_what_is_open_at_a_fork_ends_once_and_a_child_counts_from_nothing() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    with otlp_sink() as sink, Provider() as server:
        server.line_up(chat("there"), chat_stream("there", "it is"), chat("here"))
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", OPEN, sink.url, server.url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        points = {
            name: [_value(metric) for metric in sink.metrics if metric.name == name]
            for name in ("agent.session.llm_calls", "agent.session.active", "agent.run.stops")
        }
        cost = [_value(metric) for metric in sink.metrics if metric.name == "agent.llm.cost"]
        mails = [_value(metric) for metric in sink.metrics if metric.name == "mails"]
        counts = {
            name: [_counts(metric) for metric in sink.metrics if metric.name == name]
            for name in ("gen_ai.client.operation.duration", "gen_ai.client.token.usage", "sizes")
        }
        sizes = [metric.histogram.data_points[0].sum for metric in sink.metrics if metric.name == "sizes"]
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(span.name for span in sink.spans) == ["chat gpt-4o"] * 3 + ["invoke_agent open", "session f"]
    assert len({span.span_id for span in sink.spans}) == 5
    assert points == {"agent.session.llm_calls": [1, 2], "agent.session.active": [0], "agent.run.stops": [1]}
    assert cost[0] < cost[1]
    assert counts == {
        "gen_ai.client.operation.duration": [[1], [2]],
        "gen_ai.client.token.usage": [[1, 1], [2, 2]],
        "sizes": [[1], [3]],
    }
    assert (mails, sizes) == ([1, 3], [30, 7])


def _counts(metric: Any) -> list[int]:
    return [point.count for point in metric.histogram.data_points]


def _value(metric: Any) -> float:
    (point,) = metric.sum.data_points
    return point.as_int or point.as_double


OWN = """
import logging, os, sys
import agentotel
from agentotel._core import guard
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

logging.disable()
reader = InMemoryMetricReader()
provider = MeterProvider(metric_readers=[reader])
agentotel.instrument(meter_provider=provider)
mails = provider.get_meter("application").create_counter("mails")

def told():
    data = reader.get_metrics_data()
    return {
        metric.name: point.value
        for resource in data.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics
        for point in metric.data.data_points if metric.name in {"mails", "agentotel.internal_errors"}
    }

mails.add(1)
guard.report("some.site", ValueError())
child = os.fork()
mails.add(1)
if child:
    os.waitpid(child, 0)
    print(told())
else:
    guard.report("some.site", ValueError())
    guard.report("some.site", ValueError())
    print(told(), flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_an_applications_own_sums_are_its_own_and_internal_errors_those_of_their_process() -> None:
    done = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "{'mails': 2, 'agentotel.internal_errors': 2}",
        "{'mails': 2, 'agentotel.internal_errors': 1}",
    ]
