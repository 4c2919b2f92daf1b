from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Usage
from agentotel.wire import read


@pytest.mark.parametrize(("value", "known"), [("a", "a"), ("", None), (1, None), (None, None), (b"a", None)])
def test_text(value: object, known: object) -> None:
    assert read.text(value) == known


@pytest.mark.parametrize(
    ("value", "known"), [(0, 0), (7, 7), (2**63, None), (True, None), (1.0, None), ("7", None), (None, None)]
)
def test_integer(value: object, known: object) -> None:
    assert read.integer(value) == known


@pytest.mark.parametrize(("value", "known"), [(0, 0.0), (1, 1.0), (0.5, 0.5), (True, None), ("1", None), (None, None)])
def test_number(value: object, known: object) -> None:
    assert read.number(value) == known
    assert known is None or type(read.number(value)) is float


@pytest.mark.parametrize(("value", "known"), [(0, 0), (7, 7), (-1, None), (2**63, None), (True, None)])
def test_natural(value: object, known: object) -> None:
    assert read.natural(value) == known


def test_items_takes_collections_and_drains_nothing() -> None:
    sent = [1, 2]
    assert read.items(sent) is sent
    assert read.items((1, 2)) == (1, 2)
    assert read.items({1: 2}.values()) == [2]
    once = iter([1, 2])
    assert read.items(once) == ()
    assert list(once) == [1, 2]


class OnceIterable:
    def __iter__(self) -> object:
        raise AssertionError


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}, 5, None, OnceIterable()])
def test_items_of_anything_else_is_empty(value: object) -> None:
    assert read.items(value) == ()


@pytest.mark.parametrize(
    ("value", "known"), [("a", ["a"]), (["a", 1, "b"], ["a", "b"]), (("a",), ["a"]), ([], None), (5, None)]
)
def test_texts(value: object, known: object) -> None:
    assert read.texts(value) == known


def test_attributes_takes_the_first_rule_that_finds_something() -> None:
    rules = (("a", "x", read.integer), ("b", "x", read.integer), ("c", "y", read.inside("d", read.text)))
    assert read.attributes({"a": "no", "b": 2, "c": {"d": "e"}}, rules) == {"x": 2, "y": "e"}
    assert read.attributes({"a": 1, "b": 2, "c": "no"}, rules) == {"x": 1}
    assert read.attributes({"a": None}, rules) == {}


def test_one_of_drops_what_the_table_lacks() -> None:
    reader = read.one_of({"a": "b"})
    assert reader("a") == "b"
    assert reader("c") is None
    assert reader(["a"]) is None


def test_usage_keeps_zeros_and_leaves_out_what_was_not_sent() -> None:
    table = {"in": "input_tokens", "more": {"cached": "cache_read_tokens"}}
    assert read.usage({"in": 0, "more": {"cached": 0}}, table) == Usage(input_tokens=0, cache_read_tokens=0)
    assert read.usage({"in": 3, "more": None}, table) == Usage(input_tokens=3)
    assert read.usage({"in": "3", "more": [1]}, table) is None
    assert read.usage({"in": -1, "more": {"cached": 10**25}}, table) is None
    assert read.usage(None, table) is None


def test_of_two_keys_for_one_number_the_first_of_the_table_wins() -> None:
    table = {"in": "input_tokens", "given": "input_tokens", "more": {"in": "input_tokens", "out": "output_tokens"}}
    assert read.usage({"given": 2, "in": 1}, table) == Usage(input_tokens=1)
    assert read.usage({"given": 2, "in": -1}, table) == Usage(input_tokens=2)
    assert read.usage({"more": {"in": 3, "out": 4}, "given": 2, "in": None}, table) == Usage(
        input_tokens=2, output_tokens=4
    )
    assert read.usage({"given": 2, "more": {"in": 3, "out": "4"}}, table) == Usage(input_tokens=2)


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (None, None),
        ({}, None),
        ("", None),
        ("went wrong", Failure(type="_OTHER", message="went wrong")),
        ({"code": "c", "type": "t", "message": "m"}, Failure(type="c", message="m")),
        ({"code": 429, "message": "m"}, Failure(type="429", message="m")),
        ({"code": None, "type": "overloaded_error"}, Failure(type="overloaded_error")),
        ({"message": "m"}, Failure(type="_OTHER", message="m")),
        ({"code": "3505", "type": "service_tier_capacity_exceeded"}, Failure(type="service_tier_capacity_exceeded")),
        ({"code": "429", "type": "rate_limited"}, Failure(type="429")),
        ({"code": 3000}, Failure(type="3000")),
    ],
)
def test_failure(error: object, known: object) -> None:
    assert read.failure(error) == known
