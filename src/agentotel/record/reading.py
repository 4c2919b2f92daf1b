"""What the model reads, compared with what it read before, at the price of what is new.

What is at the same place as in the last context of the run is found by comparing it with a copy (``latest``). A message
that is not found so is found by its frozen form: a tuple of its fields, whose texts keep their own hash. Nothing relies
on the identity of mutable objects, so a message changed in place is seen as changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NamedTuple

from agentotel._core.canonical import Digest, canonical_json
from agentotel._core.locks import make_lock
from agentotel.facts.call import Context
from agentotel.record.latest import Lines, Sent

_SPARE: Final = 64
_TEXTS: Final = {str}
_MOST_CONTEXTS: Final = 8


class ContextFacts(NamedTuple):
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


class Hashes:
    """Hashes of messages and system texts, made once for each content; shared by the runs of a session.

    Two generations bound it: what is in use moves on to the next one, and a generation never holds much more
    than twice the latest context. ``sent`` is what was sent last in any of the runs.
    """

    __slots__ = ("_lock", "_now", "_old", "digest", "sent")

    def __init__(self, digest: Digest) -> None:
        self.digest = digest
        self.sent: Sent | None = None
        self._now: dict[Hashable, str] = {}
        self._old: dict[Hashable, str] = {}
        self._lock = make_lock()

    def of(self, values: Sequence[object]) -> tuple[str, ...]:
        """Give the hash of each value."""
        found = []
        with self._lock:
            now = self._now
            for value in values:
                if value.__class__ is dict and set(map(type, value.values())) == _TEXTS:
                    key: Hashable = tuple(value.items())  # as _frozen does, inlined
                else:
                    try:
                        key = _frozen(value)
                    except (TypeError, RecursionError):
                        found.append(self.hash(value))
                        continue
                found.append(now.get(key) or self._new(key, value))
            if len(self._now) > 2 * len(values) + _SPARE:
                self._old, self._now = now, {}
        return tuple(found)

    def hash(self, value: object) -> str:
        """Make the hash of a value."""
        return self.digest(canonical_json(value))

    def _new(self, key: Hashable, value: object) -> str:
        """Take a hash over from the generation before, else make it."""
        known = self._now[key] = self._old.get(key) or self.hash(value)
        return known


_ORDERED: Final = (list, tuple)
_SCALARS: Final = (str, int, float, bytes, type(None))


def _frozen(value: object) -> Hashable:
    """Give a hashable form of a JSON value that differs where the JSON does; TypeError for any other value."""
    kind = value.__class__
    if kind is str:
        return value
    if kind is dict or isinstance(value, Mapping):
        fields = value.items()  # type: ignore[attr-defined]  # a mapping
        return tuple([(key, item if item.__class__ is str else _frozen(item)) for key, item in fields])
    if isinstance(value, _ORDERED):
        return (list, *[_frozen(item) for item in value])
    if isinstance(value, _SCALARS):
        return value.__class__, value
    raise TypeError(value.__class__)


class _Seen(NamedTuple):
    system: str | None
    tools: str | None
    parameters: str
    messages: tuple[str, ...]


class Reading:
    """The contexts that the model calls of one run have read."""

    __slots__ = ("_contexts", "_latest", "_lines", "_lock", "_sent", "hashes")

    def __init__(self, hashes: Hashes) -> None:
        self.hashes = hashes
        self._contexts: deque[_Seen] = deque(maxlen=_MOST_CONTEXTS)
        self._latest: tuple[_Seen, str] | None = None
        self._sent = Sent(hashes.sent)
        self._lines = Lines(hashes.digest)
        self._lock = make_lock()

    def read(self, context: Context, parameters: object = None) -> ContextFacts:
        """Take up one context and tell what changed against the closest earlier one."""
        hashes, sent = self.hashes, self._sent
        hashes.sent = sent
        with self._lock:
            system = hashes.of((context.system,))[0] if context.system else None
            tools = sent.tools.of(context.tools, hashes.hash) if context.tools else None
            written = sent.parameters.of(parameters, canonical_json)
            messages = sent.messages.of(context.messages, hashes.of)
            seen = system, tools, written, messages
            if self._latest is None or seen != self._latest[0]:
                return self._changed(_Seen(*seen), context.messages)
            hash_ = self._latest[1]
        return ContextFacts(hash_, system, tools, len(messages), 0, "appended", ())

    def _changed(self, seen: _Seen, messages: Sequence[object]) -> ContextFacts:
        """Compare a context that is not the latest one again."""
        system, tools, parameters, hashes = seen
        hash_ = self._lines.hash((system or "", tools or "", parameters, *hashes))
        closest, shared = self._closest(hashes)
        self._contexts.append(seen)
        self._latest = seen, hash_
        count = len(hashes)
        change = None if closest is None else _change(closest, seen, shared)
        return ContextFacts(hash_, system, tools, count, count - shared, change, messages[shared:])

    def _closest(self, messages: tuple[str, ...]) -> tuple[_Seen | None, int]:
        best: _Seen | None = None
        most = 0
        for seen in reversed(self._contexts):
            if best is not None and len(seen.messages) <= most:
                continue
            shared = _shared_prefix(seen.messages, messages)
            if best is None or shared > most:
                best, most = seen, shared
            if most == len(messages):
                break
        return best, most


def _shared_prefix(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    most = min(len(left), len(right))
    if left[:most] == right[:most]:
        return most
    return next(place for place in range(most) if left[place] != right[place])


def _change(before: _Seen, now: _Seen, shared: int) -> str:
    if now.system != before.system:
        return "system_changed"
    if now.tools != before.tools:
        return "tools_changed"
    if shared == len(before.messages):
        return "appended"
    return "truncated" if _dropped(before.messages, now.messages) else "rewritten"


def _dropped(before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Tell whether ``now`` is ``before`` with messages left out; new ones may follow after its last one."""
    last = -1
    kept = 0
    for message in now:
        try:
            last = before.index(message, last + 1)
        except ValueError:
            return kept > 0 and last == len(before) - 1
        kept += 1
    return 0 < kept < len(before)
