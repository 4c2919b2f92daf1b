"""``agentotel run`` ends, prints and fails as Python itself does, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.otlp import OtlpSink, otlp_sink, plain

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
import helper

def go():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "raise":
        raise ValueError("theirs")
    if mode == "exit":
        sys.exit(3)
    if mode == "message":
        sys.exit("bye")
    if mode == "interrupt":
        raise KeyboardInterrupt
    if mode == "hook":
        sys.excepthook = lambda kind, value, trace: print(kind.__name__, trace.tb_frame.f_code.co_filename)
        raise KeyError(mode)
    if mode == "pool":
        import multiprocessing
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(square, [2, 3]))

def square(number):
    return number * number

if __name__ == "__main__":
    print(__name__, __file__, __package__, sys.argv, sys.path[0], sorted(globals()), type(__loader__).__name__)
    go()
"""
CASES = [
    ["app.py"],
    ["app.py", "--console", "-m", "x"],
    ["app.py", "raise"],
    ["app.py", "exit"],
    ["app.py", "message"],
    ["app.py", "interrupt"],
    ["app.py", "hook"],
    ["app.py", "pool"],
    ["elsewhere/link.py"],
    ["wrong.py"],
    ["folder", "raise"],
    ["-m", "package", "raise"],
    ["-m", "package", "exit"],
    ["-m", "package.app", "pool"],
    ["-m", "nowhere"],
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    for name in ("elsewhere", "folder", "package"):
        (folder / name).mkdir()
    (folder / "app.py").write_text(PROGRAM)
    (folder / "helper.py").write_text("X = 1\n")
    (folder / "wrong.py").write_text("x = = 1\n")
    (folder / "elsewhere" / "link.py").symlink_to(folder / "app.py")
    (folder / "folder" / "__main__.py").write_text(PROGRAM)
    (folder / "folder" / "helper.py").write_text("X = 2\n")
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "app.py").write_text(PROGRAM)
    (folder / "package" / "__main__.py").write_text(
        "import sys\nfrom package.app import go\nprint(__name__, __spec__.name, sys.argv)\ngo()\n"
    )
    return folder


def _run(words: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENTOTEL_"))}
    # Without an endpoint agentotel gives a hint on stderr, so traces go to an exporter that is silent at once.
    environment |= {"OTEL_SDK_DISABLED": "true", "PYTHONPATH": str(ROOT / "src"), **variables}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_as_python_does(words: list[str], programs: Path) -> None:
    plain = _run(words, programs)
    ours = _run(["-m", "agentotel", "run", *words], programs)
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_an_error_of_ours_in_the_program_is_the_programs(programs: Path) -> None:
    (programs / "misuse.py").write_text("import agentotel\nagentotel.agent(None)\n")
    plain = _run(["misuse.py"], programs)
    ours = _run(["-m", "agentotel", "run", "misuse.py"], programs)
    assert "ConfigurationError: agent(name) must be" in plain.stderr
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
    frames = ours.stderr.splitlines()
    assert frames[0] == "Traceback (most recent call last):"
    assert "misuse.py" in frames[1]
    assert frames[-1] == plain.stderr.splitlines()[-1]


def test_what_outlives_the_main_code_still_finds_it(programs: Path) -> None:
    (programs / "late.py").write_text(
        "import atexit, pickle, threading, time\n"
        "class Thing: pass\n"
        "def late():\n    time.sleep(0.2)\n    print(type(pickle.loads(pickle.dumps(Thing()))).__name__)\n"
        "threading.Thread(target=late).start()\natexit.register(late)\n"
    )
    ours = _run(["-m", "agentotel", "run", "late.py"], programs)
    assert (ours.stdout, ours.stderr) == ("Thing\nThing\n", "")


def test_agentotel_is_switched_on_first(programs: Path) -> None:
    (programs / "on.py").write_text(
        "from opentelemetry import trace\n"
        "provider = trace.get_tracer_provider()\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "print(isinstance(provider, TracerProvider), provider.resource.attributes['service.name'])\n"
    )
    ours = _run(["-m", "agentotel", "run", "--service-name", "desk", "on.py"], programs, OTEL_SDK_DISABLED="")
    assert ours.stdout == "True desk\n"
    assert (ours.returncode, ours.stderr) == (0, "")


@pytest.mark.parametrize(
    ("program", "hints"),
    [
        ("import agentotel\n", 0),
        ("import agentotel\nwith agentotel.session(), agentotel.turn():\n    pass\n", 1),
        ("import agentotel\nagentotel.init()\nwith agentotel.session():\n    pass\n", 1),
        ("import agentotel\nagentotel.init(traces_exporter='none')\nwith agentotel.session():\n    pass\n", 0),
    ],
)
def test_a_missing_endpoint_is_told_once_the_program_has_had_its_say(program: str, hints: int, programs: Path) -> None:
    (programs / "hint.py").write_text(program)
    ours = _run(["-m", "agentotel", "run", "hint.py"], programs, OTEL_SDK_DISABLED="")
    assert ours.stderr.count("no OTLP endpoint is configured") == ours.stderr.count("\n") == hints


OWN_SET_UP = """
from opentelemetry import metrics, trace
tracer, counter = trace.get_tracer("early"), metrics.get_meter("early").create_counter("early")
earlier = tracer.start_span("open when the program sets up")
tracer.start_span("ended before").end()
counter.add(1)

import agentotel
agentotel.init(service_name="desk", content=True)

earlier.end()
tracer.start_span("ended after").end()
counter.add(1)
with agentotel.session(), agentotel.turn(input="?"):
    pass
"""


def test_what_the_program_itself_sets_up_wins_and_nothing_is_lost_or_doubled(programs: Path) -> None:
    (programs / "own.py").write_text(OWN_SET_UP)
    with otlp_sink("http/protobuf") as sink:
        words = ["-m", "agentotel", "run", "--service-name", "of run", "--endpoint", sink.url, "own.py"]
        ours = _run(words, programs, OTEL_SDK_DISABLED="")
    assert (ours.returncode, ours.stderr) == (0, "")
    assert sorted((service, span.name) for service, span in _by_service(sink, "traces", "spans")) == [
        ("desk", "ended after"),
        ("desk", "session"),
        ("desk", "turn 1"),
        ("of run", "ended before"),
        ("of run", "open when the program sets up"),
    ]
    counted = [one for one in _by_service(sink, "metrics", "metrics") if one[1].name == "early"]
    assert sorted((service, metric.sum.data_points[0].as_int) for service, metric in counted) == [
        ("desk", 1),
        ("of run", 1),
    ]


def _by_service(sink: OtlpSink, signal: str, items: str) -> list[tuple[object, Any]]:
    """Give each item that was sent with the name of the service that it was sent for."""
    return [
        (next(plain(pair.value) for pair in resource.resource.attributes if pair.key == "service.name"), item)
        for request in sink.requests
        if request.signal == signal
        for resource in getattr(request.message, f"resource_{items}")
        for scope in getattr(resource, f"scope_{items}")
        for item in getattr(scope, items)
    ]


@pytest.mark.parametrize(
    ("statement", "recorded"),
    [
        ("init()", 1),
        ("init(service_name='of run')", 1),
        ("init(console=True)", 1),
        ("init(disabled=True)", 0),
        ("instrument()", 1),
        ("instrument(tracer_provider=theirs)", 0),
        ("init(service_name='desk')\nagentotel.init(service_name='desk')", 1),
        ("shutdown()\nagentotel.init()", 1),
        ("uninstrument()\nagentotel.init()", 1),
        ("uninstrument()", 0),
    ],
)
def test_a_program_may_set_up_as_it_likes(statement: str, recorded: int, programs: Path) -> None:
    (programs / "own.py").write_text(
        "import agentotel\nfrom opentelemetry.sdk.trace import TracerProvider\n"
        "theirs = TracerProvider(shutdown_on_exit=False)\n"
        f"agentotel.{statement}\n"
        "with agentotel.session():\n    pass\n"
    )
    with otlp_sink("http/protobuf") as sink:
        words = ["-m", "agentotel", "run", "--service-name", "of run", "--endpoint", sink.url, "own.py"]
        ours = _run(words, programs, OTEL_SDK_DISABLED="")
    assert ours.returncode == 0, ours.stderr
    assert [span.name for span in sink.spans] == ["session"] * recorded


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nowhere.py"], "agentotel run: can't open file 'nowhere.py'"),
        ([], "name a program: app.py or -m MODULE"),
        (["--endpoint", "host:1", "app.py"], "endpoint='host:1': it must say whether to use TLS"),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(words: list[str], text: str, programs: Path) -> None:
    ours = _run(["-m", "agentotel", "run", *words], programs)
    assert ours.returncode == 2
    assert text in ours.stderr
    assert "Traceback" not in ours.stderr
