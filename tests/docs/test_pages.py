"""What the pages say exists, and what exists is on the pages."""

from __future__ import annotations

import ast
import importlib
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime  # noqa: F401 - for the examples of hashes.md
from decimal import Decimal  # noqa: F401
from pathlib import Path, PurePosixPath  # noqa: F401
from uuid import UUID  # noqa: F401

import pytest
import yaml
from pydantic import BaseModel

import agentotel
import agentotel.testing
from agentotel._core.canonical import canonical_json
from agentotel.cli import COMMANDS
from agentotel.config import SETTINGS
from agentotel.facts.stop import StopReason
from agentotel.pricing.overrides import OVERRIDE_CLASSES
from tests.docs.pages import PAGES, ROOT, anchors, blocks, links, name_of, prose

SHELL = {"sh", "bash", "console"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_internal_links_resolve(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)} links to {link}; there are {sorted(anchors(target))}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (link.partition("#")[0] for link in links(page) if not re.match(r"[a-z]+:", link))
        waiting += [found for target in targets if target and (found := (page.parent / target).resolve()).is_file()]
    assert {name_of(page) for page in PAGES} - {name_of(page) for page in reached} == set()


# -- the command line


def commands() -> Iterator[tuple[str, str]]:
    """Give every call of our command in shell blocks and in inline code, with its page."""
    for page in PAGES:
        shell = "\n".join(block.text for block in blocks(page) if block.language in SHELL)
        sentences = re.sub(r"^#.*$", "", prose(page), flags=re.MULTILINE)
        inline = "\n".join(re.findall(r"`((?:[A-Z_]+=\S+ )*agentotel [a-z][^`\n]*)`", sentences))
        for line in (shell + "\n" + inline).splitlines():
            for call in re.findall(r"(?:^|[\s/])agentotel ((?:[a-z-]).*?)(?:$|&&|\||>)", line):
                yield name_of(page), call


def test_every_command_and_option_on_the_pages_exists() -> None:
    found = list(commands())
    assert {shlex.split(call)[0] for _page, call in found} >= {"demo", "run", "doctor"}
    for page, call in found:
        name, *words = shlex.split(call)
        if name == "--version":
            continue
        assert name in COMMANDS, f"{page}: agentotel {call}"
        known = options(name)
        for word in words:
            if not word.startswith("-"):
                break
            assert word.partition("=")[0] in known, f"{page}: agentotel {call}"


def options(command: str) -> set[str]:
    """Give the options of a command, from its parser."""
    module = "agentotel.demo" if command == "demo" else f"agentotel.cli.{command}"
    source = Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")
    return set(re.findall(r"add_argument\(\s*\"(-[-\w]+)\"", source)) | {"--help", "-h"}


def test_every_command_is_on_a_page() -> None:
    assert {shlex.split(call)[0] for _page, call in commands()} >= set(COMMANDS)


def test_the_readme_marks_its_two_commands() -> None:
    marked = {
        block.mark: block.text for block in blocks(ROOT / "README.md") if (block.mark or "").startswith("command")
    }
    assert set(marked) == {"command: demo", "command: test"}
    assert all(len(text.splitlines()) == 1 for text in marked.values())


# -- settings, names, reasons


def test_every_setting_and_variable_is_documented() -> None:
    page = text_of("docs/reference/settings.md")
    for setting in SETTINGS:
        for variable in setting.env:
            assert f"`{variable}`" in page


def test_every_setting_has_an_effect() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py") if path.parent.name != "config"
    )
    unused = {setting.name for setting in SETTINGS if not re.search(rf"\b{setting.name}\b", code)}
    of_signals = {name for name in unused if name.startswith(("traces_", "metrics_", "logs_"))}
    assert unused == of_signals


def test_every_class_of_tokens_with_a_price_is_documented() -> None:
    page = text_of("docs/how-to/prices.md")
    assert all(f"`{name}`" in page for name in OVERRIDE_CLASSES)


def test_every_variable_on_the_pages_is_one_that_is_read() -> None:
    known = {variable for setting in SETTINGS for variable in setting.env}
    for page in PAGES:
        for variable in re.findall(r"\bAGENTOTEL_[A-Z_]*[A-Z]\b(?!_?\*|<)", page.read_text(encoding="utf-8")):
            assert variable in known, f"{name_of(page)}: {variable}"


def test_every_public_name_is_documented() -> None:
    headings = set(re.findall(r"^### (\S+)$", text_of("docs/reference/api.md"), re.MULTILINE))
    assert headings == {*agentotel.__all__, *(f"testing.{name}" for name in agentotel.testing.__all__)}


def test_every_stop_reason_is_explained() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", text_of("docs/reference/stop-reasons.md"), re.MULTILINE))
    assert rows == {reason.value for reason in StopReason}


@dataclass
class Point:
    x: int
    y: int


class Model(BaseModel):
    name: str


def test_values_that_json_cannot_hold_are_written_as_the_page_says() -> None:
    rows = re.findall(r"^\| [^|]+ \| `(.+)` \| `(.+)` \|$", text_of("docs/reference/hashes.md"), re.MULTILINE)
    assert len(rows) > 12
    for example, written in rows:
        value = eval(example, globals())  # noqa: S307 - the page's own examples
        assert canonical_json(value) == written, example


@pytest.mark.parametrize("script", ["generate.py", "generate_api.py"])
def test_generated_pages_are_current(script: str) -> None:
    pages = runpy.run_path(str(ROOT / "docs" / script))["PAGES"]
    for name, write in pages.items():
        assert text_of(f"docs/reference/{name}") == write(), f"run python docs/{script}"


# -- log lines


LOGGING = {"warn_once", *(f"logger.{method}" for method in ("warning", "error", "exception", "critical", "log"))}


def warnings() -> Iterator[tuple[str, str]]:
    """Give the format of every line that the library may log at WARNING or above, with its place."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in LOGGING:
                template = node.args[1 if called == "logger.log" else 0]
                yield f"{path.name}:{node.lineno}", template.value if isinstance(template, ast.Constant) else ""


def named_lines() -> list[str]:
    """Give the lines that the page of troubleshooting quotes, with ``...`` for what varies."""
    return re.findall(r"^### `(.+)`$", text_of("docs/how-to/troubleshooting.md"), re.MULTILINE)


def test_every_warning_is_explained() -> None:
    quoted = named_lines()
    found = list(warnings())
    assert len(found) > 10
    for place, template in found:
        parts = [part.strip() for part in re.split(r"%[srd]|%\(\w+\)s", template) if len(part.strip()) > 8]
        if parts:
            assert any(all(part[:30] in line for part in parts[:1]) for line in quoted), f"{place}: {template}"


PASSED_ON = {
    "export/providers.py": ("agentotel sends nothing, because no OTLP endpoint is configured", "cannot be exported to"),
    "export/failures.py": ("agentotel could not send", "agentotel stopped waiting for the backend", "does not take"),
}
"""Lines that are built before they are logged, by file."""


def test_the_lines_that_are_built_first_are_explained_too() -> None:
    quoted = "\n".join(named_lines())
    for file, lines in PASSED_ON.items():
        source = text_of(f"src/agentotel/{file}")
        for line in lines:
            assert line in source
            assert line in quoted


# -- the repository


def committed() -> Iterator[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_no_registry_host_and_no_path_of_a_machine_is_committed() -> None:
    hosts = [
        ".".join(parts)
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("golang", "org/"),
            ("repo", "maven"),
            ("repo1", "maven"),
            ("crates", "io"),
            ("rubygems", "org"),
        )
    ]
    homes = [str(ROOT), str(Path.home()), "/" + "root/", "/" + "Users/", "/" + "home/runner"]
    for name, text in committed():
        for part in (*hosts, *homes):
            assert part not in text, f"{name} names {part}"


def test_a_changelog_fragment_exists() -> None:
    fragment = text_of("changelog.d/3.added.md")
    assert fragment.strip().endswith(".")
    for path in (ROOT / "changelog.d").glob("*.md"):
        assert re.fullmatch(r"\d+\.(added|changed|deprecated|removed|fixed|security)(\.\d+)?\.md", path.name)


def secret_hook() -> re.Pattern[str]:
    (repository,) = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    return re.compile(next(hook["entry"] for hook in repository["hooks"] if hook["id"] == "secrets"))


def test_the_secret_scan_finds_keys_and_the_repository_has_none() -> None:
    hook = secret_hook()
    body = "A1b2" * 12
    for key in (
        f"sk-proj-{body}",
        f"sk-ant-api03-{body}",
        "AKIA" + "A1B2" * 4,
        f"gsk_{body}",
        "-" * 5 + "BEGIN RSA PRIVATE KEY" + "-" * 5,
    ):
        assert hook.search(f'"authorization": "Bearer {key}"')
    for name, text in committed():
        assert not hook.search(text), name


PROGRAMS = {
    *("app.py", "first.py", "test_block.py"),
    *("src/agentotel/adapters/providers/acme.py", "tests/contract/drivers/acme.py"),
}
"""Files of the reader that pages name."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    for name in re.findall(r"`([\w./]+\.py)`", prose(page)):
        homes = (ROOT, ROOT / "src/agentotel", ROOT / "src/agentotel/adapters/providers")
        assert name in PROGRAMS or any((home / name).is_file() for home in homes), f"{name_of(page)}: {name}"


def masked(tree: str) -> list[str]:
    """Leave the times and the id of the session out of a tree, and the order of tools that run side by side."""
    lines = [re.sub(r"\d+(\.\d+)? m?s\b", "*", re.sub(r"[0-9a-f]{32}", "*", line)) for line in tree.splitlines()]
    plain = [re.sub(r" +", " ", line).rstrip() for line in lines]
    return sorted(plain)


def test_the_tree_in_the_readme_is_that_of_the_demo() -> None:
    pytest.importorskip("openai")
    pytest.importorskip("anthropic")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "AGENTOTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "agentotel", "demo", "--fast"],
        env=kept | {"OTEL_TRACES_EXPORTER": "none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = next(block.text for block in blocks(ROOT / "README.md") if block.text.startswith("session refunds"))
    printed = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("agentotel sends nothing"))
    assert masked(shown) == masked(printed)


def test_the_layers_on_the_page_are_those_that_are_checked() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (checked,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    wanted = [line.replace("agentotel.", "").replace(" | ", " · ") for line in checked]
    shown = [block.text.splitlines() for block in blocks(ROOT / "docs/explanation/architecture.md")]
    assert any(lines == wanted for lines in shown), "\n".join(wanted)
