"""Calls that a broker makes: an SDK that sends by way of another one or of an HTTP library, as LiteLLM does.

Such a call is recorded where it is sent, since there the numbers are the provider's own. The broker knows whom it
asks, and whether a failure is the end: a call that failed waits for that. Sent again to the same model it goes on;
sent to another one it has failed, and the other is a call of its own.
"""

from __future__ import annotations

from contextvars import ContextVar

from agentotel.capture import hosts
from agentotel.capture.spec import Brokered
from agentotel.facts.call import Failure
from agentotel.facts.stop import Outcome
from agentotel.record.operation import ModelFacts, Operation
from agentotel.semconv import names as n

_innermost: ContextVar[Broker | None] = ContextVar("agentotel-broker", default=None)


class Broker:
    """One call of a broker while it runs.

    The ``outermost`` one has the last word on failures, for a broker may call itself. A task that was started inside
    may outlive it, and takes its own calls to be nobody's once it is not ``running``.
    """

    __slots__ = ("_before", "_outermost", "_provider", "retry_limit", "running", "waiting")

    def __init__(self, told: Brokered) -> None:
        self._before = _innermost.get()
        around = current()
        self._provider = told.provider
        self._outermost: Broker | None = None if around is None else around.outermost
        limit = None if around is None else around.retry_limit
        self.retry_limit: int | None = told.retry_limit if limit is None else limit
        self.running = False
        self.waiting: tuple[Operation, Failure] | None = None

    @property
    def outermost(self) -> Broker:
        """The broker that was called first, often this one."""
        return self._outermost or self

    def enter(self) -> None:
        """Make it current, for the calls that start inside it."""
        _innermost.set(self)
        self.running = True

    def leave(self) -> None:
        """Give back what was current before."""
        self.running = False
        _innermost.set(self._before)

    def left(self) -> tuple[Operation, Failure] | None:
        """Give the call that waits for the end of this one."""
        last = self.outermost
        waiting = last.waiting
        if last is self:
            last.waiting = None
        return waiting

    def take(self, facts: ModelFacts) -> Operation | None:
        """Tell a call that starts whom it asks; give the one that waits where it is the same, sent again."""
        facts.provider = hosts.provider_of(facts.server, self._provider or facts.provider)
        if self.retry_limit is not None:
            facts.retry_limit = self.retry_limit
        last = self.outermost
        waiting, last.waiting = last.waiting, None
        if waiting is None:
            return None
        operation, failure = waiting
        if _asked(operation) != (facts.provider, facts.operation, facts.request.model):
            operation.finish(Outcome.ERROR, failure)
            return None
        operation.facts = facts
        if facts.server is not None and facts.port is not None:
            operation.span.set_attributes({n.SERVER_ADDRESS: facts.server, n.SERVER_PORT: facts.port})
        return operation

    def hold(self, operation: Operation, failure: Failure) -> None:
        """Let a call that failed wait for what comes next; one that waits already has failed for good."""
        last = self.outermost
        if last.waiting is not None and last.waiting[0] is not operation:
            last.waiting[0].finish(Outcome.ERROR, last.waiting[1])
        last.waiting = (operation, failure)


def _asked(operation: Operation) -> tuple[str, str, str | None] | None:
    facts = operation.facts
    return (facts.provider, facts.operation, facts.request.model) if isinstance(facts, ModelFacts) else None


def current() -> Broker | None:
    """Return the innermost broker that is running here."""
    broker = _innermost.get()
    while broker is not None and not broker.running:
        broker = broker._before  # noqa: SLF001 - of its own class
    return broker


def held(operation: Operation, failure: Failure) -> bool:
    """Let a call that failed wait where a broker made it; one that was answered has its end, and its price."""
    broker = current()
    facts = operation.facts
    if broker is None or not operation.open or not isinstance(facts, ModelFacts) or facts.response is not None:
        return False
    broker.hold(operation, failure)
    return True
