"""``init()`` and its kin in a process of their own, because providers are set once in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_HEAD = """
import json
import openai
import agentotel
from agentotel.demo.emulator import Emulator
from agentotel.demo.script import Line, Tokens

def ask():
    with (
        Emulator([Line(asks="", text="Yes.", tokens=Tokens(input=4, output=2))], latency_s=0) as emulator,
        openai.OpenAI(
            base_url=emulator.openai_url, api_key="none", http_client=openai.DefaultHttpxClient(trust_env=False)
        ) as client,
        agentotel.session() as session,
    ):
        client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "?"}])
    return session.totals.llm_calls

"""


def _run(program: str, **variables: str) -> tuple[list[object], str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "OTEL_TRACES_EXPORTER": "none", **variables}
    ended = subprocess.run(
        [sys.executable, "-c", _HEAD + program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), ended.stderr


def test_init_after_uninstrument_records_again_through_the_same_providers() -> None:
    found, said = _run("""
from opentelemetry import trace
agentotel.init(service_name="desk")
agentotel.shutdown()
agentotel.init(service_name="desk")
from agentotel import runtime
ours = runtime._runtime.setup.tracer_provider
found = [ask()]
agentotel.uninstrument()
found.append(ask())
agentotel.init(service_name="desk")
found += [ask(), runtime._runtime.providers.tracer is ours]
agentotel.uninstrument()
agentotel.instrument()
found += [ask(), runtime._runtime.providers.tracer is ours, trace.get_tracer_provider().current is ours]
agentotel.instrument(tracer_provider=trace.get_tracer_provider())  # ours under another name
print(json.dumps(found))
""")
    assert found == [1, 0, 1, True, 1, True, True]
    assert said == ""


LASTING = """
import atexit
from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.fakes.otlp import otlp_sink

class Library:
    def __init__(self, name):
        self.name = name
        self.tracer = trace.get_tracer(name, "1.0")
        meter = metrics.get_meter(name)
        self.counter = meter.create_counter("count", "1", "calls")
        self.up_down, self.histogram = meter.create_up_down_counter("up_down"), meter.create_histogram("histogram")
        self.gauge = meter.create_gauge("gauge")
        meter.create_observable_counter("seen", [lambda options: [metrics.Observation(7)]])
        meter.create_observable_gauge("level", [lambda options: [metrics.Observation(8)]])
        meter.create_observable_up_down_counter("change", [lambda options: [metrics.Observation(9)]])
        self.logger = get_logger(name)
        self.decorated = self.tracer.start_as_current_span(f"{name} decorated")(lambda: None)

    def work(self):
        self.tracer.start_span(f"{self.name} span").end()
        with self.tracer.start_as_current_span(f"{self.name} current"):
            self.decorated()
        self.counter.add(1, {"k": "v"})
        self.up_down.add(-1)
        self.histogram.record(5)
        self.gauge.set(6)
        self.logger.emit(LogRecord(body="b", event_name=f"{self.name} record"))

def sent(sink):
    points = {
        (metric.name, len(getattr(metric, metric.WhichOneof("data")).data_points)) for metric in sink.metrics
    }
    return [sorted(span.name for span in sink.spans), sorted(points), sorted(record.event_name for record in sink.logs)]

"""


def test_what_other_libraries_keep_of_the_global_providers_goes_on_with_the_next_init() -> None:
    found, said = _run(
        LASTING
        + """
found = []
with otlp_sink() as first, otlp_sink() as second:
    agentotel.init(service_name="one", endpoint=first.url)
    before = Library("before")
    before.work()
    exporter = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    before.tracer.start_span("added").end()
    found.append([span.name for span in exporter.get_finished_spans()])
    agentotel.shutdown()
    found.append(sent(first))
    agentotel.init(service_name="two", endpoint=second.url)
    after = Library("after")
    before.work()
    after.work()
    provider = trace.get_tracer_provider()
    found.append([isinstance(provider, TracerProvider), provider.resource.attributes["service.name"],
                  before.tracer.resource is provider.resource, provider.force_flush()])
    agentotel.uninstrument()
    before.tracer.start_span("uninstrumented").end()
    agentotel.shutdown()
    found += [len(sent(first)[0]), sent(second)]
    agentotel.init(traces_exporter="none")
    before.work()
    agentotel.shutdown()
print(json.dumps(found))
""",
        PYTHONPATH=f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        OTEL_TRACES_EXPORTER="otlp",
    )
    assert said == ""
    added, first, kind, count, second = found
    assert added == ["added"]
    own = [["change", 1], ["count", 1], ["gauge", 1], ["histogram", 1], ["level", 1], ["seen", 1], ["up_down", 1]]
    assert first == [
        ["added", "before current", "before decorated", "before span"],
        own,
        ["before record"],
    ]
    assert kind == [True, "two", True, True]
    assert count == 4
    assert second == [
        [
            *(f"{name} {kind}" for name in ("after", "before") for kind in ("current", "decorated", "span")),
            "uninstrumented",
        ],
        own,
        ["after record", "before record"],
    ]


def test_a_provider_that_comes_too_late_is_told_in_one_line() -> None:
    _, said = _run("""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
agentotel.init()
trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
print(json.dumps([]))
""")
    assert said == (
        "a provider was set after agentotel.init() had set one, and OpenTelemetry keeps the first "
        "(Overriding of current TracerProvider is not allowed): set yours before init(), "
        "or call agentotel.instrument() with it in place of init()\n"
    )


def test_providers_of_the_application_are_named_used_and_neither_replaced_nor_doubled() -> None:
    found, said = _run("""
import logging
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
logging.basicConfig(level=logging.INFO, format="%(message)s")
logging.getLogger("httpx2").disabled = logging.getLogger("httpx").disabled = True
theirs, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
theirs.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(theirs)
agentotel.init()
agentotel.init()
print(json.dumps([ask(), sorted(one.name for one in exporter.get_finished_spans()),
                  trace.get_tracer_provider() is theirs]))
""")
    assert found == [1, ["chat gpt-5-mini", "session"], True]
    assert said.count("tracer provider: the application's TracerProvider (opentelemetry.sdk) (kept)") == 1


def test_a_second_init_may_say_what_is_in_force_and_nothing_else() -> None:
    found, said = _run(
        """
def said(**arguments):
    try:
        return agentotel.init(**arguments)
    except agentotel.ConfigurationError as error:
        return str(error)

agentotel.init(endpoint="localhost:9", traces_exporter="none", metrics_exporter="none", hash_key="k-1")
print(json.dumps([
    said(), said(console=False), said(service_name="desk"), said(endpoint="http://localhost:9"),
    said(traces_exporter=["none"]), said(hash_key=b"k-1"),
    said(endpoint="http://localhost:8"), said(service_name="other"), said(hash_key="k-2"), said(content="maybe"),
]))
""",
        OTEL_SERVICE_NAME="desk",
    )
    assert found[:6] == [None] * 6
    endpoint, name, key, content = map(str, found[6:])
    assert endpoint.startswith("init() was called twice with different endpoint ('localhost:9' before, ")
    assert name.startswith("init() was called before without service_name: pass all arguments in the first call")
    assert key.startswith("init() was called twice with different hash_key: call agentotel.shutdown()")
    assert content.startswith("content='maybe': it must be one of")
    assert said == ""


def test_providers_beside_those_of_init_are_refused_by_name() -> None:
    found, _ = _run("""
from opentelemetry.sdk.trace import TracerProvider
agentotel.init()
try:
    agentotel.instrument(tracer_provider=TracerProvider())
except agentotel.ConfigurationError as error:
    print(json.dumps([str(error)]))
""")
    assert found == [
        "init() or instrument() was called before with other providers: call agentotel.uninstrument() in between"
    ]


def test_a_wrong_price_file_of_the_environment_stops_no_program(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text("{not json")
    found, said = _run("agentotel.init()\nprint(json.dumps([ask()]))\n", AGENTOTEL_PRICES=str(file))
    assert found == [1]
    assert said.startswith(f"AGENTOTEL_PRICES: {file}: not valid JSON (")
    assert said.count("\n") == 1
    found, said = _run("agentotel.instrument()\nprint(json.dumps([ask()]))\n", AGENTOTEL_PRICES="/nowhere.toml")
    assert found == [1]
    assert said.count("\n") == 1


def test_a_wrong_price_file_as_an_argument_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('["m"]\ninput = -1\n')
    found, _ = _run(f"""
try:
    agentotel.init(prices={str(file)!r})
except agentotel.ConfigurationError as error:
    print(json.dumps([str(error), error.__cause__ is None]))
""")
    assert found == [
        f'{file}: "m".input: expected USD per million tokens, 0 or more, found int -1; write a number such as 1.25',
        True,
    ]


def test_nothing_of_ours_stays_in_the_interpreter_after_uninstrument() -> None:
    found, _ = _run("""
import gc, sys
before = list(sys.meta_path), list(gc.callbacks)
agentotel.init()
during = list(sys.meta_path), list(gc.callbacks)
agentotel.uninstrument()
after = list(sys.meta_path), list(gc.callbacks)
agentotel.init()
again = list(sys.meta_path), list(gc.callbacks)
print(json.dumps([after == before, during != before, again == during, ask()]))
""")
    assert found == [True, True, True, 1]


def test_wrong_use_of_flush_and_of_prices_is_one_sentence() -> None:
    found, said = _run("""
agentotel.refresh_prices()
try:
    agentotel.flush("x")
except agentotel.ConfigurationError as error:
    print(json.dumps([str(error)]))
""")
    assert found == ["flush(timeout_s) must be a number of seconds, not str: flush(2.5)"]
    assert said == "refresh_prices() does nothing before init() or instrument(): call it after them\n"
