"""The public interface is what a committed file says. Change the file where you mean to change the interface."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import agentotel

SNAPSHOT = Path(__file__).parent / "facade.txt"


def described() -> str:
    return "".join(f"{line}\n" for name in agentotel.__all__ for line in describe(name, getattr(agentotel, name)))


def describe(name: str, value: Any) -> Iterator[str]:
    """Describe a public object by what users may rely on, in the same words on every version of Python."""
    if not isinstance(value, type):
        yield f"{name}{inspect.signature(value)}"
    elif issubclass(value, enum.Enum):
        yield f"{name}: {', '.join(str(member.value) for member in value)}"
    elif issubclass(value, Exception):
        yield f"{name}({', '.join(base.__name__ for base in value.__bases__)})"
    elif name[0].islower():
        yield f"{name}{inspect.signature(value).replace(return_annotation=inspect.Signature.empty)}"
    else:
        yield name
        yield from sorted(members(value))


def members(kind: type) -> Iterator[str]:
    for name, member in inspect.getmembers(kind):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            settable = " (settable)" if member.fset else ""
            yield f"    {name}: {inspect.signature(member.fget).return_annotation}{settable}"  # type: ignore[arg-type]
        elif callable(member):
            yield f"    {name}{inspect.signature(member)}"
        else:
            yield f"    {name}: {inspect.get_annotations(kind).get(name, type(member).__name__)}"


def test_the_interface_is_pinned() -> None:
    assert described() == SNAPSHOT.read_text()


def test_all_is_sorted_complete_and_loadable() -> None:
    assert list(agentotel.__all__) == sorted(set(agentotel.__all__))
    assert set(agentotel._PLACES) == set(agentotel.__all__)
    for name, (module, attribute) in agentotel._PLACES.items():
        assert getattr(agentotel, name) is getattr(import_module(module), attribute)


def test_dir_is_all_and_the_version() -> None:
    assert dir(agentotel) == sorted([*agentotel.__all__, "__version__"])


def test_star_import() -> None:
    namespace: dict[str, object] = {}
    exec("from agentotel import *", namespace)  # noqa: S102 - what is tested
    assert namespace.keys() - {"__builtins__"} == set(agentotel.__all__)


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'agentotel' has no attribute 'sesion'"):
        agentotel.sesion  # type: ignore[attr-defined]  # noqa: B018 - what is tested


def test_a_name_is_looked_up_once() -> None:
    first = agentotel.session
    assert vars(agentotel)["session"] is first


@pytest.mark.parametrize("name", agentotel.__all__)
def test_everything_public_is_documented(name: str) -> None:
    value = getattr(agentotel, name)
    assert inspect.getdoc(value)
    if isinstance(value, type) and not issubclass(value, enum.Enum | Exception):
        for member_name, member in inspect.getmembers(value):
            if not member_name.startswith("_") and (callable(member) or isinstance(member, property)):
                assert inspect.getdoc(member), member_name


def test_the_version_is_the_packages() -> None:
    import importlib.metadata

    assert agentotel.__version__ == importlib.metadata.version("agentotel")
