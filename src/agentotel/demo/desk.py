"""A refund desk: three agents over two providers, traced with agentotel.

This is application code. It knows the two SDKs (in `agentotel.demo.chat`) and agentotel's
public interface, and nothing of the emulator that it talks to in the demo.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import agentotel
from agentotel.demo.chat import Chat, Model, ToolCall, ToolResult, spec_of

ORDERS = {"A-1": {"item": "espresso grinder", "price": 129.0, "bought": "11 days ago"}}
REFUND_LIMIT = 500.0

TRIAGE_PROMPT = (
    "You are the first contact of a shop. Look up what you need with both lookup tools before "
    "you answer about an order. Transfer refunds to the refund agent. Answer in two sentences."
)
REFUNDS_PROMPT = (
    "You refund orders. Look at what the user asks and refund order A-1 (129.00) to the card "
    "first. Use the voucher only if the card fails. Then say in one sentence what you did."
)
RESEARCH_PROMPT = "You research earlier cases. Search with another query each time; one search is never enough."


class PaymentGatewayError(Exception):
    """The card gateway did not answer."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no answer from the card gateway for order {order_id}")


class RefundLimitError(Exception):
    """Only a colleague may refund this much."""


@agentotel.tool(version="2.1")
def lookup_order(order_id: str) -> dict[str, object]:
    """Tell what was ordered, when, and for how much."""
    time.sleep(0.04)
    return {"order_id": order_id, **ORDERS[order_id]}


@agentotel.tool(version="1.4")
def get_shipping_status(order_id: str) -> dict[str, object]:
    """Tell where a parcel is and when it arrives."""
    time.sleep(0.09)
    return {"order_id": order_id, "status": "in delivery", "arrives": "Monday"}


@agentotel.tool(version="1.0")
def refund_to_card(order_id: str, amount: float) -> dict[str, object]:
    """Pay an order back to the card it was bought with."""
    allowed = amount <= REFUND_LIMIT
    agentotel.guardrail("refund-limit", verdict="pass" if allowed else "block")
    if not allowed:
        raise RefundLimitError
    time.sleep(0.06)
    raise PaymentGatewayError(order_id)


@agentotel.tool(version="1.0", fallback_for="refund_to_card")
def refund_by_voucher(order_id: str, amount: float) -> dict[str, object]:
    """Refund an order with a voucher."""
    time.sleep(0.03)
    agentotel.state("refund", version=1, value={"order_id": order_id, "paid": amount})
    return {"order_id": order_id, "amount": amount, "voucher": "V-20871"}


@agentotel.tool(version="0.9", cost=0.002)
def search_cases(query: str) -> list[str]:
    """Search the archive of refund cases."""
    time.sleep(0.03)
    return [f"Case {len(query) * 31}: {query}, refunded in full"]


Tool = Callable[..., object]


class RefundDesk:
    """The desk, staffed with one model for triage and research and one for refunds."""

    def __init__(self, triage_model: Model, refunds_model: Model) -> None:
        self._triage_model = triage_model
        self._refunds_model = refunds_model
        self._triage_tools: list[Tool] = [
            lookup_order,
            get_shipping_status,
            self.transfer_to_refunds,
        ]
        self._triage = open_chat(triage_model, TRIAGE_PROMPT, self._triage_tools)

    def serve(self) -> agentotel.Session:
        """Serve one customer: three turns, one session."""
        with agentotel.session(user="u-17", feature="refunds") as session:
            question = "Where is my order A-1?"
            with agentotel.turn(input=question) as turn:
                turn.output(self.find_order(question))

            question = "I want a refund for it, it arrived damaged."
            with agentotel.turn(input=question) as turn:
                turn.output(self.refund(question))
                agentotel.feedback("thumbs up", by="customer")

            question = "Research everything about similar cases."
            with agentotel.turn(input=question) as turn:
                turn.output(self.research(question))
        return session

    def find_order(self, question: str) -> str:
        """Answer a question about an order; the answer is streamed."""
        self._triage.user(question)
        with (
            agentotel.agent("triage", version="7", max_steps=8),
            agentotel.prompt("triage-system", "3"),
        ):
            with agentotel.step("planning"):
                plan = self._triage.ask()
            if not plan.calls:
                return plan.text
            self._triage.tools(run_tools(self._triage_tools, plan.calls))
            return "".join(self._triage.stream())

    def refund(self, question: str) -> str:
        """Let triage decide, which hands refunds over to their own agent."""
        self._triage.user(question)
        with (
            agentotel.agent("triage", version="7", max_steps=8),
            agentotel.prompt("triage-system", "3"),
        ):
            return work(self._triage, self._triage_tools, max_steps=8)

    @agentotel.tool(version="1.0")
    def transfer_to_refunds(self, order_id: str, reason: str) -> str:
        """Let the refund agent refund an order."""
        agentotel.decision("refund", options=["answer", "refund", "call a colleague"])
        agentotel.handoff("refunds", reason="only this agent may pay out")
        tools = [refund_to_card, refund_by_voucher]
        chat = open_chat(self._refunds_model, REFUNDS_PROMPT, tools)
        chat.user(f"Refund order {order_id}: {reason}.")
        with (
            agentotel.agent("refunds", version="4", max_steps=6),
            agentotel.prompt("refunds-system", "11"),
        ):
            return work(chat, tools, max_steps=6)

    @agentotel.agent("research", version="2", max_steps=3)
    def research(self, question: str) -> str:
        """Search for similar cases, for three steps at most."""
        chat = open_chat(self._triage_model, RESEARCH_PROMPT, [search_cases])
        chat.user(question)
        return work(chat, [search_cases], max_steps=3) or "A colleague will go on with this."


def open_chat(model: Model, prompt: str, tools: Sequence[Tool]) -> Chat:
    """Open a chat that may use these tools."""
    return model(system=prompt, tools=[spec_of(tool) for tool in tools])


def work(chat: Chat, tools: Sequence[Tool], *, max_steps: int) -> str:
    """Let the model use tools until it answers; the text is empty if it never does."""
    for _ in range(max_steps):
        reply = chat.ask()
        if not reply.calls:
            return reply.text
        chat.tools(run_tools(tools, reply.calls))
    return ""


def run_tools(tools: Sequence[Tool], calls: Sequence[ToolCall]) -> list[ToolResult]:
    """Run what the model asks for, side by side. A failure is for the model to deal with."""
    by_name = {tool.__name__: tool for tool in tools}

    def run(call: ToolCall) -> ToolResult:
        try:
            text = json.dumps(by_name[call.name](**call.arguments))
        except Exception as error:  # noqa: BLE001 - whatever a tool raises, the model is told
            return ToolResult(call_id=call.id, text=repr(error), failed=True)
        return ToolResult(call_id=call.id, text=text)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(run, calls))
