"""A process that forks while its threads record: the child records on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

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


@pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "alarm"), reason="the system has no fork")
def test_a_child_of_a_busy_process_is_not_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "0"
