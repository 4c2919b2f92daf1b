"""Log probabilities of the tokens of an answer, in one shape for every format.

One list per choice or text: ``[[{"token": "Hi", "logprob": -0.1, "top": [{"token": "Hey", "logprob": -2.3}]}]]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from agentotel.wire.format import Body, fields
from agentotel.wire.read import items, number, text

MOST_TOKENS: Final = 1000
"""Tokens that are kept of one answer: the first ones."""

Entry = dict[str, object]


def entry(sent: object) -> Entry:
    """Read a token of OpenAI's chat and Responses formats."""
    one = fields(sent)
    top = [_token(other) for other in items(one.get("top_logprobs"))]
    return {**_token(one), "top": top} if top else _token(one)


def _token(sent: object) -> Entry:
    one = fields(sent)
    return {"token": text(one.get("token")) or "", "logprob": number(one.get("logprob"))}


def entries(sent: object) -> list[Entry]:
    """Read the log probabilities of one choice, of what was said or refused.

    Text completions, and Together's chat, send lists side by side: ``tokens``, ``token_logprobs``, ``top_logprobs``.
    """
    told = fields(sent)
    if told.get("tokens") is not None:
        beside = (items(told.get(key))[:MOST_TOKENS] for key in ("tokens", "token_logprobs", "top_logprobs"))
        return [_beside(*one) for one in zip_longest(*beside)]
    said = (*items(told.get("content")), *items(told.get("refusal")))
    return [entry(one) for one in said[:MOST_TOKENS]]


def told_in_stream(choice: Body, delta: Body) -> list[Entry]:
    """Read the log probabilities of a piece of a stream. Together sends a number, of the piece itself."""
    sent = choice.get("logprobs")
    if number(sent) is None:
        return entries(sent)
    return [_beside(delta.get("content"), sent, choice.get("top_logprobs"))]


def _beside(token: object, logprob: object, top: object) -> Entry:
    found: Entry = {"token": text(token) or "", "logprob": number(logprob)}
    others = [{"token": other, "logprob": number(value)} for other, value in fields(top).items()]
    return {**found, "top": others} if others else found


def told(kept: list[Entry] | None) -> Body | None:
    """Put what was read of a stream back into the shape of an answer."""
    return {"content": [{**one, "top_logprobs": one.get("top")} for one in kept]} if kept else None


def bounded(lists: Iterable[list[Entry]]) -> list[list[Entry]] | None:
    """Keep the first tokens of all lists together; None where nothing was sent."""
    kept: list[list[Entry]] = []
    room = MOST_TOKENS
    for one in lists:
        kept.append(one[:room])
        room -= len(kept[-1])
    return kept if room < MOST_TOKENS else None


def of_choices(body: Body) -> list[list[Entry]] | None:
    """Read the log probabilities of chat and text completions."""
    sent = [fields(choice).get("logprobs") for choice in items(body.get("choices"))]
    return bounded(map(entries, sent)) if any(sent) else None


def of_texts(body: Body) -> list[list[Entry]] | None:
    """Read the log probabilities of the texts of a response of the Responses API."""
    parts = (fields(part) for item in items(body.get("output")) for part in items(fields(item).get("content")))
    return bounded([entry(one) for one in items(part.get("logprobs"))] for part in parts if part.get("logprobs"))
