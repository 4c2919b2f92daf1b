"""What a wire format is: a handful of pure functions over request and response bodies.

Bodies are JSON mappings or the SDK's model objects, which ``fields`` shows as mappings; the
functions never change their input and never raise for a missing field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agentotel.facts.call import NOTHING, AttributeValue, Content, Context, Request, Response

Body = Mapping[str, object]

_EMPTY: Body = {}


def fields(value: object) -> Body:
    """Show a JSON object or an SDK model as a mapping of its fields.

    A dict is returned as it is. A pydantic model gives its fields together with the extra
    ones that its class does not declare. Anything else gives an empty mapping.
    """
    if value is None:
        return _EMPTY
    if isinstance(value, dict):
        return value
    try:
        extra = value.__pydantic_extra__  # type: ignore[attr-defined]  # of a model
    except AttributeError:
        own: Body | None = getattr(value, "__dict__", None)
        if own is None:
            return value if isinstance(value, Mapping) else _EMPTY
        return own
    return {**value.__dict__, **extra} if extra else value.__dict__


class Fold(Protocol):
    """Reads the chunks of one stream as they pass.

    ``add`` runs inside the user's iteration: at most a few attribute reads, no JSON, and it
    never keeps the chunk itself. ``complete`` tells whether the end that the format defines
    was seen. ``result`` gives the body that the provider would have sent without streaming,
    as far as it arrived; None before the first usable chunk.
    """

    @property
    def complete(self) -> bool | None:
        """Whether the end that the format defines was seen; None where it defines none."""
        ...

    def add(self, chunk: object) -> object:
        """Read one chunk. True where it is a piece of an answer and can be nothing else, which is no duty to find."""

    def result(self) -> Body | None:
        """Give the body so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The functions of one wire format.

    ``request`` and ``response`` give facts, with the attributes that a span is named after and those that are
    counted on the way; ``asks`` and ``tells`` give all other attributes of a request and of an answer, which are
    read at the end, and only where somebody writes them. ``fold`` makes a reader for a stream, None where the
    format does not stream. ``context`` shows what the model reads; ``answers`` the ids of the tool calls that one
    of its messages answers. ``content`` and ``output`` give content in the JSON shape of the conventions,
    ``documents`` what a retrieval found, ``logprobs`` the log probabilities of an answer's tokens; they are called
    only where content is captured. ``usage_chunk`` tells the chunk that ``stream_options.include_usage`` adds to a
    stream; None where the format has no such option. ``separate`` says that ``content`` makes one message of each
    of ``context``'s messages, whatever the others are. ``headers`` names response headers that hold facts; they are
    in the body of an answer under their names.
    """

    name: str
    request: Callable[[Body], Request]
    response: Callable[[Body], Response]
    asks: Callable[[Body], Mapping[str, AttributeValue]] = lambda _body: NOTHING
    tells: Callable[[Body], Mapping[str, AttributeValue]] = lambda _body: NOTHING
    fold: Callable[[], Fold] | None = None
    context: Callable[[Body], Context | None] = lambda _body: None
    answers: Callable[[object], tuple[str, ...]] = lambda _message: ()
    content: Callable[[Body], Content | None] = lambda _body: None
    output: Callable[[Body], list[dict[str, object]] | None] = lambda _body: None
    documents: Callable[[Body], list[dict[str, object]] | None] = lambda _body: None
    logprobs: Callable[[Body], object] = lambda _body: None
    usage_chunk: Callable[[object], bool] | None = None
    separate: bool = False
    headers: tuple[str, ...] = ()
