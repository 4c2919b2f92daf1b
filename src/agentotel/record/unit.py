"""Units: the session, the turns, the runs and the steps that operations happen in.

A unit is the mutable side of identity. Its totals include everything below it, since each
addition walks up to the session; one lock serves all of them, held for a few additions.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from agentotel._core import ids
from agentotel.facts.stop import Result, StopReason
from agentotel.facts.totals import Totals
from agentotel.record.reading import Reading
from agentotel.record.requested import Requested

SESSION: Final = "session"
TURN: Final = "turn"
RUN: Final = "run"
STEP: Final = "step"

_lock = threading.Lock()


class Unit:
    """One session segment, turn, run or step while it lasts, and its result afterwards."""

    __slots__ = (
        "_blame",
        "closed",
        "cost_usd",
        "detail",
        "ended",
        "errors",
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
        "started_at_ns",
        "steps",
        "stop_reason",
        "tool_calls",
        "turns",
        "version",
    )

    def __init__(
        self,
        kind: str,
        name: str | None = None,
        *,
        parent: Unit | None = None,
        id: str | None = None,  # noqa: A002 - the word users know it by
        version: str | None = None,
        max_steps: int | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.parent = parent
        self.id = id if id is not None else ids.short_id()
        self.version = version
        self.max_steps = max_steps
        self.index = 0
        self.started_at_ns = time.time_ns()
        self.closed = False
        self.ended = False
        self.turns = 0
        self.stop_reason: StopReason | None = None
        self.detail: str | None = None
        self.result: Result | None = None
        self.steps = 0
        self.own_llm_calls = 0
        self.own_tool_calls = 0
        self.last_finish: tuple[str, ...] = ()
        self.last_asked = False
        self.reading: Reading | None = None
        self.requested: Requested | None = None
        self._blame: tuple[int, type[BaseException], StopReason, str | None] | None = None
        self.cost_usd: float | None = None
        self.llm_calls = self.tool_calls = self.retries = 0
        self.input_tokens = self.output_tokens = self.errors = 0

    @property
    def totals(self) -> Totals:
        """The sums so far, this unit and everything inside it."""
        with _lock:
            return Totals(
                cost_usd=self.cost_usd,
                llm_calls=self.llm_calls,
                tool_calls=self.tool_calls,
                retries=self.retries,
                input_tokens=self.input_tokens,
                output_tokens=self.output_tokens,
                errors=self.errors,
            )

    @property
    def home(self) -> Unit:
        """The unit within which tool requests are paired and contexts compared: never a step."""
        unit = self
        while unit.kind == STEP and unit.parent is not None:
            unit = unit.parent
        return unit

    def add_call(
        self, cost_usd: float | None, input_tokens: int, output_tokens: int, retries: int, errors: int
    ) -> None:
        """Add one model call to this unit and all above it."""
        with _lock:
            self.home.own_llm_calls += 1
            unit: Unit | None = self
            while unit is not None:
                unit.llm_calls += 1
                unit.input_tokens += input_tokens
                unit.output_tokens += output_tokens
                unit.retries += retries
                unit.errors += errors
                if cost_usd is not None:
                    unit.cost_usd = cost_usd if unit.cost_usd is None else unit.cost_usd + cost_usd
                unit = unit.parent

    def add_tool(self, cost_usd: float | None, retries: int, errors: int) -> None:
        """Add one tool call to this unit and all above it."""
        with _lock:
            self.home.own_tool_calls += 1
            unit: Unit | None = self
            while unit is not None:
                unit.tool_calls += 1
                unit.retries += retries
                unit.errors += errors
                if cost_usd is not None:
                    unit.cost_usd = cost_usd if unit.cost_usd is None else unit.cost_usd + cost_usd
                unit = unit.parent

    def add_step(self) -> None:
        """Count one step of the run that this unit belongs to."""
        with _lock:
            self.home.steps += 1

    def blame(self, error: BaseException, reason: StopReason, detail: str | None) -> None:
        """Remember why ``error`` was raised, in case it ends this unit. Keeps no reference to it."""
        self._blame = (id(error), type(error), reason, detail)

    def blamed(self, error: BaseException) -> tuple[StopReason, str | None] | None:
        """Tell why ``error``, or an error that it was raised from, was raised; None if not known."""
        if self._blame is None:
            return None
        identity, kind, reason, detail = self._blame
        seen: BaseException | None = error
        for _ in range(8):
            if seen is None:
                return None
            if id(seen) == identity and type(seen) is kind:
                return reason, detail
            seen = seen.__cause__ or seen.__context__
        return None
