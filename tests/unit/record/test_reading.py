from __future__ import annotations

import copy
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from agentotel._core.canonical import Digest, canonical_json, make_digest
from agentotel.facts.call import Context
from agentotel.record.reading import ContextFacts, Hashes, Reading

Message = dict[str, Any]


class Counting(Digest):
    """A digest that counts the texts that it is asked for, beside the running one of contexts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __call__(self, text: str) -> str:
        self.texts.append(text)
        return super().__call__(text)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def history(turns: int, start: int = 0) -> list[Message]:
    return [one for turn in range(start, turns) for one in (user(f"question {turn}"), assistant(f"answer {turn}"))]


SYSTEM = {"role": "system", "content": "You are a desk."}
H = history(5)


def fresh() -> Reading:
    return Reading(Hashes(make_digest()))


def read(reading: Reading, messages: list[Message], system: object = None, tools: object = None) -> ContextFacts:
    return reading.read(Context(system=system, tools=tools, messages=copy.deepcopy(messages)))


# -- hashes


def test_equal_content_has_equal_hashes_whatever_the_key_order() -> None:
    one = read(fresh(), [{"role": "user", "content": [{"type": "text", "text": "x"}]}], "s", [{"name": "t", "a": 1}])
    two = read(fresh(), [{"content": [{"text": "x", "type": "text"}], "role": "user"}], "s", [{"a": 1, "name": "t"}])
    assert one == two


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([user("a")], [user("b")]),
        ([user("a"), user("b")], [user("b"), user("a")]),
        ([{"n": 1}], [{"n": True}]),
        ([{"n": 1}], [{"n": 1.0}]),
        ([{"n": None}], [{}]),
        ([{"n": []}], [{"n": {}}]),
        ([{"n": ["a", "b"]}], [{"n": {"a": "b"}}]),
        ([user("a")], [user("a"), user("")]),
    ],
)
def test_other_content_has_other_hashes(left: list[Message], right: list[Message]) -> None:
    shared = Hashes(make_digest())
    hashes = {read(Reading(shared), messages).hash for messages in (left, right)}
    assert len(hashes) == 2
    assert hashes == {read(fresh(), messages).hash for messages in (left, right)}


def test_system_tools_and_parameters_are_part_of_the_hash() -> None:
    contexts = [
        (Context(messages=H), None),
        (Context(system="s", messages=H), None),
        (Context(tools=[{"name": "t"}], messages=H), None),
        (Context(system="t", tools=[{"name": "t"}], messages=H), None),
        (Context(messages=H), {"gen_ai.request.temperature": 0.5}),
    ]
    assert len({fresh().read(context, parameters).hash for context, parameters in contexts}) == 5


@pytest.mark.parametrize("digest", [make_digest(), make_digest(b"key")])
def test_the_hash_of_a_context_is_the_documented_one_whatever_was_read_before(digest: Digest) -> None:
    reading = Reading(Hashes(digest))
    tools: list[Message] = [{"name": "look"}]
    for system, offered, warmth, messages in (
        ("s", tools, 0.5, H[:2]),
        ("s", tools, 0.5, H[:2]),
        ("s", tools, 0.5, H),
        ("s", tools, 0.5, H[:3]),
        ("s", tools, 0.7, H),
        ("t", tools, 0.7, H),
        (None, None, 0.7, [SYSTEM, *H]),
        (None, None, 0.7, []),
        (None, None, 0.7, H),
    ):
        facts = reading.read(Context(system=system, tools=offered, messages=messages), {"temperature": warmth})
        lines = [
            "" if system is None else digest(canonical_json(system)),
            "" if offered is None else digest(canonical_json(offered)),
            canonical_json({"temperature": warmth}),
            *(digest(canonical_json(message)) for message in messages),
        ]
        assert facts.hash == digest("\n".join(lines))


def test_what_is_absent_has_no_hash() -> None:
    facts = read(fresh(), [])
    assert (facts.system_hash, facts.tools_hash, facts.messages, facts.new_messages, facts.change) == (
        None,
        None,
        0,
        0,
        None,
    )


def test_hashes_are_the_same_in_every_process() -> None:
    script = (
        "from tests.unit.record.test_reading import H, fresh, read;"
        "print(read(fresh(), H, {'b': 1, 'a': {'x', 'y', 'z'}}, [{'name': 't'}]).hash)"
    )
    outputs = set()
    for seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(
            subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True).stdout
        )
    assert len(outputs) == 1
    assert outputs.pop().startswith(b"sha256:")


def test_values_that_are_no_json_are_hashed_each_time() -> None:
    class Odd:
        __hash__ = object.__hash__

        def __init__(self) -> None:
            self.model_dump_calls = 0

    hashes = Hashes(digest := Counting())
    odd = Odd()
    hashes.of([odd, {"content": odd}])
    hashes.of([odd, {"content": odd}])
    assert len(digest.texts) == 4


# -- what changed


@pytest.mark.parametrize(
    ("before", "now", "change", "new"),
    [
        (H, [*H, user("more")], "appended", 1),
        (H, [*H, *history(7, 5)], "appended", 4),
        (H, H, "appended", 0),
        ([], H, "appended", 10),
        ([SYSTEM, *H], [SYSTEM, *H[2:], user("more")], "truncated", 9),
        ([SYSTEM, *H], [SYSTEM, *H[2:]], "truncated", 8),
        (H, H[:4], "truncated", 0),
        (H, H[4:], "truncated", 6),
        (H, [*H[:2], *H[4:]], "truncated", 6),
        (H, [*H[:2], *H[6:], user("more")], "truncated", 5),
        (H, [*H[:-1], assistant("another answer")], "rewritten", 1),
        (H, [user("edited"), *H[1:]], "rewritten", 10),
        (H, [*H[:3], user("edited"), *H[4:]], "rewritten", 7),
        ([SYSTEM, *H], [SYSTEM, user("a summary"), *H[6:]], "rewritten", 5),
        (H, [H[1], H[0], *H[2:]], "rewritten", 10),
        (H, [user("something else")], "rewritten", 1),
        (H, [], "rewritten", 0),
    ],
)
def test_change(before: list[Message], now: list[Message], change: str, new: int) -> None:
    reading = fresh()
    first = read(reading, before)
    assert (first.change, first.new_messages, first.messages) == (None, len(before), len(before))
    facts = read(reading, now)
    assert (facts.change, facts.new_messages, facts.messages) == (change, new, len(now))
    assert list(facts.fresh) == now[len(now) - new :]


def test_system_and_tools() -> None:
    reading = fresh()
    tools = [{"name": "look"}]
    read(reading, H, "be kind", tools)
    changes = [
        read(reading, H, "be kind", tools).change,
        read(reading, H, "be brief", tools).change,
        read(reading, H, "be brief", [*tools, {"name": "buy"}]).change,
        read(reading, H, "be kind").change,
        read(reading, [*H, user("x")], "be kind").change,
    ]
    assert changes == ["appended", "system_changed", "tools_changed", "system_changed", "appended"]


def test_the_closest_of_the_earlier_contexts() -> None:
    """Two threads of conversation in one run, in turns: each is compared with its own."""
    reading = fresh()
    left, right = [SYSTEM, user("left")], [{**SYSTEM, "content": "You research."}, user("right")]
    for turn in range(4):
        for messages in (left, right):
            facts = read(reading, messages)
            if turn:
                assert (facts.change, facts.new_messages) == ("appended", 2)
            messages += [assistant(f"answer {turn}"), user(f"question {turn}")]


@pytest.mark.parametrize("number", [True, 1.0, 2])
def test_a_number_changed_in_place_is_seen(number: object) -> None:
    reading = fresh()
    messages: list[Message] = [user("a"), {"role": "user", "n": 1}]
    tools = [{"name": "t", "strict": 1}]
    first = read(reading, messages, None, tools)
    messages[1]["n"] = tools[0]["strict"] = number
    second = read(reading, messages, None, tools)
    assert second.change == "tools_changed"
    assert second == read(fresh(), messages, None, tools)._replace(
        change="tools_changed", new_messages=1, fresh=messages[1:]
    )
    assert second.hash != first.hash


class Strange:
    """Cannot be copied, and does not like to be compared."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = object.__hash__


def test_what_cannot_be_copied_or_compared_is_hashed_each_time() -> None:
    reading = fresh()
    messages: list[Any] = [user("a"), {"role": "user", "content": Strange()}, user("b")]
    first = reading.read(Context(messages=messages, tools=[Strange()]))
    second = reading.read(Context(messages=[Strange(), *messages[1:]], tools=[Strange()]))
    third = reading.read(Context(messages=messages, tools=[Strange()]))
    assert first.hash == third.hash != second.hash


def test_a_message_changed_in_place_is_seen() -> None:
    reading = fresh()
    messages = [user("a"), {"role": "user", "content": [{"type": "text", "text": "deep"}]}, user("b")]
    first = reading.read(Context(messages=messages))
    messages[1]["content"][0]["text"] = "changed"
    second = reading.read(Context(messages=messages))
    assert second.hash != first.hash
    assert (second.change, second.new_messages) == ("rewritten", 2)
    messages[1]["content"][0]["text"] = "deep"
    assert reading.read(Context(messages=messages)).hash == first.hash


# -- cost and bounds


def test_a_turn_costs_what_is_new() -> None:
    """2,000 messages that grow by two a turn: two hashes of messages."""
    digest = Counting()
    reading = Reading(Hashes(digest))
    messages = history(1000)
    read(reading, messages, "s", [{"name": "t"}])
    for turn in range(1000, 1010):
        messages += history(turn + 1, turn)
        digest.texts.clear()
        facts = read(reading, messages, "s", [{"name": "t"}])
        assert len(digest.texts) == 2
        assert (facts.change, facts.new_messages, facts.messages) == ("appended", 2, len(messages))


def test_a_new_run_of_the_session_costs_what_is_new() -> None:
    digest = Counting()
    hashes = Hashes(digest)
    read(Reading(hashes), messages := history(1000))
    messages += history(1001, 1000)
    digest.texts.clear()
    facts = read(Reading(hashes), messages)
    assert len(digest.texts) == 2
    assert (facts.change, facts.new_messages) == (None, 2002)


def test_a_run_goes_on_from_what_the_one_before_has_sent() -> None:
    digest = Counting()
    hashes = Hashes(digest)
    tools = [{"name": "look"}]
    for number in range(3):
        facts = read(Reading(hashes), [SYSTEM, user(f"question {number}")], None, tools)
        assert (facts.change, facts.new_messages) == (None, 2)
    assert len(digest.texts) == 2 + 3


def test_a_context_that_changed_at_its_end_costs_what_is_new() -> None:
    digest = Counting()
    reading = Reading(Hashes(digest))
    read(reading, H)
    digest.texts.clear()
    facts = read(reading, [*H[:8], user("another one")])
    assert (facts.change, facts.new_messages) == ("rewritten", 1)
    assert len(digest.texts) == 1


def test_memory_follows_the_contexts_in_use() -> None:
    hashes = Hashes(make_digest())
    reading = Reading(hashes)
    for number in range(20_000):
        read(reading, [SYSTEM, user(f"one-off {number}")])
    assert len(hashes._now) + len(hashes._old) < 200
    assert len(reading._contexts) == 8


def test_a_window_that_slides_over_a_long_conversation() -> None:
    digest = Counting()
    hashes = Hashes(digest)
    reading = Reading(hashes)
    messages = history(2000)
    read(reading, messages[:100])
    for start in range(2, 3000, 2):
        digest.texts.clear()
        facts = read(reading, messages[start : start + 100])
        assert len(digest.texts) == 2
        assert facts.change == "truncated"
    assert len(hashes._now) + len(hashes._old) < 800


def test_what_is_in_use_outlives_a_small_context_in_between() -> None:
    digest = Counting()
    hashes = Hashes(digest)
    long, short = history(1000), history(3)
    for _ in range(20):
        read(Reading(hashes), long)
        digest.texts.clear()
        read(Reading(hashes), short)
        assert digest.texts == []
        digest.texts.clear()
        read(Reading(hashes), long)
        assert digest.texts == []


def test_many_threads() -> None:
    reading = fresh()
    expected = {turns: read(fresh(), history(turns)).hash for turns in range(1, 20)}
    wrong: list[int] = []

    def work() -> None:
        for _ in range(20):
            for turns, hash_ in expected.items():
                facts = read(reading, history(turns))
                if facts.hash != hash_ or facts.messages != 2 * turns:
                    wrong.append(turns)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_digest_of_another_key_makes_other_hashes() -> None:
    from agentotel.record.pipeline import Pipeline
    from agentotel.record.unit import SESSION, Unit

    session = Unit(SESSION)
    plain, keyed = Pipeline(), Pipeline(digest=make_digest(b"key"))
    one = plain.reading(session, session)
    assert plain.reading(session, session) is one
    other = keyed.reading(session, session)
    assert other is not one
    assert read(other, H).hash.startswith("hmac-sha256:")
