from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.sessions = ["lint", "types", "layers", "unit", "contract"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "uv|virtualenv"

PYPROJECT = nox.project.load_toml("pyproject.toml")

RUNNER = [one for one in PYPROJECT["dependency-groups"]["test"] if isinstance(one, str)]
"""What runs the tests, without the SDKs."""


PARALLEL = ("-n", "auto", "--dist", "worksteal")
"""A process for each processor."""


def install(session: nox.Session, *groups: str) -> None:
    session.install("-e", ".[cli,demo]", *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style with ruff."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy."""
    install(session, "test", "lint")
    session.run("mypy")
    session.run("mypy", "tests/typing")


@nox.session
def layers(session: nox.Session) -> None:
    """Check the direction of imports."""
    install(session, "lint")
    session.run("lint-imports")


@nox.session
def unit(session: nox.Session) -> None:
    """Run the unit tests."""
    install(session, "test")
    session.run("pytest", *PARALLEL, "tests/unit", *session.posargs)


@nox.session
def contract(session: nox.Session) -> None:
    """Run every scenario against every adapter over loopback HTTP, the checks of names, and the faults."""
    install(session, "test")
    session.run("pytest", *PARALLEL, "tests/contract", "tests/conventions", *session.posargs)
    session.run("pytest", *PARALLEL, "tests/faults", *session.posargs)


SDKS = {
    "openai": "openai[realtime]",
    "anthropic": "anthropic[bedrock,vertex]",
    "google.genai": "google-genai",
    "botocore": "boto3",
    "aiobotocore": "aiobotocore[boto3]",
    "mistralai.client": "mistralai",
    "mistralai.azure.client": "mistralai",
    "mistralai.gcp.client": "mistralai[gcp]",
    "cohere": "cohere",
    "ollama": "ollama",
    "groq": "groq",
    "together": "together",
    "litellm": "litellm[mcp]",
}
"""By package of the registry, what is installed for it."""

CONTRACT = (
    *("drivers", "scenarios", "exchanges", "operations", "patching", "paths", "sockets"),
    *("native_tracing", "objects"),
)
"""Modules of tests that are written for every SDK, or skip themselves."""

OLDEST = "import sys; from agentotel.capture import registry as r; print(*r.load_adapter(sys.argv[1]).oldest, sep='.')"


@nox.session
@nox.parametrize(
    ("package", "which"),
    [nox.param(one, which, id=f"{one}-{which}", tags=[one, which]) for one in SDKS for which in ("oldest", "newest")],
)
def sdk(session: nox.Session, package: str, which: str) -> None:
    """Run the contract of one version of one SDK in an environment of its own; `nox -t groq` runs both versions."""
    wanted, named = SDKS[package], f'package="{package}"'
    files = Path("tests", "contract", "drivers").glob("[!_]*.py")
    drivers = ",".join(path.stem for path in files if named in path.read_text())
    if which == "oldest":
        session.install("-e", ".")
        wanted = f"{wanted}=={session.run('python', '-c', OLDEST, package, silent=True).strip()}.0"
    session.install("--upgrade", "-e", ".", *RUNNER, wanted)  # all at once: an SDK may ask for an older OpenTelemetry
    every = [Path("tests", "contract", f"test_{name}.py") for name in CONTRACT]
    own = sorted(Path("tests", "contract").glob(f"test_{package.partition('.')[0]}*.py"))
    environment = {"CONTRACT_SDKS": drivers, "CONTRACT_VERSION": which, "CONTRACT_RESULTS": "docs/coverage"}
    session.run("pytest", "-q", *map(str, [*every, *own]), *session.posargs, env=environment)


@nox.session(venv_backend="uv", tags=["oldest"])
def lowest(session: nox.Session) -> None:
    """Run the unit tests and the demo with the lower bound of each dependency."""
    session.install("--resolution", "lowest-direct", "-e", ".[cli,demo]", *RUNNER)
    session.run("pytest", *PARALLEL, "tests/unit", "tests/contract/test_demo.py", *session.posargs)


@nox.session
def e2e(session: nox.Session) -> None:
    """Run against real backends, which are installed and started."""
    install(session, "test")
    session.run("python", "-m", "tests.backends", "install")
    session.run("pytest", "tests/e2e", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the code of README, docs and examples."""
    install(session, "test")
    session.run("pytest", *PARALLEL, "tests/docs", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the floor that the OpenTelemetry SDK sets."""
    install(session, "test")
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the package and look into it."""
    session.install("build", "twine")
    out = Path(os.environ.get("NOX_BUILD_DIR", session.create_tmp()))
    session.run("python", "-m", "build", "--outdir", str(out))
    session.run("twine", "check", *map(str, sorted(out.glob("*"))))


@nox.session
def neighbours(session: nox.Session) -> None:
    """Install each library that traces too beside this one, and count spans and tokens; ``-m quick`` takes a few."""
    session.install(*RUNNER, "-e", ".", "uv")
    session.run("pytest", *PARALLEL, "tests/neighbours", *session.posargs)
