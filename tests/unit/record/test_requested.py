from __future__ import annotations

import threading

import pytest

from agentotel.facts.call import ToolRequest
from agentotel.record.requested import Requested, canonical_arguments

SPAN = (1, 2, 1)


def request(id_: str | None, name: str = "look", arguments: object = "{}") -> ToolRequest:
    return ToolRequest(id=id_, name=name, arguments=arguments)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ('{"b": 1, "a": "x"}', '{"a":"x","b":1}'),
        ({"b": 1, "a": "x"}, '{"a":"x","b":1}'),
        ("", "{}"),
        ("{}", "{}"),
        ('{"a": ', '{"a": '),
        ("free text of a custom tool", "free text of a custom tool"),
        ('{"text": "\\u00e4\\ud83d\\ude00"}', '{"text":"ä😀"}'),
        ('{"n": 1.50}', '{"n":1.5}'),
        (None, "null"),
    ],
)
def test_canonical_arguments(sent: object, text: str) -> None:
    assert canonical_arguments(sent) == text


def test_taken_in_order_and_once() -> None:
    requested = Requested()
    assert not requested
    requested.ask([request("a"), request("b", "buy"), request("c")], span=SPAN, offered=frozenset({"look"}))
    assert requested
    taken = [requested.take("look", "{}") for _ in range(3)]
    assert [one and one.id for one in taken] == ["a", "c", None]
    (left,) = requested.left()
    assert (left.id, left.name, left.offered) == ("b", "buy", False)
    assert (left.trace_id, left.span_id, left.trace_flags) == SPAN
    assert requested.left() == []
    assert not requested


def test_offered_where_the_tools_are_not_known() -> None:
    requested = Requested()
    requested.ask([request("a")], span=SPAN, offered=None)
    assert requested.left()[0].offered


def test_answered_by_id() -> None:
    requested = Requested()
    requested.ask([request("a"), request("b"), request(None)], span=SPAN, offered=None)
    requested.answered(iter(["b", "unknown"]))
    assert [one.id for one in requested.left()] == ["a", None]


def test_answered_by_name_where_there_is_no_id() -> None:
    requested = Requested()
    requested.ask([request("a"), request(None)], span=SPAN, offered=None)
    requested.answered([request(None).name])
    assert [one.id for one in requested.left()] == ["a"]


def test_requests_are_bounded() -> None:
    requested = Requested()
    requested.ask([request(str(number)) for number in range(1500)], span=SPAN, offered=None)
    left = requested.left()
    assert (len(left), left[0].id, left[-1].id) == (1000, "500", "1499")


def test_attempts() -> None:
    requested = Requested()
    for number in (1, 2, 3):
        assert requested.attempt("look", "{}") == number
        requested.ended("look", "{}", failed=True)
    assert requested.attempt("look", "[]") == 1
    requested.ended("look", "{}", failed=False)
    assert requested.attempt("look", "{}") == 1


def test_attempts_are_bounded_and_the_latest_stay() -> None:
    requested = Requested()
    for number in range(1500):
        requested.ended("look", str(number), failed=True)
    assert requested.attempt("look", "0") == 1
    assert requested.attempt("look", "1499") == 2
    requested.ended("look", "1499", failed=True)
    assert requested.attempt("look", "1499") == 3
    assert len(requested._failures) == 1000


def test_each_request_is_taken_by_one_thread() -> None:
    requested = Requested()
    requested.ask([request(str(number)) for number in range(800)], span=SPAN, offered=None)
    taken: list[str | None] = []

    def work() -> None:
        while (one := requested.take("look", "{}")) is not None:
            taken.append(one.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, filter(None, taken))) == list(range(800))
