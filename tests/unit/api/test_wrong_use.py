"""Wrong use: one clear sentence where it is called, or one warning where the application is already running."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import agentotel
from agentotel.errors import AgentotelError


def work() -> None: ...


PARENTHESES = " (as a decorator of work it needs parentheses and its own arguments)"


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "session_id": (
        lambda: agentotel.session(1.5),  # type: ignore[arg-type]
        "session(session_id) must be a text, not float: pass str(...) of it, or leave it out",
    ),
    "empty id": (
        lambda: agentotel.session(""),
        "session(session_id) must have 1 to 256 characters: leave it out for a random id",
    ),
    "long id": (
        lambda: agentotel.session("x" * 257),
        "session(session_id) must have 1 to 256 characters: leave it out for a random id",
    ),
    "user": (
        lambda: agentotel.session(user=["u"]),  # type: ignore[arg-type]
        "session(user=) must be a text, not list: pass str(...) of it, or leave it out",
    ),
    "boolean": (
        lambda: agentotel.session(tenant=True),  # type: ignore[arg-type]
        "session(tenant=) must be a text, not bool: pass str(...) of it, or leave it out",
    ),
    "metadata": (
        lambda: agentotel.session(metadata=["a"]),  # type: ignore[arg-type]
        "session(metadata=) must be a mapping such as {'region': 'eu'}, not list",
    ),
    "metadata value": (
        lambda: agentotel.session(metadata={"a": None}),  # type: ignore[dict-item]
        "session(metadata=)['a'] must be a text, a number or a boolean, not NoneType",
    ),
    "metadata key": (
        lambda: agentotel.session(metadata={1: "a"}),  # type: ignore[dict-item]
        "session(metadata=) must have texts as keys, not int: write them as text",
    ),
    "session without parentheses": (
        lambda: agentotel.session(work),  # type: ignore[arg-type]
        "session(session_id) must be a text, not function: pass str(...) of it, or leave it out" + PARENTHESES,
    ),
    "turn without parentheses": (
        lambda: agentotel.turn(work),  # type: ignore[arg-type]
        "turn() takes its argument by name: turn(input=...); as a decorator it is @agentotel.turn()",
    ),
    "input without its name": (
        lambda: agentotel.turn("Where is it?"),  # type: ignore[arg-type]
        "turn() takes its argument by name: turn(input=...); as a decorator it is @agentotel.turn()",
    ),
    "agent without a name": (
        lambda: agentotel.agent(""),
        "agent(name) must be a text that is not empty, not an empty one",
    ),
    "agent without parentheses": (
        lambda: agentotel.agent(work),  # type: ignore[arg-type]
        "agent(name) must be a text that is not empty, not function" + PARENTHESES,
    ),
    "max_steps": (
        lambda: agentotel.agent("a", max_steps=0),
        "agent(max_steps=) must be a whole number from 1, not 0: leave it out for no limit",
    ),
    "max_steps that is true": (
        lambda: agentotel.agent("a", max_steps=True),
        "agent(max_steps=) must be a whole number from 1, not True: leave it out for no limit",
    ),
    "step": (
        lambda: agentotel.step(None),  # type: ignore[arg-type]
        "step(type) must be a text that is not empty, not NoneType",
    ),
    "prompt": (
        lambda: agentotel.prompt("p", version=object()),  # type: ignore[arg-type]
        "prompt(version) must be a text, not object: pass str(...) of it, or leave it out",
    ),
    "a block on a class": (
        lambda: agentotel.agent("a")(int),
        "agentotel decorates functions and methods, not a class: decorate the function that does the work",
    ),
    "a block on a value": (
        lambda: agentotel.turn()(5),  # type: ignore[type-var]
        "agentotel decorates functions and methods, not int: decorate the function that does the work",
    ),
    "tool on a class": (
        lambda: agentotel.tool(int),
        "agentotel decorates functions and methods, not a class: decorate the function that does the work",
    ),
    "tool with a name by place": (
        lambda: agentotel.tool("look"),  # type: ignore[type-var]
        "@tool takes its arguments by name, not 'look': write @tool(name='look')",
    ),
    "tool without a name": (
        lambda: agentotel.tool(object.__new__(type("Callable", (), {"__call__": lambda _self: None}))),  # type: ignore[type-var]
        "@tool: name must be a text that is not empty, not NoneType",
    ),
    "cost": (
        lambda: agentotel.tool(cost=-1),
        "@tool: cost must be a number of US dollars, zero or more, not -1",
    ),
    "type of a tool": (
        lambda: agentotel.tool(type=""),
        "@tool: type must be a text that is not empty, not an empty one",
    ),
    "args of tool_call": (
        lambda: agentotel.tool_call("look", ["A-1"]),  # type: ignore[arg-type]
        "tool_call(args) must be a mapping by name, or JSON text, not list",
    ),
    "name of tool_call": (
        lambda: agentotel.tool_call(None),  # type: ignore[arg-type]
        "tool_call: name must be a text that is not empty, not NoneType",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_at_once(case: str) -> None:
    use, sentence = REFUSED[case]
    with pytest.raises(agentotel.ConfigurationError) as caught:
        use()
    assert str(caught.value) == sentence
    assert isinstance(caught.value, AgentotelError)
    assert isinstance(caught.value, ValueError)


def stop(handle: agentotel.Run) -> None:
    handle.stop("finished")


def stop_with(handle: agentotel.Run) -> None:
    handle.stop(3)  # type: ignore[arg-type]


def give(handle: agentotel.Run) -> None:
    handle.result = "great"


def give_number(handle: agentotel.Run) -> None:
    handle.result = 1  # type: ignore[assignment]


def mark(handle: agentotel.Run) -> None:
    handle.event("Not Snake")


WARNED: dict[str, tuple[Callable[[agentotel.Run], None], str, str]] = {
    "stop reason": (
        stop,
        "finished is not a stop reason (see agentotel.StopReason): recorded as unknown",
        "unknown",
    ),
    "type of a stop reason": (
        stop_with,
        "int is not a stop reason (see agentotel.StopReason): recorded as unknown",
        "unknown",
    ),
    "result": (give, "result must be success, partial or failure, not great: it is left out", "completed"),
    "type of a result": (
        give_number,
        "result must be success, partial or failure, not int: it is left out",
        "completed",
    ),
    "event": (
        mark,
        "event kind must be a short word in snake case, not Not Snake: the event is left out",
        "completed",
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_warned_of_once(warnings: Callable[[], list[str]], case: str) -> None:
    use, sentence, reason = WARNED[case]
    for _ in range(3):
        with agentotel.agent("triage") as run:
            use(run)
        assert run.stop_reason == reason
        assert run.result is None
    assert warnings() == [sentence]


def test_warnings_are_bounded(warnings: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    from agentotel.api import mistakes

    monkeypatch.setattr(mistakes, "MOST_SAID", 3)
    with agentotel.agent("triage") as run:
        for number in range(10):
            run.stop(f"reason {number}")
    assert len(warnings()) == 3


def test_a_long_detail_is_cut() -> None:
    with agentotel.agent("triage") as run:
        run.stop("denied", "x" * 5000)
    assert len(run.stop_detail or "") == 1024
    with agentotel.agent("triage") as run:
        run.stop("denied", 5)  # type: ignore[arg-type]
    assert (run.stop_reason, run.stop_detail) == ("denied", None)


def test_an_argument_of_an_agent_without_its_name_is_refused() -> None:
    with pytest.raises(agentotel.ConfigurationError, match="takes all but its name by name: agent"):
        agentotel.agent("triage", 7)  # type: ignore[arg-type]
