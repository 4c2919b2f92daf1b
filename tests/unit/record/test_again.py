from __future__ import annotations

import contextvars

from opentelemetry.context import Context

from agentotel.record import again
from agentotel.record.again import LONGEST_NS, MOST_FAILED, Failed, Failures
from agentotel.record.identity import NOBODY


def failed(key: str = "k", model: str = "m", *, at: int = 10, times: int = 1, provider: str = "p") -> Failed:
    return Failed(key, provider, model, span_id=at, ended_at_ns=at, times=times, reason=None)


def kept(*calls: Failed) -> Failures:
    made = Failures(None)
    for call in calls:
        made.ended(call.key, call)
    return made


def test_a_call_to_the_same_model_comes_before_a_later_one_to_another() -> None:
    one, other = failed(model="m", at=10), failed(model="n", at=20)
    failures = kept(one, other)
    assert failures.before("k", "p", "m", 30) == one
    assert failures.before("k", "p", "n", 30) == other
    assert failures.before("k", "q", "m", 30) == other, "the latest is what another one stands in for"
    assert failures.before("x", "p", "m", 30) is None


def test_what_had_not_failed_yet_is_not_repeated() -> None:
    assert kept(failed(at=10)).before("k", "p", "m", 9) is None


def test_a_repeated_call_takes_the_place_of_the_one_before() -> None:
    failures = kept(failed(at=10), failed(at=20, times=2))
    assert failures.before("k", "p", "m", 30) == failed(at=20, times=2)
    failures.ended("k", None)
    assert not failures


def test_an_answer_to_another_question_leaves_it() -> None:
    failures = kept(failed())
    failures.ended("x", None)
    assert failures


def test_old_ones_are_forgotten_and_few_are_kept() -> None:
    failures = kept(*(failed(f"k{number}", at=number) for number in range(1, 2 * MOST_FAILED)))
    assert failures.before("k1", "p", "m", 100) is None
    assert failures.before(f"k{MOST_FAILED}", "p", "m", 100) is not None
    assert failures.before(f"k{MOST_FAILED}", "p", "m", LONGEST_NS + 100) is None
    assert not failures


def test_another_set_up_starts_anew() -> None:
    one, other = object(), object()
    made = again.failures(NOBODY, one, make=True)
    assert made is not None
    made.ended("k", failed())
    assert again.failures(NOBODY, one, make=False) is made
    assert again.failures(NOBODY, other, make=False) is None
    made.ended("k", None)
    assert again.failures(NOBODY, one, make=False) is None


def test_few_places_are_kept() -> None:
    def check() -> None:
        token = object()
        for number in range(again.MOST_PLACES + 1):
            made = again.failures(NOBODY, token, make=True, shared=(number,))
            assert made is not None
            made.ended("k", failed())

    contextvars.Context().run(check)
    assert len(again._places) == again.MOST_PLACES
    assert 0 not in again._places


def test_calls_of_one_run_follow_each_other_in_contexts_of_their_own() -> None:
    token = object()

    def fail() -> None:
        again.run.set("run")
        made = again.failures(NOBODY, token, make=True, shared=again.places(Context()))
        assert made is not None
        made.ended("k", failed())

    def find(run: object) -> bool:
        again.run.set(run)
        return bool(again.failures(NOBODY, token, make=False, shared=again.places(Context())))

    contextvars.Context().run(fail)
    assert contextvars.Context().run(find, "run")
    assert not contextvars.Context().run(find, "another")
    assert not contextvars.Context().run(find, None)
