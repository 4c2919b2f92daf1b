"""Prices of the user: what matches, what is refused, and with which words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentotel.errors import ConfigurationError
from agentotel.facts.call import Usage
from agentotel.pricing import Prices, load_prices
from agentotel.pricing.overrides import OVERRIDE_CLASSES, parse_overrides

AT = datetime(2026, 11, 21, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000)


def _usd(prices: Prices, provider: str, model: str, tier: str | None = None) -> float | None:
    cost = prices.cost(provider, model, MILLION, at=AT, tier=tier)
    return None if cost is None else cost.usd


def test_an_override_beats_the_catalogue_and_names_itself() -> None:
    cost = Prices({"gpt-4o*": {"input": 7, "output": 8}}).cost("openai", "gpt-4o-mini", MILLION, at=AT)
    assert cost is not None
    assert (cost.usd, cost.source) == (7, "override gpt-4o*")


def test_the_first_match_wins() -> None:
    prices = Prices({"my-large": {"input": 1}, "my-*": {"input": 2}, "*": {"input": 3}})
    assert [_usd(prices, "acme", model) for model in ("my-large", "my-small", "other")] == [1, 2, 3]


def test_a_pattern_may_name_the_provider() -> None:
    prices = Prices({"azure.ai.openai/gpt-4o*": {"input": 1}, "acme/*": {"input": 2}})
    assert [_usd(prices, *name) for name in (("azure.ai.openai", "GPT-4o-x"), ("ACME", "m"))] == [1, 2]
    assert _usd(prices, "openai", "gpt-4o") != 1


def test_a_model_whose_name_has_a_slash_matches_without_its_provider() -> None:
    assert _usd(Prices({"acme/m": {"input": 1}}), "openrouter", "acme/m") == 1


def test_an_override_without_a_tier_is_for_the_standard_tier_only() -> None:
    prices = Prices({"m": {"input": 1}, "m#batch": {"input": 2}, "m#*": {"input": 3}})
    assert [_usd(prices, "acme", "m", tier) for tier in (None, "default", "batch", "scale")] == [1, 1, 2, 3]
    assert _usd(Prices({"m": {"input": 1}}), "acme", "m", "batch") is None


def test_every_counted_class_can_have_a_rate() -> None:
    (override,) = parse_overrides({"m": dict.fromkeys(OVERRIDE_CLASSES, 1)})
    assert override.rates.price(Usage(input_tokens=5, output_tokens=6)) == pytest.approx((11e-6, 5e-6, 6e-6))


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ([1], 'prices: expected a table of prices by model, found list [1]; write {"my-model": {"input": 1.25, "output": 10}}'),
        ({3: {}}, 'prices: expected a model or pattern as key, found 3; write for example "gpt-4o*"'),
        ({" #batch": {}}, "prices: expected a model or pattern as key, found ' #batch'; write for example \"gpt-4o*\""),
        ({"m": 1.5}, 'prices: "m": expected rates in USD per million tokens, found float 1.5; write {"input": 1.25, "output": 10}'),
        ({"m": {}}, 'prices: "m": expected rates in USD per million tokens, found dict {}; write {"input": 1.25, "output": 10}'),
        ({"m": {"inputt": 1}}, f"prices: \"m\": unknown class 'inputt'; use {', '.join(OVERRIDE_CLASSES)}"),
        ({"m": {"text_cache_write": 1}}, f"prices: \"m\": unknown class 'text_cache_write'; use {', '.join(OVERRIDE_CLASSES)}"),
        ({"m": {None: 1}}, f'prices: "m": unknown class None; use {", ".join(OVERRIDE_CLASSES)}'),
        ({"m": {"input": "1"}}, "prices: \"m\".input: expected USD per million tokens, 0 or more, found str '1'; write a number such as 1.25"),
        ({"m": {"input": True}}, 'prices: "m".input: expected USD per million tokens, 0 or more, found bool True; write a number such as 1.25'),
        ({"m": {"input": -1}}, 'prices: "m".input: expected USD per million tokens, 0 or more, found int -1; write a number such as 1.25'),
        ({"m": {"input": float("nan")}}, 'prices: "m".input: expected USD per million tokens, 0 or more, found float nan; write a number such as 1.25'),
        ({"m": {"input": float("inf")}}, 'prices: "m".input: expected USD per million tokens, 0 or more, found float inf; write a number such as 1.25'),
        ({"m": {"output": 1, "cache_read": 1}}, 'prices: "m" has rates for parts of input but none for input; add "input"'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence(prices: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_overrides(prices)
    assert str(caught.value) == message


def test_a_huge_number_is_refused_and_cut_in_the_message() -> None:
    with pytest.raises(ConfigurationError, match="found int 1000") as caught:
        Prices({"m": {"input": 10**400}})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "text"),
    [("prices.json", '{"my-*": {"input": 1.5, "output": 2}}'), ("prices.TOML", '["my-*"]\ninput = 1.5\noutput = 2\n')],
)
def test_a_file_gives_a_mapping(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert load_prices(path) == {"my-*": {"input": 1.5, "output": 2}}
    assert _usd(Prices(load_prices(str(path))), "acme", "my-model") == 1.5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.yaml", b"", "{}: expected a .json or .toml file, found .yaml; rename or convert it"),
        ("p", b"", "{}: expected a .json or .toml file, found no suffix; rename or convert it"),
        ("p.json", b"{", "{}: not valid JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); correct it there"),
        ("p.toml", b"a = ", "{}: not valid TOML (Invalid value (at end of document)); correct it there"),
        ("p.json", b"\xff", "{}: not valid JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte); correct it there"),
        ("p.json", b"[]", '{}: expected a table of prices by model, found list []; write {{"my-model": {{"input": 1.25, "output": 10}}}}'),
        ("p.toml", b"m.input = -1", '{}: "m".input: expected USD per million tokens, 0 or more, found int -1; write a number such as 1.25'),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_in_the_message(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_prices(path)
    assert str(caught.value) == message.format(path)


def test_a_missing_file_is_named_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(ConfigurationError) as caught:
        load_prices(path)
    assert (
        str(caught.value)
        == f"{path}: the file of prices cannot be read (No such file or directory); check its path and rights"
    )
