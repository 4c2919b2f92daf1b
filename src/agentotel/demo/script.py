"""What the emulated models say: a table that is looked up by what a request contains.

A request is reduced to an `Asked`, the same for every provider, and the first `Line` that
fits it is the answer. Nothing depends on how many requests came before, so that retries,
threads and a different order of turns get the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RETRY_AFTER_S = 0.25
"""The pause that a 429 of the emulator asks for."""

DATED_MODELS: Mapping[str, str] = {
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}
"""The dated name under which a provider answers for an alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks, whichever provider it is for.

    ``question`` is the last text of the user, ``results`` the names of the tools whose results
    follow it, ``offers`` the names of the tools that the model may call. ``stream`` says that
    the answer is wanted as a stream, ``first_try`` that the client counts its attempts and
    this is its first.
    """

    model: str
    question: str
    results: tuple[str, ...] = ()
    offers: frozenset[str] = frozenset()
    stream: bool = False
    first_try: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool that the model asks for."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Usage of one answer; the cache's part is in ``input``, reasoning in ``output``."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One answer, and the request that it fits.

    It fits when the question contains ``asks`` (case aside), the tools with results since then
    are ``after`` (in any order) and ``offers``, if given, is among the offered tools. A ``busy``
    line answers the first attempt with a 429.
    """

    asks: str
    tokens: Tokens
    after: tuple[str, ...] = ()
    offers: str | None = None
    text: str = ""
    calls: Sequence[ToolUse] = field(default=())
    busy: bool = False

    def fits(self, asked: Asked) -> bool:
        """Say whether this line answers the request."""
        return (
            self.asks.casefold() in asked.question.casefold()
            and sorted(self.after) == sorted(asked.results)
            and (self.offers is None or self.offers in asked.offers)
        )


def find_line(script: Sequence[Line], asked: Asked) -> Line | None:
    """Return the first line that fits, or None."""
    return next((line for line in script if line.fits(asked)), None)


_ORDER_STATUS = (
    Line(
        asks="where is my order",
        busy=True,
        calls=(
            ToolUse(name="lookup_order", arguments={"order_id": "A-1"}),
            ToolUse(name="get_shipping_status", arguments={"order_id": "A-1"}),
        ),
        tokens=Tokens(input=1342, output=171, reasoning=128, cache_read=1024),
    ),
    Line(
        asks="where is my order",
        after=("lookup_order", "get_shipping_status"),
        text=(
            "Your order A-1, one espresso grinder, left our warehouse on Thursday and is now with "
            "the parcel service in your town. It arrives on Monday before noon."
        ),
        tokens=Tokens(input=1498, output=102, reasoning=64, cache_read=1280),
    ),
)

_REFUND = (
    Line(
        asks="i want a refund",
        offers="transfer_to_refunds",
        calls=(
            ToolUse(
                name="transfer_to_refunds",
                arguments={"order_id": "A-1", "reason": "arrived damaged"},
            ),
        ),
        tokens=Tokens(input=1561, output=98, reasoning=64, cache_read=1408),
    ),
    Line(
        asks="refund order a-1",
        offers="refund_to_card",
        text="The order is within the 30 days. I will pay it back to the card.",
        calls=(ToolUse(name="refund_to_card", arguments={"order_id": "A-1", "amount": 129.0}),),
        tokens=Tokens(input=2214, output=87, cache_write=2048),
    ),
    Line(
        asks="refund order a-1",
        offers="refund_by_voucher",
        after=("refund_to_card",),
        text="The card payment failed, so I will send a voucher instead.",
        calls=(ToolUse(name="refund_by_voucher", arguments={"order_id": "A-1", "amount": 129.0}),),
        tokens=Tokens(input=2351, output=79, cache_read=2048),
    ),
    Line(
        asks="refund order a-1",
        after=("refund_to_card", "refund_by_voucher"),
        text="Refunded 129.00 by voucher V-20871, because the card could not be reached.",
        tokens=Tokens(input=2467, output=41, cache_read=2048),
    ),
    Line(
        asks="i want a refund",
        after=("transfer_to_refunds",),
        text=(
            "I am sorry that the grinder arrived damaged. Your 129.00 are refunded with voucher "
            "V-20871, since your card could not be reached just now."
        ),
        tokens=Tokens(input=1689, output=121, reasoning=64, cache_read=1536),
    ),
)

_RESEARCH_TOKENS = (
    Tokens(input=642, output=93, reasoning=64),
    Tokens(input=918, output=90, reasoning=64),
    Tokens(input=1187, output=152, reasoning=128, cache_read=1024),
)

_RESEARCH = tuple(
    Line(
        asks="similar cases",
        offers="search_cases",
        after=("search_cases",) * done,
        calls=(ToolUse(name="search_cases", arguments={"query": query}),),
        tokens=_RESEARCH_TOKENS[done],
    )
    for done, query in enumerate(
        ("grinder damaged in transit", "espresso grinder refund voucher", "card refund time-out")
    )
)

_RESEARCH_END = Line(
    asks="similar cases",
    after=("search_cases",) * len(_RESEARCH),
    text="Grinders of this batch are often damaged in transit; the other cases differ too much.",
    tokens=Tokens(input=1466, output=154, reasoning=128, cache_read=1024),
)

SCRIPT: Sequence[Line] = (*_ORDER_STATUS, *_REFUND, *_RESEARCH, _RESEARCH_END)
"""The lines of the refund desk."""
