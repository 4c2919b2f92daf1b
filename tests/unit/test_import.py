"""Importing agentotel imports no SDK, no exporter and no pydantic, and touches no network."""

from __future__ import annotations

import subprocess
import sys

import pytest

AUDIT = """
import sys
def hook(event, args):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.system", "urllib.Request"}:
        print("touched", event, file=sys.stderr)
        raise SystemExit(3)
sys.addaudithook(hook)
"""

PROVIDERS = ("openai", "anthropic", "httpx", "httpx2", "httpcore", "requests", "aiohttp")
HEAVY = (
    *PROVIDERS,
    "opentelemetry.sdk",
    "opentelemetry.exporter",
    "pydantic",
    "pydantic_core",
    "wrapt",
    "genai_prices",
    "grpc",
    "google",
    "rich",
    "asyncio",
)

USES = {
    "import": "import agentotel",
    "dir": "import agentotel; dir(agentotel)",
    "session": "import agentotel; agentotel.session",
    "a session without init": """
import agentotel
@agentotel.tool
def look(order): return order
with agentotel.session(user="u") as session, agentotel.turn(input="x") as turn, agentotel.agent("triage"):
    with agentotel.step("planning"), agentotel.tool_call("search", {"q": 1}) as call:
        call.result([1])
    look("A-1")
    agentotel.event("note", text="x")
    turn.output("y")
assert session.stop_reason == "completed" and session.totals.tool_calls == 2, session
""",
    "testing": "import agentotel.testing, agentotel.testing.plugin",
}


def loaded_after(code: str) -> list[str]:
    script = f"{AUDIT}\n{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def of(packages: tuple[str, ...], modules: list[str]) -> list[str]:
    return [module for module in modules if any(f"{module}.".startswith(f"{package}.") for package in packages)]


@pytest.mark.parametrize("use", USES)
def test_nothing_heavy_is_imported(use: str) -> None:
    own = loaded_after("import opentelemetry.trace")  # the oldest ones import asyncio themselves
    assert set(of(HEAVY, loaded_after(USES[use]))) <= set(of(("asyncio",), own))


def test_importing_the_package_imports_next_to_nothing() -> None:
    modules = loaded_after("import agentotel")
    assert of(("agentotel",), modules) == ["agentotel"]
    assert of(("opentelemetry", "logging", "threading", "json"), modules) == []


@pytest.mark.parametrize("use", ["agentotel.instrument()", "agentotel.instrument(); agentotel.uninstrument()"])
def test_instrument_imports_no_provider_sdk(use: str) -> None:
    modules = loaded_after(f"import agentotel; {use}; import time; time.sleep(0)")
    assert of((*PROVIDERS, "opentelemetry.sdk", "opentelemetry.exporter", "genai_prices", "grpc"), modules) == []


def test_the_audit_sees_what_it_is_there_for() -> None:
    script = f"{AUDIT}\nimport socket; socket.socket()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (3, "touched socket.__new__\n")
