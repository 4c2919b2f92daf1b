"""What a part of a session added up to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over a session, a turn or a run and everything inside it.

    ``cost_usd`` adds the calls whose price is known and is None while there is none.
    """

    cost_usd: float | None = None
    llm_calls: int = 0
    tool_calls: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    errors: int = 0

    def __add__(self, other: Totals) -> Totals:
        known = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Totals(
            cost_usd=sum(known) if known else None,
            llm_calls=self.llm_calls + other.llm_calls,
            tool_calls=self.tool_calls + other.tool_calls,
            retries=self.retries + other.retries,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            errors=self.errors + other.errors,
        )
