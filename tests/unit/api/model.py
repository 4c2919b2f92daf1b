"""Model calls without an SDK: an answer that asks for tools, a history to send, an error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

from agentotel.facts.stop import Outcome
from agentotel.record.operation import stop_reason
from agentotel.wire import errors
from tests.fakes.calls import answer, calling

Asked = tuple[str, str, Mapping[str, object]]
"""Call id, name of the tool, arguments."""


def call(
    *asked: Asked,
    messages: Sequence[Mapping[str, object]] = ({"role": "user", "content": "Where is it?"},),
    tools: Sequence[str] | None = None,
    finish: str | None = None,
    usage: Mapping[str, int] | None = None,
    body: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Call a model, which asks for tools; give the message that it answered with."""
    sent: dict[str, object] = {"model": "gpt-5-mini", "messages": list(messages), **(body or {})}
    if tools is not None:
        sent["tools"] = [{"type": "function", "function": {"name": name}} for name in tools]
    answered = answer(**(usage or {}))
    choice = answered["choices"][0]  # type: ignore[index]
    if asked:
        choice["message"]["tool_calls"] = [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for id_, name, arguments in asked
        ]
    choice["finish_reason"] = finish or ("tool_calls" if asked else "stop")
    with calling(sent, answered):
        pass
    return dict(choice["message"])


def fail(error: Exception) -> NoReturn:
    """Call a model, which raises ``error`` as the wrapper of an SDK would see it."""
    with calling() as operation:
        try:
            _raise(error)
        except Exception as raised:
            failure = errors.of_exception(raised, origin="model")
            operation.finish(Outcome.ERROR, failure)
            unit = operation.identity.unit
            assert unit is not None
            unit.blame(raised, stop_reason(failure), f"model: {failure.type}")
            raise


def _raise(error: Exception) -> NoReturn:
    raise error
