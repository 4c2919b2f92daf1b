"""Arithmetic of rates: parts, overlaps, steps by input size, and what is not certain."""

from __future__ import annotations

import pytest

from agentotel.facts.call import Usage
from agentotel.pricing.classes import CLASSES
from agentotel.pricing.rates import Rate, Rates, compile_rates


def _compiled(rates: dict[str, Rate], *, request: Rate = 0.0) -> Rates:
    compiled = compile_rates(rates, request=request)
    assert compiled is not None
    return compiled


def test_a_part_is_priced_by_its_own_rate_and_the_rest_by_the_rate_around_it() -> None:
    rates = _compiled({"input": 3.0, "cache_read": 0.3, "cache_write": 3.75, "cache_write_1h": 6.0, "output": 15.0})
    usage = Usage(
        input_tokens=1_000_000,
        cache_read_tokens=400_000,
        cache_write_tokens=300_000,
        cache_write_1h_tokens=100_000,
        output_tokens=100_000,
    )
    assert rates.price(usage) == pytest.approx((0.9 + 0.12 + 0.75 + 0.6 + 1.5, 0.9 + 0.12 + 0.75 + 0.6, 1.5))


def test_a_class_without_a_rate_costs_what_the_class_around_it_costs() -> None:
    usage = Usage(
        input_tokens=100, cache_write_tokens=50, cache_write_1h_tokens=50, output_tokens=10, reasoning_tokens=9
    )
    rates = _compiled({"input": 1.0, "cache_write": 2.0, "output": 10.0})
    assert rates.price(usage) == pytest.approx((250e-6, 150e-6, 100e-6))


def test_a_class_between_two_with_a_rate_costs_what_is_around_it() -> None:
    rates = _compiled({"input": 1.0, "cache_write_1h": 2.0, "output": 0.0})
    usage = Usage(input_tokens=100, cache_write_tokens=60, cache_write_1h_tokens=50)
    assert rates.price(usage) == pytest.approx((150e-6, 150e-6, None))


def test_an_overlap_is_not_subtracted_twice() -> None:
    rates = _compiled({"input": 1.0, "cache_read": 0.5, "audio_input": 4.0, "output": 1.0})
    usage = Usage(input_tokens=100, cache_read_tokens=60, audio_input_tokens=50, audio_cache_read_tokens=40)
    cached_usd, audio_usd, rest_usd = 60 * 0.5e-6, 10 * 4e-6, 30 * 1e-6
    assert rates.price(usage) == pytest.approx(
        (cached_usd + audio_usd + rest_usd, cached_usd + audio_usd + rest_usd, None)
    )


@pytest.mark.parametrize(
    ("above", "usd"), [(0, 0.0), (1_000, 1e-3), (1_001, 2 * 1.001e-3), (5_000, 10e-3), (5_001, 3 * 5.001e-3)]
)
def test_the_size_of_the_input_picks_one_price_for_all_tokens(above: int, usd: float) -> None:
    rates = _compiled({"input": [(-1, 1.0), (1_000, 2.0), (5_000, 3.0)], "output": 0.0})
    assert rates.price(Usage(input_tokens=above)) == pytest.approx((usd, usd, None))


def test_steps_of_different_classes_do_not_have_to_agree() -> None:
    rates = _compiled(
        {"input": [(-1, 1.0), (10, 2.0)], "output": [(-1, 1.0), (20, 2.0)]}, request=[(-1, 0.0), (15, 1.0)]
    )
    sums = [rates.price(Usage(input_tokens=size, output_tokens=1)) for size in (10, 15, 20, 21)]
    assert sums == [
        pytest.approx((11e-6, 10e-6, 1e-6)),
        pytest.approx((31e-6, 30e-6, 1e-6)),
        pytest.approx((42e-6, 40e-6, 1e-6)),
        pytest.approx((45e-6, 42e-6, 2e-6)),
    ]


def test_a_request_has_a_price_beside_its_tokens() -> None:
    assert _compiled({"input": 1.0, "output": 1.0}, request=5_000.0).price(Usage(input_tokens=0)) == (0.005, 0.0, None)


def test_output_alone_is_priced_at_the_smallest_size() -> None:
    rates = _compiled({"input": [(-1, 1.0), (10, 2.0)], "output": [(-1, 3.0), (10, 4.0)]})
    assert rates.price(Usage(output_tokens=1_000)) == pytest.approx((3e-3, None, 3e-3))


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=10, cache_read_tokens=11),
        Usage(input_tokens=10, cache_read_tokens=6, audio_input_tokens=6, audio_cache_read_tokens=0),
        Usage(input_tokens=-1),
        Usage(input_tokens=10, output_tokens=-1),
        Usage(output_tokens=1, cache_read_tokens=1),
        Usage(input_tokens=9, cache_read_tokens=1, audio_input_tokens=1),
        Usage(input_tokens=9, audio_cache_read_tokens=1),
        Usage(input_tokens=9, cache_read_tokens=3, image_input_tokens=3),
    ],
    ids=str,
)
def test_a_usage_that_does_not_add_up_has_no_price(usage: Usage) -> None:
    rates = _compiled({"input": 1.0, "cache_read": 0.5, "audio_input": 4.0, "image_input": 2.0, "output": 1.0})
    assert rates.price(usage) is None


@pytest.mark.parametrize("usage", [Usage(input_tokens=9, output_tokens=1), Usage(input_tokens=9, reasoning_tokens=1)])
def test_tokens_without_a_rate_have_no_price(usage: Usage) -> None:
    assert _compiled({"input": 1.0}).price(usage) is None


@pytest.mark.parametrize(("sent", "usd"), [(None, None), (0, 0.0)])
def test_a_side_without_a_rate_costs_nothing_if_it_is_empty(sent: int | None, usd: float | None) -> None:
    assert _compiled({"input": 1.0}).price(Usage(input_tokens=9, output_tokens=sent)) == pytest.approx(
        (9e-6, 9e-6, usd)
    )


@pytest.mark.parametrize("rates", [{}, {"cache_read": 1.0}, {"input": 1.0, "reasoning": 1.0}])
def test_rates_of_parts_without_the_whole_are_no_rates(rates: dict[str, Rate]) -> None:
    assert compile_rates(rates) is None


def test_a_class_is_listed_after_the_classes_around_it() -> None:
    seen: set[str] = set()
    for kind in CLASSES:
        assert seen >= set(kind.inside), kind
        seen.add(kind.name)
