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
agentotel.shutdown()  # the global provider is closed for good, and the next init() has one of its own
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
found += [ask(), runtime._runtime.providers.tracer is ours, trace.get_tracer_provider() is ours]
print(json.dumps(found))
""")
    assert found == [1, 0, 1, True, 1, True, False]
    assert said == ""


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
