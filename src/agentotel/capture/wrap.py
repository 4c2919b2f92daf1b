"""The wrapper around an SDK's request method, sync and async, for every adapter.

The user's call stands outside every guard: its arguments go in unchanged, and what it gave or raised
comes out as the same object.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Final, TypeVar

from opentelemetry import context as otel_context

from agentotel._core import guard
from agentotel.api.block import failure_of
from agentotel.capture import asking, brokered, managers, neighbours, parsing, streams
from agentotel.capture.answers import Answer, answer_of, is_whole
from agentotel.capture.bodies import json_object
from agentotel.capture.spec import Adapter
from agentotel.capture.tracking import Tracking, current
from agentotel.facts.call import Failure, Request
from agentotel.facts.stop import Outcome
from agentotel.record import again
from agentotel.record import identity as identities
from agentotel.record.operation import MODEL, ModelFacts, Operation, stop_reason
from agentotel.record.pipeline import IDLE, active
from agentotel.wire import errors
from agentotel.wire.format import Body, fields
from agentotel.wire.read import OTHER_ERROR, failure

_open = guard.site("capture.open")
_join = guard.site("capture.join")
_ask = guard.site("capture.ask")
_broker = guard.site("capture.brokered")
_request = guard.site("capture.request")
_answer = guard.site("capture.answer")
_fail = guard.site("capture.fail")
_leave = guard.site("capture.leave")

R = TypeVar("R")


def wrapper(adapter: Adapter, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of one hooked method, sync or async as ``function`` is."""
    return _asynchronous(adapter) if inspect.iscoroutinefunction(function) else _synchronous(adapter)


def _synchronous(adapter: Adapter) -> Callable[..., Any]:
    def call(wrapped: Callable[..., R], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        tracking = _open(begin, adapter, client, args, kwargs)
        if tracking is None:
            return wrapped(*args, **kwargs)
        try:
            addition = tracking.addition
            value = wrapped(*args, **kwargs) if addition is None else addition.send(wrapped, args, kwargs)
        except BaseException as error:
            _leave(tracking.leave)
            _fail(failed, tracking, error)
            raise
        _leave(tracking.leave)
        passed_on = _answer(answered, adapter, tracking, value)
        return value if passed_on is None else passed_on

    return call


def _asynchronous(adapter: Adapter) -> Callable[..., Any]:
    async def call(wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tracking = _open(begin, adapter, client, args, kwargs)
        if tracking is None:
            return await wrapped(*args, **kwargs)
        try:
            addition = tracking.addition
            sending = wrapped(*args, **kwargs) if addition is None else addition.send_async(wrapped, args, kwargs)
            value = await sending
        except BaseException as error:
            _leave(tracking.leave)
            _fail(failed, tracking, error)
            raise
        _leave(tracking.leave)
        passed_on = _answer(answered, adapter, tracking, value)
        return value if passed_on is None else passed_on

    return call


def begin(adapter: Adapter, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tracking | None:
    """Open the operation of a call; None where there is none to open, or its client has one open already."""
    pipeline = active()
    if pipeline is IDLE:
        return None
    sent = adapter.read(client, args, kwargs)
    if sent is None:
        return None
    call, target, body, retry_limit, timeout_s, http_client = sent
    around = current()
    if around is not None and around.sends_with(http_client):
        return None
    request = _request(call.format.request, body) or Request()
    facts = ModelFacts(call.format, call.operation, target.provider, request, body)
    facts.server = target.server
    facts.port = target.port
    facts.retry_limit = retry_limit
    facts.timeout_s = timeout_s
    context = otel_context.get_current()
    broker = brokered.current()
    operation = None if broker is None else _broker(broker.take, facts)
    if operation is None:
        operation = Operation(pipeline, MODEL, facts, identities.within(context), context)
        if neighbours.OPEN:
            _join(neighbours.join, operation)
        if again.SEEN:
            facts.shared = again.places(context)  # now: a stream may end where nothing tells
        operation.start()
    tracking = Tracking(operation, http_client)
    if request.stream and adapter.with_body is not None:
        tracking.addition = _ask(asking.addition, adapter, sent, pipeline.stream_usage, client, args, kwargs)
    tracking.enter(context)
    return tracking


def failed(tracking: Tracking, error: BaseException) -> None:
    """End the operation of a call that raised."""
    operation = tracking.operation
    if not isinstance(error, Exception):
        operation.finish(Outcome.CANCELLED)
        blame(operation, error, Failure(type=errors.error_type(error), category="timeout", origin="model"))
        return
    why = _fail(read_failure, operation, error) or Failure(type=type(error).__qualname__, origin="model")
    response, tracking.response = tracking.response, None
    if response is not None:
        _answer(_unparsed, operation, response, error)
    if _broker(brokered.held, operation, why):
        return
    operation.finish(Outcome.ERROR, why)
    blame(operation, error, why)


def read_failure(operation: Operation, error: Exception) -> Failure:
    """Read why a call failed, and whether retries were used up on it."""
    return _exhausted(operation, failure_of(error, "model"))


def _exhausted(operation: Operation, failure: Failure) -> Failure:
    """Say whether a failure was tried again, and whether retries were used up on it."""
    if not operation.retries:
        return failure
    facts = operation.facts
    limit = facts.retry_limit if isinstance(facts, ModelFacts) else None
    return replace(failure, retry="exhausted" if limit is None or operation.retries >= limit else "did")


def blame(operation: Operation, error: BaseException, failure: Failure) -> None:
    """Remember at the unit around it why the call failed, in case the error ends the unit.

    A cancelled call is to blame only for the ``TimeoutError`` of a deadline around it.
    """
    unit = operation.identity.unit
    if unit is not None:
        unit.blame(error, stop_reason(failure), _detail(operation, failure))


def _detail(operation: Operation, failure: Failure) -> str:
    facts = operation.facts
    model = facts.request.model if isinstance(facts, ModelFacts) else None
    return f"{model}: {failure.type}" if model else failure.type


def _unparsed(operation: Operation, answer: Answer, error: Exception) -> None:
    """Read an answer that arrived whole and that the SDK could not parse into what was asked for."""
    body = json_object(answer.content()) if answer.read and not answer.refused else None
    if body:
        take(operation, body)
        parsing.report(operation, error)


def parser(adapter: Adapter, _function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the wrapper of a method that parses an answer outside the call."""
    return parsing.wrapper(adapter.parsed, lambda operation, error: blame(operation, error, failure_of(error, "model")))


def answered(adapter: Adapter, tracking: Tracking, value: Any) -> Any:
    """End the operation of a call that gave a value, now or when it has been read.

    What sends its request later, a generator or a context manager, is passed on by one of ours of the same type;
    everything else stays what it is, for which this gives None.
    """
    operation = tracking.operation
    kind: type = type(value)
    whole = is_whole(kind)
    if not whole:
        # One that cannot be watched is left to the hooks of its HTTP library: they record it when it sends.
        if isinstance(value, GeneratorType | AsyncGeneratorType):
            return streams.stepwise(tracking, value, failed)
        if managers.made(value):
            return managers.watched(tracking, value, _ENDINGS)
    try:
        shown = adapter.answer(value)
        if not (whole and shown is value) and _still_read(tracking, shown, adapter):
            if adapter.validators:
                _answer(parsing.remember, value, operation)
            return None
        take(operation, fields(shown))
    except BaseException:
        operation.finish()
        raise
    close(operation)
    return None


def _still_read(tracking: Tracking, shown: Any, adapter: Adapter) -> bool:
    """Take over the end of an operation whose answer is a stream or an HTTP response. False where it is neither."""
    operation = tracking.operation
    hidden = None if tracking.addition is None else tracking.addition.hidden
    if streams.watch(operation, shown, adapter, hidden=hidden):
        return True
    answer = answer_of(shown)
    if answer is None:
        return False
    respond(operation, answer, adapter.raises)
    return True


def respond(operation: Operation, answer: Answer, raises: Callable[[int], str | None]) -> None:
    """End an operation by an HTTP response; ``raises`` names what a refusal becomes."""
    if answer.refused:
        _refuse(operation, answer, raises(answer.status))
    else:
        streams.read_body(operation, answer)


def _entered(tracking: Tracking, value: Any) -> None:
    """Watch the response that a context manager gave; what refuses is about to become an exception."""
    answer = answer_of(value)
    if answer is not None and not answer.refused:
        streams.read_body(tracking.operation, answer)


def _left(tracking: Tracking, value: Any) -> None:
    """End what nobody else has ended by the time its context manager is left."""
    operation = tracking.operation
    try:
        answer = answer_of(value) if operation.open else None
        if answer is not None and answer.refused:
            _refuse(operation, answer, None)
    finally:
        operation.finish()


def _refuse(operation: Operation, answer: Answer, raised: str | None) -> None:
    """End an operation whose request was refused; ``raised`` is the class of the error that is still to come."""
    failure = _exhausted(operation, _refused(answer))
    unit = operation.identity.unit
    if raised is not None:
        failure = replace(failure, type=raised)
        if unit is not None:
            unit.expect(raised, stop_reason(failure), _detail(operation, failure))
    if not _broker(brokered.held, operation, failure):
        operation.finish(Outcome.ERROR, failure)


def _refused(answer: Answer) -> Failure:
    """Read the failure that a provider answered with, by its body where that was read."""
    said = None
    if answer.read and "json" in answer.header("content-type"):
        body = json_object(answer.content())
        said = failure(body.get("error") or body.get("message"))
    kind = str(answer.status) if said is None or said.type == OTHER_ERROR else said.type
    read = errors.said(Failure(type=kind, message=None if said is None else said.message))
    return read if read.category is not None else replace(read, category=errors.by_status(answer.status))


def take(operation: Operation, body: Body) -> None:
    """Read the facts of an answer."""
    facts = operation.facts
    assert isinstance(facts, ModelFacts)  # noqa: S101 - made by begin
    facts.answer = body
    facts.response = facts.format.response(body)
    if facts.response.usage is not None:
        facts.usage_source = "provider"


def close(operation: Operation) -> None:
    """End an operation whose answer was read; the answer itself may say that the call failed."""
    facts = operation.facts
    assert isinstance(facts, ModelFacts)  # noqa: S101 - made by begin
    failure = None if facts.response is None else facts.response.failure
    if failure is None:
        operation.finish()
    else:
        operation.finish(Outcome.ERROR, errors.said(failure))


_ENDINGS: Final = managers.Endings(entered=_entered, left=_left, failed=failed)
