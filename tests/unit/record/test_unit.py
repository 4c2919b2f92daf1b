from __future__ import annotations

import gc
import threading
import weakref

import pytest

from agentotel.facts.stop import StopReason
from agentotel.facts.totals import Totals
from agentotel.record.requested import Requested
from agentotel.record.unit import RUN, SESSION, STEP, TURN, Unit


def chain(*kinds: str) -> list[Unit]:
    units: list[Unit] = []
    for kind in kinds:
        units.append(Unit(kind, parent=units[-1] if units else None))
    return units


@pytest.mark.parametrize(
    ("kinds", "home", "place"),
    [
        ((SESSION,), 0, 0),
        ((SESSION, TURN), 0, 1),
        ((SESSION, TURN, STEP), 0, 1),
        ((SESSION, TURN, RUN), 2, 2),
        ((SESSION, TURN, RUN, STEP, STEP), 2, 2),
        ((SESSION, RUN, TURN), 1, 2),
        ((RUN, RUN, STEP), 1, 1),
        ((TURN, STEP), 0, 0),
        ((STEP, STEP), 0, 0),
        ((SESSION, TURN, SESSION, TURN), 2, 3),
    ],
)
def test_home_and_place(kinds: tuple[str, ...], home: int, place: int) -> None:
    units = chain(*kinds)
    assert units[-1].home is units[home]
    assert units[-1].place is units[place]


def test_sums_go_up_to_the_top_and_to_the_whole_session() -> None:
    whole = Unit(SESSION)
    segment = Unit(SESSION, whole=whole)
    turn = Unit(TURN, parent=segment)
    step = Unit(STEP, parent=turn)
    step.add_call(0.5, 10, 2, 1, 0)
    turn.add_call(None, 1, 1, 0, 1)
    step.add_tool(0.25, 0, 1)
    expected = Totals(cost_usd=0.75, llm_calls=2, tool_calls=1, retries=1, input_tokens=11, output_tokens=3, errors=2)
    assert turn.totals == segment.totals == whole.totals == expected
    assert step.totals.llm_calls == 1
    assert (turn.own_llm_calls, turn.own_tool_calls, segment.own_llm_calls) == (2, 1, 0)
    other = Unit(SESSION, whole=whole)
    other.add_tool(None, 0, 0)
    assert (whole.totals.tool_calls, segment.totals.tool_calls, other.totals.tool_calls) == (2, 1, 1)


def test_a_cost_is_none_until_one_is_known() -> None:
    unit = Unit(RUN)
    unit.add_call(None, 1, 1, 0, 0)
    assert unit.totals.cost_usd is None
    unit.add_tool(0.0, 0, 0)
    assert unit.totals.cost_usd == 0.0


def test_turns_are_numbered_over_all_segments() -> None:
    whole = Unit(SESSION)
    one, two = Unit(SESSION, whole=whole), Unit(SESSION, whole=whole)
    assert [one.next_turn(), two.next_turn(), one.next_turn()] == [1, 2, 3]
    assert Unit(SESSION).next_turn() == 1


def test_nothing_is_lost_between_threads() -> None:
    session = Unit(SESSION)
    runs = [Unit(RUN, parent=session) for _ in range(4)]

    def work(run: Unit) -> None:
        for _ in range(500):
            run.add_call(1.0, 1, 1, 1, 1)
            run.add_tool(1.0, 1, 1)
            run.add_step()
            session.next_turn()

    threads = [threading.Thread(target=work, args=(run,)) for run in runs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.totals == Totals(
        cost_usd=8000,
        llm_calls=4000,
        tool_calls=4000,
        retries=8000,
        input_tokens=4000,
        output_tokens=4000,
        errors=8000,
    )
    assert [run.steps for run in runs] == [2000] * 4
    assert session.turns == 4000


def raised(error: Exception) -> Exception:
    try:
        raise error  # noqa: TRY301 - raised to be caught
    except Exception as caught:  # noqa: BLE001 - any will do
        return caught


def test_blame() -> None:
    unit = Unit(RUN)
    first, second = raised(ValueError()), raised(ValueError())
    assert unit.blamed(first) is None
    unit.blame(first, StopReason.TOOL_ERROR, "look")
    unit.blame(second, StopReason.RATE_LIMITED, None)
    assert unit.blamed(first) == (StopReason.TOOL_ERROR, "look")
    assert unit.blamed(second) == (StopReason.RATE_LIMITED, None)
    unit.blame(first, StopReason.TOOL_TIMEOUT, None)
    assert unit.blamed(first) == (StopReason.TOOL_TIMEOUT, None)


def test_blame_is_found_after_more_frames_were_added() -> None:
    unit = Unit(RUN)
    error = raised(ValueError())
    unit.blame(error, StopReason.TOOL_ERROR, None)
    for _ in range(3):
        assert raised(error) is error
    assert unit.blamed(error) == (StopReason.TOOL_ERROR, None)


def test_blame_is_bounded() -> None:
    unit = Unit(RUN)
    errors = [raised(ValueError()) for _ in range(40)]
    for error in errors:
        unit.blame(error, StopReason.TOOL_ERROR, None)
    assert [unit.blamed(error) is not None for error in errors] == [False] * 24 + [True] * 16


def test_blame_keeps_no_error_alive() -> None:
    class Heavy(Exception):  # noqa: N818 - a test
        pass

    unit = Unit(RUN)
    error = raised(Heavy())
    unit.blame(error, StopReason.TOOL_ERROR, None)
    gone = weakref.ref(error)
    del error
    gc.collect()
    assert gone() is None


def test_what_is_left_is_for_the_run_else_for_turn_and_session() -> None:
    class Left(Requested):
        def left(self) -> list:  # type: ignore[type-arg]
            return ["left"]

    def left_at(*kinds: str) -> list[bool]:
        units = chain(*kinds)
        units[-1].home.requested = Left()
        return [bool(unit.left()) for unit in units]

    assert left_at(SESSION, TURN) == [True, True]
    assert left_at(SESSION, TURN, STEP) == [True, True, False]
    assert left_at(SESSION, TURN, RUN) == [False, False, True]
    assert left_at(SESSION, RUN, TURN) == [False, True, False]
    assert chain(RUN)[0].left() == []


def test_an_expected_error_is_blamed_once() -> None:
    (unit,) = chain(RUN)
    unit.expect("ValueError", StopReason.RATE_LIMITED, "m: 429")
    first = raised(ValueError("from the SDK"))
    assert unit.blamed(first) == (StopReason.RATE_LIMITED, "m: 429")
    assert unit.blamed(first) == (StopReason.RATE_LIMITED, "m: 429")
    assert unit.blamed(raised(ValueError("from elsewhere"))) is None
