from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.sessions = ["lint", "types", "layers", "unit", "contract"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "uv|virtualenv"

PYPROJECT = nox.project.load_toml("pyproject.toml")


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
    session.run("pytest", "tests/unit", *session.posargs)


@nox.session
def contract(session: nox.Session) -> None:
    """Run every scenario against every adapter over loopback HTTP, the checks of names, and the faults."""
    install(session, "test")
    session.run("pytest", "tests/contract", "tests/conventions", *session.posargs)
    session.run("pytest", "tests/faults", *session.posargs)


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
    session.run("pytest", "tests/docs", *session.posargs)


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
    """Install each library that traces too beside this one, and count spans and tokens."""
    install(session, "test")
    session.run("pytest", "tests/neighbours", "-rs", *session.posargs)
