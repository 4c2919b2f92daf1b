"""Tools: functions that agents call, and calls that cannot be decorated."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar, overload

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, TraceFlags

from agentotel._core import guard
from agentotel._core.canonical import canonical_json
from agentotel.api import check, events
from agentotel.api.attach import Attachment
from agentotel.api.decorate import decorate
from agentotel.errors import ConfigurationError
from agentotel.facts.stop import Outcome
from agentotel.record import identity as identities
from agentotel.record.operation import TOOL, Operation, ToolFacts, stop_reason
from agentotel.record.pipeline import Pipeline, active
from agentotel.wire import errors

logger = logging.getLogger("agentotel")

_arguments = guard.site("api.tool.arguments")
_result = guard.site("api.tool.result")
_close = guard.site("api.close")

F = TypeVar("F", bound=Callable[..., Any])

TYPES: Final = ("function", "extension", "datastore")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What is known of a tool before it is called."""

    name: str
    type: str = "function"
    version: str | None = None
    description: str | None = None
    cost_usd: float | None = None
    fallback_for: str | None = None


class Tool:
    """One call of a tool."""

    def __init__(self, operation: Operation, facts: ToolFacts) -> None:
        self._operation = operation
        self._facts = facts
        self._context = operation.context
        self._attachment: Attachment | None = None

    @property
    def name(self) -> str:
        """The tool's name."""
        return self._facts.name

    @property
    def call_id(self) -> str | None:
        """The id that the model gave to this call; None where no model asked for it."""
        return self._facts.call_id

    @property
    def context(self) -> Context:
        """The OpenTelemetry context that the call runs in."""
        return self._context

    def result(self, value: object) -> None:
        """Set what the call gave; only its hash and size leave the process where content is off."""
        _result(_note_result, self._operation.pipeline, self._facts, value)

    returned = result

    def set_cost(self, usd: float) -> None:
        """Set what this call cost in US dollars, in place of the tool's usual price."""
        self._facts.cost_usd = check.price("set_cost(usd)", usd)

    def event(self, kind: str, **data: object) -> None:
        """Record an event on this call. See ``agentotel.event``."""
        events.record(self._operation, kind, data)

    def attach(self) -> Self:
        """Make the call current."""
        self._attachment = Attachment(self._context)
        return self

    def detach(self) -> None:
        """Give back what was current before."""
        if self._attachment is not None:
            self._attachment.leave()

    def close(self, error: BaseException | None) -> None:
        """End the call, once."""
        _close(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        operation, facts = self._operation, self._facts
        if not operation.open:
            return
        unit = operation.identity.unit
        if unit is not None and facts.arguments is not None:
            requested = operation.pipeline.requested(unit.home)
            requested.ended(facts.name, facts.arguments, failed=isinstance(error, Exception))
        if isinstance(error, Exception):
            failure = errors.of_exception(error, origin="tool")
            if unit is not None and unit.blamed(error) is None:
                unit.blame(error, stop_reason(failure), f"{facts.name}: {failure.type}")
            operation.finish(Outcome.ERROR, failure)
        elif isinstance(error, GeneratorExit):
            operation.finish(Outcome.ABANDONED)
        else:
            operation.finish(Outcome.COMPLETED if error is None else Outcome.CANCELLED)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _note_arguments(pipeline: Pipeline, facts: ToolFacts, arguments: Mapping[str, object]) -> None:
    text = canonical_json(arguments)
    facts.arguments = text
    facts.args_hash = pipeline.digest(text)
    facts.args_bytes = _size(text)


def _note_result(pipeline: Pipeline, facts: ToolFacts, value: object) -> None:
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        return
    text = canonical_json(value)
    facts.result = text
    facts.result_hash = pipeline.digest(text)
    facts.result_bytes = _size(text)


def _pair(operation: Operation, facts: ToolFacts) -> None:
    """Find the request of a model that this call answers, and number the attempt."""
    unit = operation.identity.unit
    if unit is None or facts.arguments is None:
        return
    requested = operation.pipeline.requested(unit.home)
    facts.attempt = requested.attempt(facts.name, facts.arguments)
    asked = requested.take(facts.name, facts.arguments)
    if asked is None:
        return
    facts.call_id = asked.id
    context = SpanContext(asked.trace_id, asked.span_id, is_remote=False, trace_flags=TraceFlags(asked.trace_flags))
    facts.requested_by = Link(context)
    operation.links.append(facts.requested_by)


def open_call(spec: ToolSpec, arguments: Mapping[str, object]) -> Tool:
    """Start the operation of one call."""
    pipeline = active()
    identity = identities.current()
    facts = ToolFacts(spec.name)
    facts.type = spec.type
    facts.version = spec.version
    facts.description = spec.description
    facts.cost_usd = spec.cost_usd
    facts.fallback = spec.fallback_for
    operation = Operation(pipeline, TOOL, facts, identity)
    _arguments(_note_arguments, pipeline, facts, arguments)
    _arguments(_pair, operation, facts)
    operation.start()
    operation.context = identities.place(identity.inside(operation), operation.context)
    if spec.fallback_for is not None and identity.operation is not None:
        events.record(identity.operation, "fallback", {"source": spec.fallback_for, "to": spec.name, "kind": "tool"})
    return Tool(operation, facts)


class ToolCallBlock:
    """See ``agentotel.tool_call``."""

    def __init__(self, spec: ToolSpec, arguments: Mapping[str, object]) -> None:
        self._spec = spec
        self._call_arguments = arguments
        self._handles: list[Tool] = []

    def __enter__(self) -> Tool:
        handle = open_call(self._spec, self._call_arguments)
        self._handles.append(handle)
        return handle.attach()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        handle = self._handles.pop()
        handle.detach()
        handle.close(error)

    async def __aenter__(self) -> Tool:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def tool_call(
    name: str,
    args: Mapping[str, object] | None = None,
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
        args: The arguments by name, as the model gave them.
        type: ``function``, ``extension`` or ``datastore``.
        version: Version of the tool.
        description: What the tool does.
        cost: Price of a call in US dollars.
        fallback_for: Name of the tool that this one stands in for.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """
    if args is not None and not isinstance(args, Mapping):
        check.metadata("tool_call(args)", args)
    spec = _spec("tool_call", name, type, version, description, cost, fallback_for)
    return ToolCallBlock(spec, {} if args is None else args)


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

    def wrap(wrapped: Any) -> Any:
        if isinstance(wrapped, classmethod | staticmethod):
            return wrapped.__class__(wrap(wrapped.__func__))
        if not callable(wrapped):
            message = f"@tool decorates functions, not {wrapped!r:.80}: write @tool(name={wrapped!r:.80})"
            raise ConfigurationError(message)
        lines = (inspect.getdoc(wrapped) or "").splitlines()
        spec = _spec(
            "@tool",
            wrapped.__name__ if name is None else name,
            type,
            version,
            (lines[0] if lines else None) if description is None else description,
            cost,
            fallback_for,
        )
        read = _reader(wrapped)
        return decorate(wrapped, lambda args, kwargs: open_call(spec, read(args, kwargs)))

    return wrap if function is None else wrap(function)


def _spec(
    where: str,
    name: object,
    type: object,  # noqa: A002 - the conventions' word
    version: object,
    description: object,
    cost: object,
    fallback_for: object,
) -> ToolSpec:
    return ToolSpec(
        name=check.required_text(f"{where}: name", name),
        type=check.required_text(f"{where}: type", type),
        version=check.text(f"{where}: version", version),
        description=check.text(f"{where}: description", description),
        cost_usd=check.price(f"{where}: cost", cost),
        fallback_for=check.text(f"{where}: fallback_for", fallback_for),
    )


def _reader(function: Callable[..., Any]) -> Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, object]]:
    """Make a function that names the arguments of a call; the receiver of a method is not one of them."""
    parameters = list(inspect.signature(function).parameters.values())
    positional = [one.name for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    rest = next((one.name for one in parameters if one.kind is one.VAR_POSITIONAL), None)
    receiver = bool(positional) and positional[0] in {"self", "cls"}
    names = positional[1:] if receiver else positional

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, object]:
        given = args[1:] if receiver else args
        arguments = dict(zip(names, given, strict=False))
        if rest is not None and len(given) > len(names):
            arguments[rest] = list(given[len(names) :])
        arguments.update(kwargs)
        return arguments

    return read


def set_cost(usd: float) -> None:
    """Set what the running tool call cost in US dollars, in place of the tool's usual price.

    Raises:
        ConfigurationError: Not a number of zero or more.
    """
    cost = check.price("set_cost(usd)", usd)
    operation = identities.current().operation
    if operation is None or not isinstance(operation.facts, ToolFacts):
        logger.warning("set_cost() belongs inside a tool call: the cost is left out; decorate the function with @tool")
        return
    operation.facts.cost_usd = cost
