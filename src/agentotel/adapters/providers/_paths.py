"""Tables of request paths: which of them are operations, and what a path itself says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from agentotel.capture.spec import Call
from agentotel.wire.format import Body

Paths = Mapping[tuple[str, str], Call]
"""Operations by HTTP method and path. ``{name}`` in a path stands for a part of it, which the body has by that name."""

Found = tuple[Call, Body]
"""An operation, and what its path adds to the body."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_Route = tuple[str, re.Pattern[str], Call]


class Routes:
    """Finds operations in a table. ``parts`` gives the patterns of parts that are no whole segment."""

    __slots__ = ("_all", "_open", "_paths")

    def __init__(self, paths: Paths, parts: Mapping[str, str] = NOTHING) -> None:
        self._paths = paths
        self._all = tuple((verb, _pattern(path, parts), call) for (verb, path), call in paths.items())
        self._open = tuple(route for route in self._all if route[1].groups)

    def whole(self, method: str, path: str) -> Found | None:
        """Find the operation of a path that is in the table as it is."""
        call = self._paths.get((method, path))
        return None if call is None else (call, NOTHING)

    def find(self, method: str, path: str) -> Found | None:
        """Find the operation of a path; None where it is none."""
        return self.whole(method, path) or _first(
            (pattern.fullmatch(path), call) for verb, pattern, call in self._open if verb == method
        )

    def find_end(self, method: str, path: str) -> Found | None:
        """Find the operation of a path that may have another one before it."""
        return _first((pattern.search(path), call) for verb, pattern, call in self._all if verb == method)


def _first(tried: Iterable[tuple[re.Match[str] | None, Call]]) -> Found | None:
    for match, call in tried:
        if match is not None:
            return call, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def _pattern(path: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    """Write a path of a table as the pattern of an end of a path."""
    pieces = re.split(r"{(\w+)}", path)
    names = iter(pieces[1::2])
    told = (f"(?P<{name}>{parts.get(name, '[^/]+')})" for name in names)
    fixed = map(re.escape, pieces[::2])
    return re.compile("".join(piece + next(told, "") for piece in fixed) + r"\Z")
