"""The conventions beside the checkout, read as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SHARED = Path(__file__).resolve().parents[3] / "shared"
SEMCONV = SHARED / "semconv"

CONTENT = {
    "gen_ai.system_instructions": "gen-ai-system-instructions.json",
    "gen_ai.input.messages": "gen-ai-input-messages.json",
    "gen_ai.output.messages": "gen-ai-output-messages.json",
    "gen_ai.tool.definitions": "gen-ai-tool-definitions.json",
    "gen_ai.retrieval.documents": "gen-ai-retrieval-documents.json",
    "gen_ai.tool.call.arguments": "gen-ai-tool-call-arguments.json",
    "gen_ai.tool.call.result": "gen-ai-tool-call-result.json",
}
"""Attributes that hold content, and their schemas."""

NOT_ALWAYS = {"aws.bedrock.guardrail.id"}
"""Required by the conventions on every call of Bedrock, most of which use no guardrail."""

TYPES: Mapping[str, type] = {"string": str, "int": int, "double": float, "boolean": bool}


def require() -> None:
    """Skip a module of tests where the conventions are not beside the checkout."""
    if not SEMCONV.is_dir():
        pytest.skip("the conventions are not here", allow_module_level=True)


def lacking(attributes: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Name the required attributes that are not there."""
    for name, rule in rules.items():
        if rule.get("level") == "required" and name not in attributes and name not in NOT_ALWAYS:
            yield f"lacks the required {name}"


@cache
def conventions() -> Mapping[str, Any]:
    """Read the conventions."""
    return yaml.safe_load((SEMCONV / "genai.yaml").read_text(encoding="utf-8"))


@cache
def schema(name: str) -> jsonschema.Draft202012Validator:
    """Read the schema of a content attribute."""
    return jsonschema.Draft202012Validator(json.loads((SEMCONV / "schemas" / CONTENT[name]).read_text("utf-8")))


def span_entry(operation: str, kind: str) -> Mapping[str, Any] | None:
    """Find the table of a span by its operation and its kind."""
    for entry in conventions()["spans"].values():
        if "refines" not in entry and operation in entry["operation_names"] and entry["kind"] == kind:
            return entry
    return None


def attributes_of(entry: Mapping[str, Any], provider: object) -> Mapping[str, Mapping[str, str]]:
    """Give the attributes of a span's table, together with those that the conventions add for its provider."""
    ids = [name for name, one in conventions()["spans"].items() if one is entry]
    found = dict(entry["attributes"])
    for refinement in conventions()["span_refinements"].values():
        if refinement["of"] in ids and refinement["provider"] == provider:
            found |= refinement["attributes"]
    return found


def allowed_on_metric(name: str, provider: object) -> Mapping[str, Mapping[str, str]]:
    """Give the attributes of a metric of the conventions, together with those added for a provider."""
    found = dict(conventions()["metrics"][name]["attributes"])
    refinement = conventions()["metric_refinements"].get(provider)
    if refinement is not None and any(re.fullmatch(one.replace("*", ".*"), name) for one in refinement["to"]):
        found |= refinement["adds"]
    return found


def wrong_type(name: str, kind: str, value: object) -> Iterator[str]:
    """Say that a value is not of the type that the tables give it."""
    if kind.endswith("[]"):
        fits = isinstance(value, tuple | list) and all(type(item) is TYPES[kind[:-2]] for item in value)
    elif kind == "any":
        fits = True
    else:
        fits = type(value) is TYPES[kind]
    if not fits:
        yield f"{name} is {value!r}, not {kind}"


def wrong_content(name: str, value: object, *, structured: bool) -> Iterator[str]:
    """Say where content does not fit its schema; it is a JSON text on spans and structured in log records."""
    if structured:
        data = json.loads(json.dumps(value))
        if isinstance(value, str):
            yield f"{name} is not structured"
    elif not isinstance(value, str):
        yield f"{name} is no JSON text"
        return
    else:
        try:
            data = json.loads(value, parse_constant=_refuse)
        except ValueError as error:
            yield f"{name} is no JSON: {error}"
            return
    errors = list(schema(name).iter_errors(data))
    yield from (f"{name} does not fit its schema at {one.json_path}: {one.message[:200]}" for one in errors)
    if not errors and name.endswith(("messages", "instructions")):
        yield from _broken_parts(name, data)


def _refuse(constant: str) -> None:
    message = f"{constant} is no JSON"
    raise ValueError(message)


def _broken_parts(name: str, data: Any) -> Iterator[str]:
    """Say which known part lacks a field: the schemas take any object with a type for a generic part."""
    known = conventions()["message_parts"]["parts"]
    parts = [part for message in data for part in message["parts"]] if name.endswith("messages") else data
    for part in parts:
        rule = known.get(part["type"])
        missing = set() if rule is None else set(rule["required"]) - part.keys()
        if missing:
            yield f"{name}: a part of type {part['type']} lacks {sorted(missing)}"
        if rule is not None and (inner := rule.get("inner_required")) and not set(inner) <= part[part["type"]].keys():
            yield f"{name}: {part['type']} lacks {inner} inside"
