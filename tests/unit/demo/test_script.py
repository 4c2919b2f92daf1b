"""Which line answers which request."""

from __future__ import annotations

import pytest

from agentotel.demo.script import SCRIPT, Asked, Line, Tokens, find_line

LINE = Line(asks="Refund", after=("a", "b"), offers="pay", tokens=Tokens(input=1, output=1))


def asked(question: str, *results: str, offers: tuple[str, ...] = ("pay",)) -> Asked:
    return Asked(model="m", question=question, results=results, offers=frozenset(offers))


@pytest.mark.parametrize(
    ("request_", "fits"),
    [
        (asked("I want a refund!", "a", "b"), True),
        (asked("I want a refund!", "b", "a"), True),
        (asked("I want a refund!", "a"), False),
        (asked("I want a refund!", "a", "a", "b"), False),
        (asked("Hello", "a", "b"), False),
        (asked("I want a refund!", "a", "b", offers=()), False),
    ],
)
def test_a_line_fits_by_question_results_and_offer(request_: Asked, *, fits: bool) -> None:
    assert LINE.fits(request_) is fits


def test_the_first_line_that_fits_is_taken() -> None:
    earlier = Line(asks="refund", after=("a", "b"), tokens=Tokens(input=2, output=2))

    assert find_line([earlier, LINE], asked("refund", "a", "b")) is earlier
    assert find_line([earlier, LINE], asked("hello")) is None


@pytest.mark.parametrize("line", SCRIPT)
def test_the_tokens_of_the_script_are_possible(line: Line) -> None:
    tokens = line.tokens

    assert tokens.cache_read + tokens.cache_write < tokens.input
    assert tokens.reasoning < tokens.output
    assert bool(line.text) or bool(line.calls)


def test_every_line_of_the_script_can_be_reached() -> None:
    for line in SCRIPT:
        offers = (line.offers,) if line.offers else ()
        assert find_line(SCRIPT, asked(line.asks, *line.after, offers=offers)) is line
