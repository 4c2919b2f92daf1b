from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

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


def test_tools_that_come_again_are_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content._tools_text.cache_clear()
    written: list[object] = []
    compact = content.compact_json
    monkeypatch.setattr(content, "compact_json", lambda value: (written.append(value), compact(value))[1])
    for _ in range(3):
        assert definitions({**QUESTION, "tools": [tool("a"), tool("b")]}) == ["a", "b"]
    assert sum(isinstance(one, list) and one[0].get("type") == "function" for one in written) == 1


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
