"""Checks of content against the conventions, and stand-ins for SDK objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import jsonschema

SCHEMAS = Path(__file__).parents[4] / "shared" / "semconv" / "schemas"

KNOWN_PARTS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"content"}),
    "reasoning": frozenset({"content"}),
    "tool_call": frozenset({"name"}),
    "tool_call_response": frozenset({"response"}),
    "server_tool_call": frozenset({"name", "server_tool_call"}),
    "server_tool_call_response": frozenset({"server_tool_call_response"}),
    "blob": frozenset({"modality", "content"}),
    "file": frozenset({"modality", "file_id"}),
    "uri": frozenset({"modality", "uri"}),
    "compaction": frozenset(),
}
"""Required fields of the known parts: the schemas take any object with a type for a generic part."""


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator | None:
    path = SCHEMAS / f"gen-ai-{name}.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text())) if path.exists() else None


def assert_conforms(name: str, value: object) -> None:
    """Check a content value: JSON data, valid by the schema, no broken known part, no null but in a tool's answer."""
    copied = json.loads(json.dumps(value))
    assert copied == value
    validator = _validator(name)
    if validator:
        validator.validate(copied)
    for part in _parts(name, copied):
        missing = KNOWN_PARTS.get(part["type"], frozenset()) - part.keys()
        assert not missing, part
        assert all(item is not None for key, item in part.items() if key != "response"), part


def _parts(name: str, value: list[dict]) -> Iterable[dict]:
    return (part for message in value for part in message["parts"]) if name.endswith("messages") else value


def assert_content_conforms(content: object) -> None:
    """Check all that a request's content holds."""
    for field, name in (
        ("system_instructions", "system-instructions"),
        ("input_messages", "input-messages"),
        ("tool_definitions", "tool-definitions"),
    ):
        value = getattr(content, field)
        if value is not None:
            assert_conforms(name, value)


class SdkObject:
    """What a model object of the SDKs looks like: fields, extra fields, names of the fields that were sent."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__")

    def __init__(self, declared: Mapping[str, object], extra: Mapping[str, object], unset: Iterable[str]) -> None:
        self.__dict__.update(dict.fromkeys(unset), **declared)
        self.__pydantic_extra__ = dict(extra)
        self.__pydantic_fields_set__ = set(declared)


def sdk(value: object, *, extra: Iterable[str] = (), unset: Iterable[str] = ()) -> object:
    """Turn JSON data into SDK objects: keys in ``extra`` are undeclared, ``unset`` are declared and were not sent."""
    if isinstance(value, list):
        return [sdk(item, extra=extra, unset=unset) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: sdk(item, extra=extra, unset=unset) for key, item in value.items()}
    declared = {key: item for key, item in made.items() if key not in extra}
    return SdkObject(declared, {key: made[key] for key in made if key in extra}, unset)
