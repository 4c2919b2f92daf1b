"""What the model reads, compared with what it read before, at the price of what is new.

A message that was hashed once is found again by its frozen form: a tuple of its fields, in
which long texts are compared by identity first and keep their own hash. Nothing relies on the
identity of mutable objects, so a message changed in place is seen as changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from agentotel._core.canonical import Digest, canonical_json
from agentotel.facts.call import Context

_MOST_MESSAGES = 4096
_MOST_CONTEXTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFacts:
    """Facts of one context. ``change`` is None for the first context of a run.

    ``fresh`` holds the new messages themselves, for reading tool results out of them.
    """

    hash: str
    system_hash: str | None
    tools_hash: str | None
    messages: int
    new_messages: int
    change: str | None
    fresh: Sequence[object]


@dataclass(frozen=True, slots=True)
class _Seen:
    system: str | None
    tools: str | None
    messages: tuple[str, ...]


def _frozen(value: object) -> Hashable:
    """Give a hashable form of a JSON-like value; values of other kinds raise TypeError when hashed."""
    kind = value.__class__
    if kind is str:
        return value
    if kind is dict or isinstance(value, Mapping):
        return tuple([(key, item if item.__class__ is str else _frozen(item)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return (list, *map(_frozen, value))
    return (type(value), value)  # type: ignore[return-value]


class Reading:
    """The contexts that the model calls of one run have read."""

    __slots__ = ("_contexts", "_digest", "_known", "_lock")

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._known: OrderedDict[Hashable, str] = OrderedDict()
        self._contexts: deque[_Seen] = deque(maxlen=_MOST_CONTEXTS)
        self._lock = threading.Lock()

    def read(self, context: Context, parameters: object = None) -> ContextFacts:
        """Take up one context and tell what changed against the closest earlier one."""
        with self._lock:
            system = self._hash(context.system)
            tools = self._hash(context.tools)
            messages = tuple([self._message(message) for message in context.messages])
            seen = _Seen(system, tools, messages)
            closest, shared = self._closest(messages)
            self._contexts.append(seen)
        return ContextFacts(
            hash=self._digest("\n".join((system or "", tools or "", canonical_json(parameters), *messages))),
            system_hash=system,
            tools_hash=tools,
            messages=len(messages),
            new_messages=len(messages) - shared,
            change=None if closest is None else _change(closest, seen, shared),
            fresh=context.messages[shared:],
        )

    def _hash(self, value: object) -> str | None:
        return self._message(value) if value else None

    def _message(self, message: object) -> str:
        try:
            key = _frozen(message)
            known = self._known.get(key)
        except TypeError:
            return self._digest(canonical_json(message))
        if known is None:
            known = self._known[key] = self._digest(canonical_json(message))
            if len(self._known) > _MOST_MESSAGES:
                self._known.popitem(last=False)
        return known

    def _closest(self, messages: tuple[str, ...]) -> tuple[_Seen | None, int]:
        best: _Seen | None = None
        most = 0
        for seen in reversed(self._contexts):
            shared = _shared_prefix(seen.messages, messages)
            if best is None or shared > most:
                best, most = seen, shared
        return best, most


def _shared_prefix(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    if left == right[: len(left)]:
        return len(left)
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def _change(before: _Seen, now: _Seen, shared: int) -> str | None:
    if now.system != before.system:
        return "system_changed"
    if now.tools != before.tools:
        return "tools_changed"
    if shared == len(before.messages):
        return "appended"
    if shared == len(now.messages) or _dropped(before.messages, now.messages):
        return "truncated"
    return "rewritten"


def _dropped(before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Tell whether ``now`` is ``before`` with messages left out, and perhaps new ones at its end."""
    rest = iter(before)
    kept = 0
    for message in now:
        if message not in rest:
            break
        kept += 1
    known = set(before)
    return 0 < kept < len(before) and not any(message in known for message in now[kept:])
