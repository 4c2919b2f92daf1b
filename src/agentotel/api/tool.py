"""Tools: functions that agents call, and calls that cannot be decorated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar, overload

from agentotel.api import calls, check
from agentotel.api.calls import Arguments, Tool, ToolSpec, open_call, unopened_call
from agentotel.api.decorate import Function, Opening, decorate
from agentotel.api.managed import Managed
from agentotel.api.mistakes import warn_once
from agentotel.errors import ConfigurationError
from agentotel.record import identity as identities
from agentotel.semconv import names as n

_UNNAMED: Final = "<function>"

F = TypeVar("F", bound=Callable[..., Any])


class ToolCallBlock(Managed[Tool]):
    """See ``agentotel.tool_call``."""

    def __init__(self, spec: ToolSpec, arguments: Arguments) -> None:
        super().__init__()
        self._spec = spec
        self._arguments = arguments

    def _open(self) -> Tool:
        return open_call(self._spec, self._arguments)

    def _unopened(self) -> Tool:
        return unopened_call(self._spec)


def tool_call(
    name: str,
    args: Mapping[str, object] | str | None = None,
    *,
    type: str = "function",  # noqa: A002 - the conventions' word
    version: str | None = None,
    description: str | None = None,
    cost: float | None = None,
    fallback_for: str | None = None,
) -> ToolCallBlock:
    """Record a tool call that cannot be decorated, as a context manager.

        with agentotel.tool_call("search", {"query": query}) as call:
            call.result(search(query))

    Args:
        name: The tool's name, as the model knows it.
        args: The arguments by name, or the JSON text that the model gave.
        type: ``function``, ``extension`` or ``datastore``.
        version: Version of the tool.
        description: What the tool does.
        cost: Price of a call in US dollars.
        fallback_for: Name of the tool that this one stands in for.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """
    spec = _spec(
        "tool_call",
        name=name,
        type=type,
        version=version,
        description=description,
        cost=cost,
        fallback_for=fallback_for,
    )
    return ToolCallBlock(spec, check.arguments("tool_call(args)", args))


@overload
def tool(function: F, /) -> F: ...


@overload
def tool(
    *,
    name: str | None = None,
    type: str = "function",
    version: str | None = None,
    description: str | None = None,
    cost: float | None = None,
    fallback_for: str | None = None,
) -> Callable[[F], F]: ...


def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    type: str = "function",  # noqa: A002 - the conventions' word
    version: str | None = None,
    description: str | None = None,
    cost: float | None = None,
    fallback_for: str | None = None,
) -> Any:
    """Record every call of a function as a tool call.

    For functions, coroutine functions, generators, async generators and methods, with or without arguments:

        @agentotel.tool(version="2.1", cost=0.002)
        def lookup_order(order_id: str) -> dict: ...

    Args:
        function: The function, where the decorator is used without arguments.
        name: The tool's name, as the model knows it; the function's by default.
        type: ``function``, ``extension`` or ``datastore``.
        version: Version of the tool.
        description: What the tool does; the first line of the docstring by default.
        cost: Price of a call in US dollars, part of the totals.
        fallback_for: Name of the tool that this one stands in for.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """
    if function is not None and not callable(function) and not isinstance(function, classmethod | staticmethod):
        message = f"@tool takes its arguments by name, not {function!r:.80}: write @tool(name={function!r:.80})"
        raise ConfigurationError(message)

    spec = _spec(
        "@tool",
        name=_UNNAMED if name is None else name,
        type=type,
        version=version,
        description=description,
        cost=cost,
        fallback_for=fallback_for,
    )

    def opening(wrapped: Function) -> Opening:
        read, known = _reader(wrapped), _described(spec, wrapped)
        return lambda args, kwargs: open_call(known, read(args, kwargs))

    def wrap(wrapped: Any) -> Any:
        return decorate(wrapped, opening)

    return wrap if function is None else wrap(function)


def _spec(where: str, **given: object) -> ToolSpec:
    name = check.required_text(f"{where}: name", given["name"])
    type_ = check.required_text(f"{where}: type", given["type"])
    described = {
        n.TOOL_VERSION: check.text(f"{where}: version", given["version"]),
        n.TOOL_DESCRIPTION: check.text(f"{where}: description", given["description"]) or None,
        n.TOOL_FALLBACK: check.text(f"{where}: fallback_for", given["fallback_for"]),
    }
    return ToolSpec(
        name=name,
        type=type_,
        cost_usd=check.price(f"{where}: cost", given["cost"]),
        fallback_for=described[n.TOOL_FALLBACK],
        described={key: value for key, value in described.items() if value is not None},
    )


def _described(spec: ToolSpec, function: Function) -> ToolSpec:
    """Take from a function what its decorator does not say: the name, and the first line of its docstring."""
    name = getattr(function, "__name__", None)
    lines = (inspect.getdoc(function) or "").splitlines() if name is not None else []
    told = {n.TOOL_DESCRIPTION: check.cut("@tool: description", lines[0])} if lines else {}
    return replace(
        spec,
        name=spec.name if spec.name != _UNNAMED else check.required_text("@tool: name", name),
        described={**told, **spec.described},
    )


def _reader(function: Function) -> Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, object]]:
    """Make a function that names the arguments of a call; the receiver of a method is not one of them."""
    parameters = _parameters(function)
    names = [one.name for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    rest = next((one.name for one in parameters if one.kind is one.VAR_POSITIONAL), "args")
    received = 1 if names and names[0] in {"self", "cls"} else 0
    del names[:received]

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, object]:
        given = args[received:]
        arguments: dict[str, object] = dict(zip(names, given, strict=False))
        if len(given) > len(names):
            arguments[rest] = list(given[len(names) :])
        arguments.update(kwargs)
        return arguments

    return read


def _parameters(function: Function) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function of C without a signature
        return []


def set_cost(usd: float) -> None:
    """Set what the running tool call cost in US dollars, in place of the tool's usual price.

    A cost that is no number of zero or more is left out, with a warning.
    """
    operation = identities.current().tool
    if operation is None:
        warn_once("set_cost() belongs inside a tool call: the cost is left out; decorate the function with @tool")
        return
    calls.set_cost(operation, usd)
