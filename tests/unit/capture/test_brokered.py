"""Calls that a broker makes of several requests: what goes on, what has failed, and when that is known."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wrapt import FunctionWrapper

from agentotel.capture import brokers, wrap
from agentotel.capture.brokered import current
from agentotel.capture.spec import Adapter, Brokered, Call, Sent, Target
from agentotel.testing import Captured, capture
from agentotel.wire import openai_chat

ANSWER = {"id": "c-1", "model": "m-1", "choices": [{"index": 0, "message": {}, "finish_reason": "stop"}]}


class Refused(Exception):  # noqa: N818 - as an SDK may name it
    """What the SDK raises."""

    status_code = 429


class GaveUp(Exception):  # noqa: N818
    """What the broker raises."""


def _read(_client: Any, _args: Any, kwargs: Any) -> Sent:
    return Sent(
        call=Call(operation="chat", format=openai_chat.FORMAT),
        target=Target(provider="openai", server=kwargs.get("server", "gateway.example"), port=kwargs.get("port", 443)),
        body={"model": kwargs["model"], "messages": [{"role": "user", "content": "Hello"}]},
        retry_limit=7,
    )


SDK = Adapter(package="acme", oldest=(0,), below=(9,), hooks=(), read=_read)


def _send(*, model: str, fails: bool = False, **_more: Any) -> dict[str, Any]:
    if fails:
        raise Refused(model)
    return ANSWER


send: Callable[..., Any] = FunctionWrapper(_send, wrap.wrapper(SDK, _send))


def brokered(function: Callable[..., Any], **told: Any) -> Callable[..., Any]:
    """Make a function one that a broker is called by."""
    return brokers.plain(function, brokers.wrapper(lambda _owner, _args, _kwargs: Brokered(**told), function))


@pytest.fixture
def captured() -> Iterator[Captured]:
    with capture() as found:
        yield found


def tries(*calls: dict[str, Any]) -> Callable[[], Any]:
    """Make a function that asks until there is an answer, and gives up after the last call."""

    def ask() -> Any:
        for one in calls:
            with contextlib.suppress(Refused):
                return send(**one)
        raise GaveUp

    return ask


FAILS = {"model": "m", "fails": True}


def test_what_is_sent_again_goes_on(captured: Captured) -> None:
    assert brokered(tries(FAILS, FAILS, {"model": "m", "port": 8443}), provider="deepseek", retry_limit=3)() is ANSWER
    (span,) = captured.model_calls
    assert (span.outcome, span.provider, span.attributes["server.port"]) == ("completed", "deepseek", 8443)
    assert span.attributes["agentotel.retry.limit"] == 3
    assert current() is None


def test_what_a_broker_does_not_say_is_as_it_was(captured: Captured) -> None:
    brokered(tries({"model": "m"}))()
    (span,) = captured.model_calls
    assert (span.provider, span.attributes["agentotel.retry.limit"]) == ("openai", 7)


def test_a_known_host_says_more_than_a_broker(captured: Captured) -> None:
    brokered(tries({"model": "m", "server": "api.x.ai"}), provider="openai")()
    (span,) = captured.model_calls
    assert span.provider == "x_ai"


def test_another_model_is_a_call_that_follows_a_failed_one(captured: Captured) -> None:
    brokered(tries(FAILS, {"model": "other"}))()
    first, second = captured.model_calls
    assert (first.outcome, second.outcome) == ("error", "completed")
    assert first.error_type == f"{__name__}.Refused"
    assert second.attributes["agentotel.fallback.of"] == first.span_id


def test_a_failure_is_what_the_caller_is_told_and_of_the_category_that_the_provider_said(captured: Captured) -> None:
    with pytest.raises(GaveUp):
        brokered(tries(FAILS, FAILS))()
    (span,) = captured.model_calls
    assert (span.error_type, span.outcome) == (f"{__name__}.GaveUp", "error")
    assert span.attributes["agentotel.error.category"] == "rate_limit"


def test_a_failure_that_is_swallowed_keeps_its_own_name(captured: Captured) -> None:
    def ask() -> None:
        with contextlib.suppress(Refused):
            send(**FAILS)

    brokered(ask)()
    (span,) = captured.model_calls
    assert (span.error_type, span.outcome) == (f"{__name__}.Refused", "error")


def test_the_outermost_broker_has_the_last_word(captured: Captured) -> None:
    inner = brokered(tries(FAILS), provider="groq", retry_limit=1)

    def ask() -> Any:
        with contextlib.suppress(GaveUp):
            inner()
        assert captured.model_calls == []
        return brokered(tries({"model": "m"}), provider="groq", retry_limit=1)()

    brokered(ask, retry_limit=5)()
    (span,) = captured.model_calls
    assert (span.outcome, span.provider, span.attributes["agentotel.retry.limit"]) == ("completed", "groq", 5)


def test_a_call_outside_ends_at_once(captured: Captured) -> None:
    with pytest.raises(Refused):
        send(**FAILS)
    (span,) = captured.model_calls
    assert span.error_type == f"{__name__}.Refused"


async def test_a_task_that_outlives_a_broker_is_not_in_it(captured: Captured) -> None:
    go = asyncio.Event()

    async def later() -> None:
        await go.wait()
        send(**FAILS)

    async def ask() -> asyncio.Task[None]:
        return asyncio.create_task(later())

    task = await brokered(ask)()
    go.set()
    with pytest.raises(Refused):
        await task
    assert [span.outcome for span in captured.model_calls] == ["error"]


async def test_a_wait_that_is_cancelled_is_a_call_that_is_cancelled(captured: Captured) -> None:
    async def ask() -> None:
        with contextlib.suppress(Refused):
            send(**FAILS)
        await asyncio.sleep(60)

    task = asyncio.create_task(brokered(ask)())
    await asyncio.sleep(0)
    assert captured.model_calls == []
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = captured.model_calls
    assert (span.outcome, span.status) == ("cancelled", "UNSET")


def test_nothing_is_opened_where_nothing_records() -> None:
    seen = []
    brokered(lambda: seen.append(current()))()
    assert seen == [None]
