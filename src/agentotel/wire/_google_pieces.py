"""Puts the pieces of streamed arguments into their places.

Source: ``PartialArg`` in ``google/genai/types.py`` of google-genai 3.4; paths as in RFC 9535, of names and indexes.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from agentotel.wire._google import get
from agentotel.wire.format import Body
from agentotel.wire.read import text

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_VALUES = ("stringValue", "numberValue", "boolValue")
_MOST = 1000


def put(arguments: Any, piece: Body) -> None:
    """Put one piece, ``{"jsonPath": "$.city", "stringValue": "Bos"}``, into arguments; a text goes on where one is."""
    steps = [int(index) if index else name or quoted or other for name, index, quoted, other in _steps(piece)]
    if not steps or any(isinstance(step, int) and step > _MOST for step in steps):
        return
    place = arguments
    for step, following in pairwise(steps):
        place = _inside(place, step, [] if isinstance(following, int) else {})
    value = next((found for key in _VALUES if (found := get(piece, key)) is not None), None)
    before = _inside(place, steps[-1], None)
    joined = before + value if isinstance(before, str) and isinstance(value, str) else value
    if _fits(place, steps[-1]):
        place[steps[-1]] = joined


def _steps(piece: Body) -> list[tuple[str, str, str, str]]:
    return _STEP.findall(text(get(piece, "jsonPath")) or "")


def _fits(place: Any, step: str | int) -> bool:
    return isinstance(place, list if isinstance(step, int) else dict)


def _inside(place: Any, step: str | int, new: Any) -> Any:
    """Find what is at one step of a path, and make it where nothing is."""
    if not _fits(place, step):
        return None
    if isinstance(step, str):
        return place.setdefault(step, new)
    place.extend([None] * (step + 1 - len(place)))
    if place[step] is None:
        place[step] = new
    return place[step]
