"""Who is current: one immutable value under one private key of the OpenTelemetry context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from agentotel.facts.call import AttributeValue
from agentotel.record.unit import Unit

if TYPE_CHECKING:
    from agentotel.record.operation import Operation

_KEY = otel_context.create_key("agentotel-identity")


class Identity(NamedTuple):
    """Place of an operation in its session.

    ``attributes`` is what every span inside carries. ``feature`` is the session's, for metrics. ``prompt`` is the
    name and version of the prompt in use. ``unit`` is the innermost unit, ``operation`` the innermost unit or
    tool call: events go there. ``segment`` is the session's operation, ``tool`` the innermost tool call's.
    """

    attributes: Mapping[str, AttributeValue]
    session: Unit | None = None
    turn: Unit | None = None
    run: Unit | None = None
    step: Unit | None = None
    unit: Unit | None = None
    prompt: tuple[str, str | None] | None = None
    feature: str | None = None
    operation: Operation | None = None
    segment: Operation | None = None
    tool: Operation | None = None

    def inside(self, operation: Operation) -> Identity:
        """Return the same identity with ``operation`` as the innermost one."""
        segment, tool = self.segment, self.tool
        if isinstance(operation.facts, Unit):
            segment = operation if operation.facts is self.session else segment
        else:
            tool = operation
        return Identity._make((*self[:-3], operation, segment, tool))


NOBODY = Identity(attributes={})


def current() -> Identity:
    """Return the identity of the running code; ``NOBODY`` outside every unit."""
    return within(None)


def within(context: Context | None) -> Identity:
    """Return the identity that a context carries."""
    return (otel_context.get_current() if context is None else context).get(_KEY) or NOBODY  # type: ignore[return-value]  # ours


def place(identity: Identity, context: Context | None = None) -> Context:
    """Return a context that carries ``identity``."""
    return otel_context.set_value(_KEY, identity, context)
