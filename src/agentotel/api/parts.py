"""Parts of a session: turns, agent runs, steps, and the prompt in use."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Self

from agentotel._core.canonical import compact_json
from agentotel.api import check
from agentotel.api.attach import Attachment
from agentotel.api.block import Block, Handle, start
from agentotel.facts.call import AttributeValue
from agentotel.record import identity as identities
from agentotel.record import unit as units
from agentotel.record.identity import Identity
from agentotel.record.operation import Operation
from agentotel.record.unit import Unit
from agentotel.semconv import names as n


def _messages(role: str, content: object) -> str:
    """Write one message in the JSON shape of the conventions."""
    text = content if isinstance(content, str) else compact_json(content)
    return compact_json([{"role": role, "parts": [{"type": "text", "content": text}]}])


class Turn(Handle):
    """One exchange of a session."""

    def __init__(self, operation: Operation, unit: Unit) -> None:
        super().__init__(operation, unit)
        self._output: object = None

    @property
    def index(self) -> int | None:
        """The number of the turn in its session, from 1; None outside a session."""
        return self._unit.index or None

    def output(self, content: object) -> None:
        """Set what the turn answered. It leaves the process only where content is captured."""
        self._output = content
        if self._operation.pipeline.content_on_spans and content is not None:
            message = _messages("assistant", content)
            self._operation.extra[n.OUTPUT_MESSAGES] = message

    @property
    def answer(self) -> object:
        """What ``output()`` was given."""
        return self._output


class TurnBlock(Block[Turn]):
    """Mark one exchange of a session: from an input until the agent yields.

        with agentotel.turn(input="Where is my order?") as turn:
            turn.output(answer)

    Works with ``with``, ``async with`` and as a decorator, of generators too. Outside a session it is a span only.

    Args:
        input: What started the turn. It leaves the process only where content is captured.
    """

    def __init__(self, *, input: object = None) -> None:  # noqa: A002 - the word users know it by
        super().__init__()
        self._input = input

    def _open(self) -> Turn:
        around = identities.current()
        session = around.session
        unit = Unit(units.TURN, parent=around.unit)
        attributes = around.attributes
        if session is not None:
            session.turns += 1
            unit.index = session.turns
            attributes = {**attributes, n.TURN_INDEX: unit.index, n.TURN_ID: unit.id}
        identity = replace(around, turn=unit, run=None, step=None, unit=unit, attributes=attributes)
        operation = start(unit, identity)
        if self._input is not None and operation.pipeline.content_on_spans:
            operation.extra[n.INPUT_MESSAGES] = _messages("user", self._input)
        return Turn(operation, unit)


class Run(Handle):
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
            still asked for tools stops as ``max_steps``. Steps are ``step()`` blocks, or model calls where a run
            has none.

    Raises:
        ConfigurationError: An argument has the wrong type; the message names the fix.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str | None = None,
        description: str | None = None,
        max_steps: int | None = None,
    ) -> None:
        super().__init__()
        self._name = check.required_text("agent(name)", name)
        self._version = check.text("agent(version=)", version)
        self._description = check.text("agent(description=)", description)
        self._max_steps = check.positive("agent(max_steps=)", max_steps)

    def _open(self) -> Run:
        around = identities.current()
        unit = Unit(units.RUN, self._name, parent=around.unit, version=self._version, max_steps=self._max_steps)
        identity = replace(around, run=unit, step=None, unit=unit, attributes=self._identity(around, unit))
        operation = start(unit, identity)
        if self._description is not None:
            operation.extra[n.AGENT_DESCRIPTION] = self._description
        return Run(operation, unit)

    def _identity(self, around: Identity, unit: Unit) -> dict[str, AttributeValue]:
        outer = {n.RUN_ID, n.RUN_PARENT_ID, n.AGENT_VERSION, n.STEP_ID, n.STEP_TYPE, n.STEP_PARENT_ID}
        attributes = {name: value for name, value in around.attributes.items() if name not in outer}
        if around.session is not None:
            attributes[n.RUN_ID] = unit.id
            if around.run is not None:
                attributes[n.RUN_PARENT_ID] = around.run.id
        if unit.version is not None:
            attributes[n.AGENT_VERSION] = unit.version
        return attributes


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
        attributes = dict(around.attributes)
        if around.session is not None:
            attributes[n.STEP_ID] = unit.id
            attributes[n.STEP_TYPE] = self._type
            attributes.pop(n.STEP_PARENT_ID, None)
            if around.step is not None:
                attributes[n.STEP_PARENT_ID] = around.step.id
        if around.unit is not None:
            around.unit.add_step()
        identity = replace(around, step=unit, unit=unit, attributes=attributes)
        return Step(start(unit, identity), unit)


class PromptBlock:
    """Name the prompt that the model calls of a block use, with ``with`` or ``async with``.

    Args:
        name: Name of the prompt or of its template.
        version: Its version.

    Raises:
        ConfigurationError: An argument has the wrong type.
    """

    def __init__(self, name: str, version: str | None = None) -> None:
        self._prompt = (check.required_text("prompt(name)", name), check.text("prompt(version)", version))
        self._attachments: list[Attachment] = []

    def __enter__(self) -> Self:
        inner = replace(identities.current(), prompt=self._prompt)
        self._attachments.append(Attachment(identities.place(inner)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._attachments.pop().leave()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
