"""Writes the reference pages of names, settings and SDKs: ``python docs/generate_api.py``."""  # noqa: INP001 - a script

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import agentotel
import agentotel.testing
from agentotel.capture.libraries import LIBRARIES
from agentotel.capture.registry import ADAPTERS
from agentotel.capture.spec import Adapter
from agentotel.config import LEFT_TO_THE_SDK, SETTINGS, Setting

REFERENCE = Path(__file__).parent / "reference"
_GENERATED = "<!-- Written by docs/generate_api.py from the source: edit that. -->"

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises):$")


def api() -> str:
    """Write the page of public names."""
    return _page(
        "API",
        "Every public name of `agentotel` and of `agentotel.testing`. Anything else may change without notice.",
        "## agentotel",
        *(part for name in agentotel.__all__ for part in _entry(agentotel, name)),
        "## agentotel.testing",
        "For tests; import it as `import agentotel.testing`. pytest finds the fixtures `agentotel_capture` (a\n"
        "`Captured`) and `agentotel_strict` by itself.",
        *(part for name in agentotel.testing.__all__ for part in _entry(agentotel.testing, name)),
    )


def settings() -> str:
    """Write the page of settings."""
    arguments = set(inspect.signature(agentotel.init).parameters)
    return _page(
        "Settings",
        "An argument of `init()` beats `AGENTOTEL_*`, which beats `OTEL_*`, which beats the default. A wrong argument\n"
        "raises `ConfigurationError`; a wrong variable is reported in one warning and ignored. `agentotel doctor`\n"
        "shows the settings in force and where each came from.",
        "## Arguments of init()",
        _table(_HEAD, (_setting_row(one) for one in SETTINGS if one.name in arguments)),
        "## By variable only",
        _table(_HEAD[1:], (_setting_row(one)[1:] for one in SETTINGS if one.name not in arguments)),
        "## Read by the OpenTelemetry SDK itself",
        _table(("Variables", "Meaning"), ((_code(names), text) for names, text in LEFT_TO_THE_SDK)),
    )


def sdks() -> str:
    """Write the page of SDKs and of what is a model call."""
    adapters = {package: importlib.import_module(module).ADAPTER for package, module in ADAPTERS.items()}
    return _page(
        "Supported SDKs",
        "agentotel patches the request method of each SDK's client, when the SDK is imported. A version outside the\n"
        "range is left alone, with one warning. Only the requests listed here are operations; uploading files,\n"
        "listing models, counting tokens and the like make no span. A batch is started, and its results are read\n"
        "later: neither is a model call. A response in the background is the call that started it; fetching it is\n"
        "`fetch_response`, without tokens, as the conventions have it.",
        _table(("Package", "Versions", "Patched"), (_adapter_row(one) for one in adapters.values())),
        *(part for package in adapters for part in _operations(package)),
        "## Connections",
        "Each response on one of these is a call, asked for or not. Messages that are read by `recv_bytes()` and not\n"
        "parsed by the SDK are not seen. "
        + ", ".join(
            f"`{module}.{owner}`"
            for one in adapters.values()
            for socket in one.sockets
            for module, owner in socket.owners[:2]
        )
        + ".",
        "## HTTP libraries",
        "Attempts are seen at these methods, while a model call is running: "
        + ", ".join(f"`{hook}`" for one in LIBRARIES for hook in one.attempts)
        + ".",
    )


PAGES: dict[str, Callable[[], str]] = {"api.md": api, "settings.md": settings, "sdks.md": sdks}

_HEAD = ("Argument", "Variables, first one set wins", "Value", "Default", "Meaning")


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", _GENERATED, *parts)) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _code(names: str) -> str:
    """Mark the names of variables in a sentence."""
    return re.sub(r"\b(OTEL_[A-Z_]+\*?)", r"`\1`", names)


# -- settings


def _setting_row(one: Setting) -> Sequence[str]:
    default = one.default.value if isinstance(one.default, Enum) else one.default
    shown = "" if default in (None, {}, ()) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    return f"`{one.name}`", ", ".join(f"`{name}`" for name in one.env), one.kind.name, shown, _code(one.help)


# -- SDKs


def _adapter_row(one: Adapter) -> Sequence[str]:
    versions = f">={'.'.join(map(str, one.oldest))}, <{'.'.join(map(str, one.below))}"
    hooks = ", ".join(f"`{hook}`" for hook in (*one.hooks, *one.tracers))
    return f"`{one.package}`", versions, hooks


def _operations(package: str) -> Iterator[str]:
    paths = getattr(importlib.import_module(ADAPTERS[package]), "PATHS", None)
    if paths is None:
        return
    yield f"## Operations of {package}"
    yield _table(
        ("Request", "`gen_ai.operation.name`", "Format"),
        (
            (f"`{method.upper()} {path}`", f"`{call.operation}`", call.format.name)
            for (method, path), call in paths.items()
        ),
    )


# -- names


def _entry(module: ModuleType, name: str) -> Iterator[str]:
    """Write one public name: its signature, its docstring, its members."""
    value = getattr(module, name)
    yield f"### {'' if module is agentotel else 'testing.'}{name}"
    yield f"```text\n{module.__name__}.{name}{_signature(value)}\n```"
    yield from _docstring(value)
    if inspect.isclass(value):
        yield from _members(value)


def _signature(value: Any) -> str:
    if inspect.isclass(value) and (issubclass(value, Enum | Exception) or _is_handle(value)):
        return ""
    parts: list[str] = []
    for one in inspect.signature(value).parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in parts and not any(part.startswith("*") for part in parts):
            parts.append("*")
        star = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        text = f"{star}{one.name}" + ("" if one.annotation is one.empty else f": {one.annotation}")
        parts.append(text + ("" if one.default is one.empty else f" = {_default(one.default)}"))
        if one.kind is one.POSITIONAL_ONLY:
            parts.append("/")
    returns = getattr(value, "__annotations__", {}).get("return")
    arrow = f" -> {returns}" if inspect.isroutine(value) and returns else ""
    joined = ", ".join(parts)
    return f"({joined}){arrow}" if len(joined) < 80 else "(\n    " + ",\n    ".join(parts) + f",\n){arrow}"  # noqa: PLR2004


def _is_handle(value: type) -> bool:
    """Tell whether a class is what blocks and captures give, and not made by its users."""
    return value.__module__.startswith(("agentotel.api", "agentotel.testing")) and not hasattr(value, "_open")


def _default(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


def _docstring(value: Any) -> Iterator[str]:
    """Turn a Google-style docstring into Markdown."""
    text = inspect.getdoc(value) or ""
    for part in re.split(r"\n\n+", text):
        head, _, rest = part.partition("\n")
        if _SECTION.match(head):
            yield f"{head[:-1]}:\n\n" + "\n".join(_items(rest))
        else:
            yield _inline(part)


def _items(block: str) -> Iterator[str]:
    """Write the entries of ``Args:`` and its kin as a list; continuation lines are indented further."""
    lines = inspect.cleandoc(block).splitlines()
    for line in lines:
        name, colon, rest = line.partition(": ")
        if line.startswith(" "):
            yield "  " + _inline(line.strip())
        elif colon and re.fullmatch(r"[\w*]+", name):
            yield f"- `{name}`: {_inline(rest)}"
        else:
            yield f"- {_inline(line)}" if line == lines[0] else f"  {_inline(line)}"


def _inline(text: str) -> str:
    return text.replace("``", "`")


def _members(value: type) -> Iterator[str]:
    """List the values of an enum, the fields of a dataclass, the public attributes and methods of other classes."""
    if issubclass(value, Enum):
        yield ", ".join(f"`{one.name}` (`{one.value}`)" for one in value)
        return
    if dataclasses.is_dataclass(value) and value.__module__.startswith("agentotel.facts"):
        yield "Fields: " + ", ".join(f"`{one.name}`" for one in dataclasses.fields(value)) + "."
        return
    if issubclass(value, Exception):
        return
    rows = [row for name in _public(value) if (row := _member_row(value, name))]
    if rows:
        yield _table(("Member", "Meaning"), rows)


def _public(value: type) -> Iterator[str]:
    if not _is_handle(value):
        return
    seen: set[str] = set()
    internal = {"attach", "detach", "close", "returned", "context"}
    for kind in value.__mro__:
        for name in vars(kind) if kind.__module__.startswith("agentotel.") else ():
            if not name.startswith("_") and name not in seen | internal:
                seen.add(name)
                yield name


def _member_row(value: type, name: str) -> Sequence[str] | None:
    member = inspect.getattr_static(value, name)
    first = (inspect.getdoc(member) or "").partition("\n\n")[0].replace("\n", " ")
    if isinstance(member, property):
        return f"`{name}`", _inline(first)
    if inspect.isfunction(member):
        signature = " ".join(_signature(member).split()).replace("( ", "(").replace(",)", ")")
        return f"`{name}{re.sub(r'^[(]self(, )?', '(', signature)}`", _inline(first)
    attribute = getattr(member, "_name", None)
    return (f"`{name}`", f"`{attribute}`") if attribute else None


if __name__ == "__main__":
    for file, write in PAGES.items():
        (REFERENCE / file).write_text(write(), encoding="utf-8")
