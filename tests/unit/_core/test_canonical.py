from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from uuid import UUID

import pytest
from pydantic import BaseModel

from agentotel._core.canonical import canonical_json, compact_json, make_digest


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


class Word(StrEnum):
    YES = "yes"


class Order(BaseModel):
    id: str
    placed: date


@dataclass
class Item:
    name: str
    part: object = None


class Plain:
    pass


ODD = [
    ({"b": 1, "a": [1, 2.5, None, True, "x"]}, '{"a":[1,2.5,null,true,"x"],"b":1}'),
    ("Grüße 😀", '"Grüße 😀"'),
    ({3: "c", 1: "a"}, '{"1":"a","3":"c"}'),
    ({"1": "a", 2: "b"}, '{"1":"a","2":"b"}'),
    ({None: 0, True: 1, 1.5: 2, "x": 3}, '{"1.5":2,"null":0,"true":1,"x":3}'),
    ({(1, 2): "t"}, '{"[1,2]":"t"}'),
    ({Size.LARGE: 1, Word.YES: 2}, '{"3":1,"yes":2}'),
    ({"b", "a"}, '["a","b"]'),
    (frozenset({1, "a"}), '["a",1]'),
    (b"abc", '{"$bytes":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}'),
    (bytearray(b"abc"), '{"$bytes":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}'),
    (memoryview(b"aXbXcX")[::2], '{"$bytes":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}'),
    (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), '"2026-01-02T03:04:00+00:00"'),
    (date(2026, 1, 2), '"2026-01-02"'),
    (time(3, 4), '"03:04:00"'),
    (Colour.RED, '"red"'),
    (Size.LARGE, "3"),
    (Word.YES, '"yes"'),
    (Decimal("1.20"), '"1.20"'),
    (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    (PurePosixPath("a/b"), '"a/b"'),
    (Order(id="A-1", placed=date(2026, 1, 2)), '{"id":"A-1","placed":"2026-01-02"}'),
    (Item("x", Item("y")), '{"name":"x","part":{"name":"y","part":null}}'),
    (MappingProxyType({"b": 1, "a": 2}), '{"a":2,"b":1}'),
    (math.nan, '"NaN"'),
    ([math.inf, -math.inf, {1: math.nan}], '["Infinity","-Infinity",{"1":"NaN"}]'),
    (2**64, "18446744073709551616"),
    (2**20000, json.dumps(hex(2**20000))),
    ({"n": [2**20000, True, 0]}, json.dumps({"n": [hex(2**20000), True, 0]}, separators=(",", ":"))),
    (Plain(), f'{{"$type":"{__name__}.Plain"}}'),
    (Plain, '{"$type":"builtins.type"}'),
    (Item, '{"$type":"builtins.type"}'),
    ((x for x in "ab"), '{"$type":"builtins.generator"}'),
    ("half \ud800", '"half \\ud800"'),
    ({"é": "half \udfff"}, '{"é":"half \\udfff"}'),
]


@pytest.mark.parametrize(("value", "text"), ODD, ids=range(len(ODD)))
def test_writes_what_json_cannot_hold(value: object, text: str) -> None:
    assert canonical_json(value) == text


@pytest.mark.parametrize("value", [value for value, _ in ODD], ids=range(len(ODD)))
def test_everything_written_is_strict_json_in_utf8(value: object) -> None:
    for write in (canonical_json, compact_json):
        json.loads(write(value).encode(), parse_int=str, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_order_of_keys_counts_only_in_compact_json() -> None:
    one, other = {"a": 1, "b": {"d": 2, "c": 3}}, {"b": {"c": 3, "d": 2}, "a": 1}
    assert canonical_json(one) == canonical_json(other)
    assert compact_json(other) == '{"b":{"c":3,"d":2},"a":1}'
    assert compact_json({2: math.nan, "a": 1}) == '{"2":"NaN","a":1}'


def test_hash_order_of_sets_does_not_count() -> None:
    words = [f"w{number}" for number in range(50)]
    assert canonical_json(set(words)) == json.dumps(sorted(words), separators=(",", ":"))


def test_a_container_inside_itself_ends() -> None:
    ring: list[object] = [1]
    ring.append({"ring": ring, 2: ring})
    assert canonical_json(ring) == '[1,{"2":{"$cycle":true},"ring":{"$cycle":true}}]'
    item = Item("x")
    item.part = [item]
    assert canonical_json(item) == '{"name":"x","part":[{"$cycle":true}]}'


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = [math.nan]
    assert canonical_json([shared, shared]) == '[["NaN"],["NaN"]]'


def test_compact_json_takes_the_same_odd_values() -> None:
    ring: list[object] = []
    ring.append(ring)
    assert compact_json({"z": ring, "a": b"\xff"}).startswith('{"z":[{"$cycle":true}],"a":{"$bytes":"')
    assert compact_json({"z": Plain(), "a": Colour.RED}) == f'{{"z":{{"$type":"{__name__}.Plain"}},"a":"red"}}'


def test_too_deep_a_value_raises_what_the_guard_takes() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        canonical_json(deep)


def test_the_value_is_not_changed() -> None:
    value = {1: [math.nan, {"a": {3}}]}
    canonical_json(value)
    assert list(value) == [1]
    assert math.isnan(value[1][0])  # type: ignore[arg-type]


def test_errors_of_the_application_pass_to_the_guard() -> None:
    class Broken(BaseModel):
        def model_dump(self, **_: object) -> dict[str, object]:  # type: ignore[override]
            raise LookupError

    with pytest.raises(LookupError):
        canonical_json(Broken())


def test_digest_is_labelled() -> None:
    assert make_digest()("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    keyed = make_digest(b"key")
    assert keyed("The quick brown fox jumps over the lazy dog") == (
        "hmac-sha256:f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )
    assert make_digest(b"other")("abc") != keyed("abc")


def test_digest_takes_half_of_a_surrogate_pair() -> None:
    assert make_digest()("\ud800").startswith("sha256:")
    assert make_digest(b"k")("\ud800").startswith("hmac-sha256:")
