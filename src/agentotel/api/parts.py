"""Parts of a session: turns, agent runs, steps, and the prompt in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Never

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel._core import guard
from agentotel._core.canonical import compact_json
from agentotel.api import check
from agentotel.api.block import Block, Handle, start, unopened
from agentotel.errors import ConfigurationError
from agentotel.facts.call import AttributeValue
from agentotel.record import identity as identities
from agentotel.record import unit as units
from agentotel.record.identity import Identity
from agentotel.record.operation import UNIT, Operation
from agentotel.record.pipeline import active
from agentotel.record.unit import Unit
from agentotel.semconv import names as n

_content = guard.site("api.content")

_OF_STEP: Final = frozenset({n.STEP_ID, n.STEP_TYPE, n.STEP_PARENT_ID})
_OF_RUN: Final = _OF_STEP | {n.RUN_ID, n.RUN_PARENT_ID, n.AGENT_VERSION}


def _without(identity: Identity, names: frozenset[str]) -> dict[str, AttributeValue]:
    """Give the attributes of an identity but those of the parts that a new part is not in."""
    return {name: value for name, value in identity.attributes.items() if name not in names}


def _start(unit: Unit, identity: Identity) -> Operation:
    return start(Operation(active(), UNIT, unit, identity))


def _keep(operation: Operation, name: str, role: str, content: object) -> None:
    """Keep a message in the JSON shape of the conventions, where content is captured."""
    if operation.pipeline.content_on_spans and content is not None:
        text = content if isinstance(content, str) else compact_json(content)
        operation.extra[name] = compact_json([{"role": role, "parts": [{"type": "text", "content": text}]}])


class Answering(Handle):
    """A part that gives an answer."""

    _output: object = None

    def output(self, content: object) -> None:
        """Set what it answered. It leaves the process only where content is captured."""
        self._output = content
        _content(_keep, self._operation, n.OUTPUT_MESSAGES, "assistant", content)

    @property
    def answer(self) -> object:
        """What ``output()`` was given."""
        return self._output


class Turn(Answering):
    """One exchange of a session."""

    @property
    def index(self) -> int | None:
        """The number of the turn in its session, from 1; None outside a session."""
        return self._unit.index or None


class TurnBlock(Block[Turn]):
    """Mark one exchange of a session: from an input until the agent yields.

        with agentotel.turn(input="Where is my order?") as turn:
            turn.output(answer)

    Works with ``with``, ``async with`` and as a decorator, of generators too. Outside a session it is a span only.

    Args:
        input: What started the turn. It leaves the process only where content is captured.

    Raises:
        ConfigurationError: An argument without its name.
    """

    def __init__(self, *misplaced: Never, input: object = None) -> None:  # noqa: A002 - the word users know it by
        if misplaced:
            message = "turn() takes its argument by name: turn(input=...); as a decorator it is @agentotel.turn()"
            raise ConfigurationError(message)
        super().__init__()
        self._input = input

    def _open(self) -> Turn:
        around = identities.current()
        unit = Unit(units.TURN, parent=around.unit)
        attributes = _without(around, _OF_RUN)
        if around.session is not None:
            unit.index = around.session.next_turn()
            attributes |= {n.TURN_INDEX: unit.index, n.TURN_ID: unit.id}
        identity = around._replace(turn=unit, run=None, step=None, unit=unit, attributes=attributes)
        operation = Operation(active(), UNIT, unit, identity)
        _content(_keep, operation, n.INPUT_MESSAGES, "user", self._input)
        return Turn(start(operation), unit)

    def _unopened(self) -> Turn:
        return unopened(Turn, units.TURN)


class Run(Answering):
    """One run of an agent."""

    @property
    def name(self) -> str | None:
        """The agent's name."""
        return self._unit.name


class AgentBlock(Block[Run]):
    """Mark one run of an agent.

        with agentotel.agent("triage", version="7", max_steps=8) as run: ...

    Works with ``with``, ``async with`` and as a decorator, of generators too. Inside another run it is a sub-agent.

    Args:
        name: The agent's name, a bounded set: it labels metrics.
        version: Version of the agent.
        description: What the agent does.
        max_steps: The application's own limit of steps, from 1. It is not enforced: a run that used it up and
            still asked for tools stops as ``max_steps``. A step is a ``step()`` block directly in the run, or a
            model call outside of such blocks.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """

    def __init__(
        self,
        name: str,
        *misplaced: Never,
        version: str | None = None,
        description: str | None = None,
        max_steps: int | None = None,
    ) -> None:
        if misplaced:
            message = "agent() takes all but its name by name: agent('triage', version='7', max_steps=8)"
            raise ConfigurationError(message)
        super().__init__()
        self._name = check.required_text("agent(name)", name)
        self._version = check.text("agent(version=)", version)
        self._description = check.text("agent(description=)", description)
        self._max_steps = check.positive("agent(max_steps=)", max_steps)

    def _open(self) -> Run:
        around = identities.current()
        unit = Unit(units.RUN, self._name, parent=around.unit, version=self._version, max_steps=self._max_steps)
        attributes = _without(around, _OF_RUN)
        if around.session is not None:
            attributes[n.RUN_ID] = unit.id
            if around.run is not None:
                attributes[n.RUN_PARENT_ID] = around.run.id
        if unit.version is not None:
            attributes[n.AGENT_VERSION] = unit.version
        identity = around._replace(run=unit, step=None, prompt=None, unit=unit, attributes=attributes)
        operation = _start(unit, identity)
        if self._description is not None:
            operation.extra[n.AGENT_DESCRIPTION] = self._description
        return Run(operation, unit)

    def _unopened(self) -> Run:
        return unopened(Run, units.RUN)


class Step(Handle):
    """One step of a run."""


class StepBlock(Block[Step]):
    """Mark a step inside a run: planning, tool selection, reflection, validation, or what you name it.

    Works with ``with``, ``async with`` and as a decorator, of generators too.

    Args:
        type: Kind of the step, a bounded set: it names the span. ``planning`` is the conventions' plan.

    Raises:
        ConfigurationError: Not a text.
    """

    def __init__(self, type: str) -> None:  # noqa: A002 - the word users know it by
        super().__init__()
        self._type = check.required_text("step(type)", type)

    def _open(self) -> Step:
        around = identities.current()
        unit = Unit(units.STEP, self._type, parent=around.unit)
        attributes = _without(around, _OF_STEP)
        if around.session is not None:
            attributes |= {n.STEP_ID: unit.id, n.STEP_TYPE: self._type}
            if around.step is not None:
                attributes[n.STEP_PARENT_ID] = around.step.id
        if around.unit is not None:
            around.unit.add_step()
        identity = around._replace(step=unit, unit=unit, attributes=attributes)
        return Step(_start(unit, identity), unit)

    def _unopened(self) -> Step:
        return unopened(Step, units.STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The prompt in use inside a ``prompt()`` block."""

    name: str
    version: str | None
    context: Context
    """The OpenTelemetry context that the block runs in."""

    def _done(self, value: object) -> None:
        """End the block of a decorated function that returned: nothing to record."""

    def _close(self, error: BaseException | None) -> None:
        """End the block: nothing to record."""


class PromptBlock(Block[Prompt]):
    """Name the prompt that the model calls of a block use.

    Works with ``with``, ``async with`` and as a decorator, of generators too.

    Args:
        name: Name of the prompt or of its template.
        version: Its version.

    Raises:
        ConfigurationError: An argument has the wrong type.
    """

    def __init__(self, name: str, version: str | None = None) -> None:
        super().__init__()
        self._name = check.required_text("prompt(name)", name)
        self._version = check.text("prompt(version)", version)

    def _open(self) -> Prompt:
        inner = identities.current()._replace(prompt=(self._name, self._version))
        return Prompt(name=self._name, version=self._version, context=identities.place(inner))

    def _unopened(self) -> Prompt:
        return Prompt(name=self._name, version=self._version, context=otel_context.get_current())
