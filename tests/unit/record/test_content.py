from __future__ import annotations

import contextlib
import json
from types import MappingProxyType
from typing import Any

import pytest

import agentotel
from agentotel.record import content
from agentotel.testing import capture
from agentotel.wire.format import Body
from tests.fakes.calls import QUESTION, answer, calling


def tool(name: str, **more: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def definitions(body: Body) -> list[str] | None:
    """Give the names of the tools on the span of a call."""
    with capture(content=True) as captured:
        with calling(body, answered=answer()):
            pass
        (call,) = captured.model_calls
    text = call.attributes.get("gen_ai.tool.definitions")
    return None if text is None else [one["name"] for one in json.loads(text)]


def writing(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Forget what was written, and tell what is written from now on."""
    content._outside.clear()
    written: list[Any] = []
    compact = content.compact_json
    monkeypatch.setattr(content, "compact_json", lambda value: (written.append(value), compact(value))[1])
    return written


def test_tools_that_come_again_are_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written = writing(monkeypatch)
    for _ in range(3):
        assert definitions({**QUESTION, "tools": [tool("a"), tool("b")]}) == ["a", "b"]
    assert sum(isinstance(one, list) and one[0].get("type") == "function" for one in written) == 1


def messages(body: dict[str, Any], **settings: Any) -> list[str]:
    """Read the input messages of a call from its span."""
    with capture(content=True, **settings) as captured, calling(body):
        pass
    (call,) = captured.model_calls
    return [one["parts"][0]["content"] for one in json.loads(call.attributes["gen_ai.input.messages"])]


def test_only_new_messages_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = writing(monkeypatch)
    history = [{"role": "user", "content": str(number)} for number in range(50)]
    for number in range(50, 53):
        history.append({"role": "user", "content": str(number)})
        assert messages({**QUESTION, "messages": history}) == [str(one) for one in range(number + 1)]
    assert sum(isinstance(one, dict) and one["role"] == "user" for one in written) == 53


@pytest.mark.parametrize("around", [contextlib.nullcontext, agentotel.session])
def test_a_new_run_writes_what_the_one_before_did_not_send(monkeypatch: pytest.MonkeyPatch, around: Any) -> None:
    written = writing(monkeypatch)
    system = {"role": "system", "content": "You are a desk."}
    with around():
        for number in range(3):
            asked = {**QUESTION, "messages": [system, {"role": "user", "content": str(number)}], "tools": [tool("a")]}
            with agentotel.agent("desk"):
                assert messages(asked) == ["You are a desk.", str(number)]
    requests = [one for one in written if not (isinstance(one, list) and "finish_reason" in one[0])]
    kinds = [one["role"] if isinstance(one, dict) else one[0]["type"] for one in requests]
    assert kinds == ["function", "system", "user", "user", "user"]


def test_a_message_that_changed_in_place_is_written_again() -> None:
    history = [{"role": "user", "content": "first"}, {"role": "user", "content": "second"}]
    assert messages({**QUESTION, "messages": history}) == ["first", "second"]
    history[0]["content"] = "changed"
    assert messages({**QUESTION, "messages": history}) == ["changed", "second"]
    assert messages({**QUESTION, "messages": history[1:]}) == ["second"]


def test_a_tool_that_changed_in_place_is_seen() -> None:
    body = {**QUESTION, "tools": [tool("a", description="x")]}
    assert definitions(body) == ["a"]
    body["tools"][0]["function"]["name"] = "b"
    assert definitions(body) == ["b"]


def test_tools_in_two_places_are_all_there() -> None:
    body = {**QUESTION, "tools": [tool("a")], "functions": [{"name": "old"}]}
    assert definitions(body) == definitions(body) == ["a", "old"]


def test_tools_that_are_no_plain_json_are_written_each_time() -> None:
    body = {**QUESTION, "tools": [MappingProxyType(tool("a"))]}
    assert definitions(body) == definitions(body) == ["a"]


def test_no_tools_are_no_definitions() -> None:
    assert definitions(QUESTION) is None
    assert definitions({**QUESTION, "tools": [3]}) == definitions({**QUESTION, "tools": [3]})
