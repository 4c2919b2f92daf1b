"""Model calls without an SDK: the operation of one, from bodies in the OpenAI chat format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from agentotel.facts.call import Attempt, Failure
from agentotel.facts.stop import Outcome
from agentotel.record import identity
from agentotel.record.operation import MODEL, ModelFacts, Operation
from agentotel.record.pipeline import active
from agentotel.wire.openai_chat import FORMAT

QUESTION = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Where is it?"}]}


def answer(text: str = "On its way.", **usage: object) -> dict[str, object]:
    """Make an answer; ``usage`` is sent as it is, and not at all where empty."""
    message = {"role": "assistant", "content": text}
    sent = {"usage": usage} if usage else {}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "model": "gpt-5-mini-2025-08-07", "choices": [choice], **sent}


@contextmanager
def calling(
    body: Mapping[str, object] = QUESTION,
    answered: Mapping[str, object] | None = None,
    *,
    provider: str = "openai",
    attempts: Sequence[Attempt] = (),
    failure: Failure | None = None,
) -> Iterator[Operation]:
    """Run a block as a model call would run."""
    facts = ModelFacts(FORMAT, "chat", provider, FORMAT.request(body), body)
    operation = Operation(active(), MODEL, facts, identity.current())
    operation.start()
    yield operation
    for attempt in attempts:
        operation.attempt(attempt)
    if answered is not None:
        facts.answer = answered
        facts.response = FORMAT.response(answered)
    operation.finish(Outcome.COMPLETED if failure is None else Outcome.ERROR, failure)
