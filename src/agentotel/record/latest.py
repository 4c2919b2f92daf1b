"""What was there the last time, and what was made of it.

Most of what a call sends was sent by the call before it. It is recognised by comparing it with a copy of its containers
that shares their texts, in which a text that is the same object is not looked at: a fiftieth of the time that reading
it takes. A value that was changed in place differs from its copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from agentotel._core.canonical import Digest

T = TypeVar("T")

_NUMBERS: Final = (bool, int, float)


class _Exact:
    """A number in a copy: equal to one of its own type only, as ``true``, ``1`` and ``1.0`` differ in JSON."""

    __slots__ = ("_kind", "_value")

    def __init__(self, value: object) -> None:
        self._kind = value.__class__
        self._value = value

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self._kind and other == self._value


def _copied(value: object) -> object:
    """Copy the containers of a JSON value and share its texts; TypeError for any other value."""
    kind = value.__class__
    if kind is str or value is None:
        return value
    if kind is dict:
        members = value.items()  # type: ignore[attr-defined]  # a dict
        return {key: item if item.__class__ is str else _copied(item) for key, item in members}
    if kind is list:
        return [_copied(item) for item in value]  # type: ignore[attr-defined]  # a list
    if kind in _NUMBERS:
        return _Exact(value)
    raise TypeError(kind)


def _copies(values: Sequence[object]) -> list[object]:
    """Copy values up to the first that cannot be copied."""
    made: list[object] = []
    try:
        for value in values:
            made.append(_copied(value))  # noqa: PERF401 - what was made before an error stays
    except (TypeError, RecursionError):
        pass
    return made


def _same(value: object, copy: object) -> bool:
    try:
        return bool(value == copy)
    except Exception:  # noqa: BLE001 - what values of the application do when they are compared
        return False


class Latest:
    """The latest value of one kind, and the text that was made of it; at first those of ``before``."""

    __slots__ = ("_known",)

    def __init__(self, before: Latest | None = None) -> None:
        self._known: tuple[object, str] | None = None if before is None else before._known  # noqa: SLF001 - another one

    def of(self, value: object, make: Callable[[object], str]) -> str:
        """Give what ``make`` gives, without asking it again for the same value."""
        known = self._known
        if known is not None and _same(value, known[0]):
            return known[1]
        made = make(value)
        copies = _copies((value,))
        self._known = (copies[0], made) if copies else None
        return made


class Lines:
    """The lines of the latest text, which most often open the next one, and a hash that has taken them."""

    __slots__ = ("_digest", "_known", "_running")

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._known: tuple[str, ...] = ()
        self._running = digest.start()

    def hash(self, lines: tuple[str, ...]) -> str:
        """Give the hash of lines, put together by line feeds; only new ones are taken."""
        known, self._known = self._known, ()  # until it has taken them, whatever comes in between
        if known and lines[: len(known)] == known:
            fresh = ("", *lines[len(known) :])
        else:
            self._running = self._digest.start()
            fresh = lines
        self._running.update("\n".join(fresh).encode())
        self._known = lines
        return self._digest.shown(self._running)


class Opening(Generic[T]):
    """The messages of the latest context, which most often open the next one, and what was made of each.

    At first those of ``before``.
    """

    __slots__ = ("_known",)

    def __init__(self, before: Opening[T] | None = None) -> None:
        self._known: tuple[list[object], tuple[T, ...]] = [], ()
        if before is not None:
            self._known = before._known  # noqa: SLF001 - another one

    def of(self, messages: Sequence[object], make: Callable[[Sequence[object]], tuple[T, ...]]) -> tuple[T, ...]:
        """Give what ``make`` makes of each message, asking it only for those after the first that is another one."""
        kept, known = self._known
        if not _same(list(messages[: len(kept)]), kept):
            count = _shared(messages, kept)
            kept, known = kept[:count], known[:count]
        count = len(kept)
        if count == len(messages):
            found = known
        else:
            fresh = messages[count:]
            found = known + make(fresh)
            kept = kept + _copies(fresh)
        self._known = kept, found[: len(kept)]
        return found


def _shared(messages: Sequence[object], kept: Sequence[object]) -> int:
    """Count the messages that are as they were, up to the first that is not."""
    count = 0
    for message, copy in zip(messages, kept, strict=False):
        if not _same(message, copy):
            break
        count += 1
    return count


class Sent:
    """What the latest request of one run sent, and what was made of it; at first that of ``before``.

    A run most often goes on from what the one before has sent.
    """

    __slots__ = ("messages", "parameters", "tools")

    def __init__(self, before: Sent | None = None) -> None:
        self.messages: Opening[str] = Opening(None if before is None else before.messages)
        self.tools: Latest = Latest(None if before is None else before.tools)
        self.parameters: Latest = Latest(None if before is None else before.parameters)
