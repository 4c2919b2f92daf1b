"""What is still open when nothing more will be recorded: it ends there, and is sent with the rest.

These are streams that are half read, blocks of generators that nobody goes on with, calls of daemon threads. Every
call would pay for a list of them, so they are looked for among all objects, which takes less than the collection of
garbage that ends the interpreter.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any, Final

from agentotel._core import guard
from agentotel.api import parts, session
from agentotel.api.calls import Tool
from agentotel.capture.streams import StreamEnd
from agentotel.facts.stop import Outcome
from agentotel.record.operation import Operation

_end = guard.site("capture.end")

_BLOCKS: Final = frozenset({session.Session, parts.Turn, parts.Run, parts.Step, Tool})
_KINDS: Final = frozenset({Operation, StreamEnd, *_BLOCKS})

_Ending = tuple[tuple[int, bool], Callable[[], object]]
"""What orders the endings, and one of them."""


def end() -> None:
    """End what is open, the innermost first: streams are abandoned, everything else is cancelled."""
    found = [one for one in gc.get_objects() if type(one) in _KINDS]
    endings = [ending for one in found if (ending := _end(_ending, one)) is not None]
    for _order, last in sorted(endings, key=itemgetter(0), reverse=True):
        _end(last)


def _ending(one: Any) -> _Ending | None:
    """Tell how to end what is open: an operation after the stream or the block that it is of."""
    kind = type(one)
    if kind is Operation:
        return _ordered(one, owned=False, ending=partial(one.finish, Outcome.CANCELLED))
    if kind is StreamEnd:
        return _ordered(one.operation, owned=True, ending=one.left)
    close = partial(one._close, SystemExit())  # noqa: SLF001 - as if the exit had come there
    return _ordered(one._operation, owned=True, ending=close)  # noqa: SLF001


def _ordered(operation: Operation, *, owned: bool, ending: Callable[[], object]) -> _Ending | None:
    started_at_ns = operation.started_at_ns
    return ((started_at_ns, owned), ending) if operation.open and started_at_ns else None
