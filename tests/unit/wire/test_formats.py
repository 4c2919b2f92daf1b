"""What every format holds to."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from agentotel import wire
from agentotel.semconv.operations import NAMED_AFTER
from agentotel.wire.format import Format

MODULES = [import_module(f"{wire.__name__}.{module.name}") for module in pkgutil.iter_modules(wire.__path__)]
VALUES = [value for module in MODULES for value in vars(module).values()]
FORMATS = [value for value in VALUES if isinstance(value, Format)]
FIELDS = {
    rule[0]
    for value in VALUES
    if isinstance(value, tuple)
    for rule in value
    if isinstance(rule, tuple) and len(rule) == 3 and callable(rule[2])
}
"""The fields that any table reads."""


def bodies() -> Iterator[dict[str, object]]:
    """Give bodies in which every field is there, as a value or as an object with every field in it."""
    for value in (1, "json", ["a"]):
        flat = dict.fromkeys(FIELDS, value)
        yield flat
        yield dict.fromkeys(FIELDS, flat)


def test_a_request_gives_at_once_only_what_its_span_is_named_after() -> None:
    given = {name for format_ in FORMATS for body in bodies() for name in format_.request(body).attributes}
    assert given == {name for name in NAMED_AFTER.values() if name}


def test_a_plain_answer_gives_at_once_no_attribute() -> None:
    """Only what is counted on the way is an attribute of the answer itself, and here nothing is to be counted."""
    given = {name for format_ in FORMATS for body in bodies() for name in format_.response(body).attributes}
    assert given == set()
    assert {name for format_ in FORMATS for body in bodies() for name in format_.tells(body)} >= {
        "gen_ai.conversation.id",
        "gen_ai.response.status",
    }
