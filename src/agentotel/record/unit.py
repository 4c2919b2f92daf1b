"""Units: the session, the turns, the runs and the steps that operations happen in.

A unit is the mutable side of identity. Its totals include everything below it, since each
addition walks up to the top; one lock serves all of them, held for a few additions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from agentotel._core import ids
from agentotel._core.locks import make_lock
from agentotel.facts.stop import Result, StopReason
from agentotel.facts.totals import Totals
from agentotel.record.again import Failures
from agentotel.record.reading import Hashes, Reading
from agentotel.record.requested import Asked, Requested
from agentotel.wire import errors

SESSION: Final = "session"
TURN: Final = "turn"
RUN: Final = "run"
STEP: Final = "step"

AMOUNTS: Final = tuple(field.name for field in fields(Totals))

_read_amounts = attrgetter(*AMOUNTS)

_Amounts = tuple[float | None, int, int, int, int, int, int]

_MOST_BLAMES: Final = 16

_lock = make_lock()

_Mark = tuple[int, type[BaseException], str | None, int]


class Unit:
    """One session segment, turn, run or step while it lasts, and its result afterwards.

    ``whole`` is, for a segment of a session that is entered by its id, the session over all segments: it has no
    operation of its own, only sums and the count of turns.
    """

    __slots__ = (
        "_above",
        "_blames",
        "cost_usd",
        "detail",
        "ended",
        "errors",
        "failures",
        "hashes",
        "id",
        "index",
        "input_tokens",
        "kind",
        "last_asked",
        "last_finish",
        "llm_calls",
        "max_steps",
        "name",
        "output_tokens",
        "own_llm_calls",
        "own_tool_calls",
        "parent",
        "reading",
        "requested",
        "result",
        "retries",
        "steps",
        "stop_reason",
        "tool_calls",
        "turns",
        "version",
        "warned",
        "whole",
        "written",
    )

    def __init__(
        self,
        kind: str,
        name: str | None = None,
        *,
        parent: Unit | None = None,
        whole: Unit | None = None,
        id: str | None = None,  # noqa: A002 - the word users know it by
        version: str | None = None,
        max_steps: int | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.parent = parent
        self.whole = whole
        around = () if parent is None else (parent, *parent._above)  # noqa: SLF001 - another unit
        self._above: tuple[Unit, ...] = around if whole is None else (whole, *around)
        self.id = id if id is not None else ids.short_id()
        self.version = version
        self.max_steps = max_steps
        self.index = 0
        self.ended = False
        self.warned = False
        self.stop_reason: StopReason | None = None
        self.detail: str | None = None
        self.result: Result | None = None
        self.turns = self.steps = 0
        self.own_llm_calls = self.own_tool_calls = 0
        self.last_finish: tuple[str, ...] = ()
        self.last_asked = False
        self.hashes: Hashes | None = None
        self.reading: Reading | None = None
        self.requested: Requested | None = None
        self.failures: Failures | None = None
        self.written: dict[object, Any] = {}
        self._blames: dict[_Mark | str, tuple[StopReason, str | None]] = {}
        self.cost_usd: float | None = None
        self.llm_calls = self.tool_calls = self.retries = 0
        self.input_tokens = self.output_tokens = self.errors = 0

    @property
    def totals(self) -> Totals:
        """The sums so far, this unit and everything inside it."""
        return Totals(**dict(zip(AMOUNTS, self.amounts(), strict=True)))  # type: ignore[arg-type]  # in this order

    def amounts(self) -> _Amounts:
        """Give what ``totals`` holds, in the order of ``AMOUNTS``, for those who need no object of it."""
        with _lock:
            return _read_amounts(self)

    @property
    def home(self) -> Unit:
        """The unit within which tool requests are paired and contexts compared: the run, else the session."""
        unit = self
        while unit.kind not in _HOMES and unit.parent is not None:
            unit = unit.parent
        return unit

    @property
    def place(self) -> Unit:
        """The unit whose own calls are counted: this one, or what a step is part of."""
        unit = self
        while unit.kind == STEP and unit.parent is not None:
            unit = unit.parent
        return unit

    def next_turn(self) -> int:
        """Number a turn of this session."""
        counter = self.whole or self
        with _lock:
            counter.turns += 1
            return counter.turns

    def add_call(
        self, cost_usd: float | None, input_tokens: int, output_tokens: int, retries: int, errors: int
    ) -> None:
        """Add one model call to this unit and all above it."""
        with _lock:
            self.place.own_llm_calls += 1
            if self.kind != STEP:
                self.steps += 1
            sums = (self, *self._above)
            for unit in sums:
                unit.llm_calls += 1
                unit.input_tokens += input_tokens
                unit.output_tokens += output_tokens
            _add(sums, cost_usd, retries, errors)

    def add_tool(self, cost_usd: float | None, retries: int, errors: int) -> None:
        """Add one tool call to this unit and all above it."""
        with _lock:
            self.place.own_tool_calls += 1
            sums = (self, *self._above)
            for unit in sums:
                unit.tool_calls += 1
            _add(sums, cost_usd, retries, errors)

    def add_troubles(self, retries: int, errors: int) -> None:
        """Add what went wrong in a call that is neither a model's nor a tool's to this unit and all above it."""
        with _lock:
            _add((self, *self._above), None, retries, errors)

    def add_step(self) -> None:
        """Count one step made directly in this unit. A model call outside of steps is one too."""
        with _lock:
            self.steps += 1

    def left(self) -> list[Asked]:
        """Take the tool requests that nothing can answer any more: those of this run, turn or session."""
        home = self.home
        if home.requested is None or self.kind == STEP or (home is not self and home.kind == RUN):
            return []
        return home.requested.left()

    def blame(self, error: BaseException, reason: StopReason, detail: str | None) -> None:
        """Remember why ``error`` was raised, in case it ends this unit. Keeps no reference to it."""
        self._remember(_mark(error), reason, detail)

    def expect(self, error_type: str, reason: StopReason, detail: str | None) -> None:
        """Remember why an error of a class will be raised, which an SDK is about to make of an answer."""
        self._remember(error_type, reason, detail)

    def _remember(self, mark: _Mark | str, reason: StopReason, detail: str | None) -> None:
        with _lock:
            self._blames.pop(mark, None)
            self._blames[mark] = reason, detail
            if len(self._blames) > _MOST_BLAMES:
                del self._blames[next(iter(self._blames))]

    def blamed(self, error: BaseException) -> tuple[StopReason, str | None] | None:
        """Tell why ``error`` was raised; None if not known."""
        if not self._blames:
            return None
        mark = _mark(error)
        known = self._blames.get(mark)
        if known is None:
            with _lock:
                known = self._blames.pop(errors.error_type(error), None)
                if known is not None:
                    self._blames[mark] = known  # what was expected has come: a later error of the class is another
        return known


def _add(sums: Iterable[Unit], cost_usd: float | None, retries: int, errors: int) -> None:
    if cost_usd is not None:
        for unit in sums:
            unit.cost_usd = cost_usd if unit.cost_usd is None else unit.cost_usd + cost_usd
    if retries or errors:
        for unit in sums:
            unit.retries += retries
            unit.errors += errors


_HOMES: Final = frozenset({RUN, SESSION})


def _mark(error: BaseException) -> _Mark:
    """Tell errors apart without keeping them: an id alone is used again, at another place, by the next error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return id(error), type(error), None, 0
    return id(error), type(error), trace.tb_frame.f_code.co_filename, trace.tb_lineno
