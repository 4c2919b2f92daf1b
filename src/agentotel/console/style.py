"""How a line looks: glyphs, colours, and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 100
_GAP: Final = "  "

PLAIN: Final = ""
STRONG: Final = "1"
FAINT: Final = "2"
GOOD: Final = "32"
BAD: Final = "31"
WARN: Final = "33"
"""Tones: the parameters of an ANSI escape sequence."""

Segment = tuple[str, str]
"""A text and its tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The signs of the tree; ``marks`` by kind of line, for what went well and what failed."""

    branch: str
    again: str
    last: str
    trunk: str
    marks: Mapping[str, tuple[str, str]]
    arrow: str
    dot: str
    more: str
    quotes: tuple[str, str]

    @property
    def all(self) -> str:
        """Every sign, to try an encoding on."""
        marks = "".join(sign for pair in self.marks.values() for sign in pair)
        return f"{self.branch}{self.again}{self.last}{self.trunk}{marks}{self.arrow}{self.dot}{self.more}"


BOXES: Final = Glyphs(
    branch="├─ ",
    again="├┄ ",
    last="└─ ",
    trunk="│  ",
    marks={"model": ("●", "○"), "tool": ("■", "□"), "event": ("◆", "◇")},
    arrow="→",
    dot=" · ",
    more="…",
    quotes=("“", "”"),
)
ASCII: Final = Glyphs(
    branch="|- ",
    again="|~ ",
    last="`- ",
    trunk="|  ",
    marks={"model": ("*", "x"), "tool": ("#", "x"), "event": (">", "!")},
    arrow="->",
    dot=", ",
    more="...",
    quotes=('"', '"'),
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """Choose the signs that an encoding can take; a stream without one takes any text."""
    try:
        BOXES.all.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BOXES


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the tree before it is laid out.

    ``mark`` is a kind of ``Glyphs.marks``, hollow where ``failed``. ``notes`` follow the name as far as they fit;
    the others come on a row of their own. ``tokens`` (in and out), ``cost`` and ``time`` stand in columns.
    """

    mark: str | None = None
    failed: bool = False
    word: str = ""
    name: str = ""
    tone: str = STRONG
    notes: Sequence[Segment] = ()
    tokens: tuple[str, str] | None = None
    cost: str = ""
    time: str = ""

    @property
    def label(self) -> str:
        """What the line is about: ``agent triage``."""
        return " ".join(filter(None, (self.word, self.name)))


def lay_out(line: Line, first: str, rest: str, glyphs: Glyphs, *, width: int = WIDTH) -> list[list[Segment]]:
    """Make the rows of a line; ``first`` and ``rest`` are the guides of its first row and of the second."""
    head = [(first, FAINT), *_head(line, glyphs)]
    right = _right(line)
    room = width - _length(head) - _length(right)
    fitting = 0
    while fitting < len(line.notes) and _length(_joined(line.notes[: fitting + 1], glyphs)) <= room:
        fitting += 1
    shown = _joined(line.notes[:fitting], glyphs)
    space = [(" " * max(room - _length(shown), 0), PLAIN)] if right else []
    rows = [[*head, *shown, *space, *right]]
    if fitting < len(line.notes):
        lead = rest if line.mark else rest[:-1]
        rows.append([(lead, FAINT), *_joined(line.notes[fitting:], glyphs)])
    return rows


def paint(row: Iterable[Segment], *, colour: bool) -> str:
    """Write a row as text, with ANSI codes where ``colour`` is on."""
    if not colour:
        return "".join(text for text, _ in row).rstrip()
    return "".join(f"\x1b[{tone}m{text}\x1b[0m" if tone and text.strip() else text for text, tone in row).rstrip()


def _head(line: Line, glyphs: Glyphs) -> list[Segment]:
    head: list[Segment] = []
    if line.mark is not None:
        head.append((glyphs.marks[line.mark][line.failed] + " ", BAD if line.failed else GOOD))
    if line.word:
        head.append((line.word, PLAIN))
    if line.name:
        head.append((" " + line.name if line.word else line.name, line.tone))
    return head


def _joined(notes: Sequence[Segment], glyphs: Glyphs) -> list[Segment]:
    joined: list[Segment] = []
    for note in notes:
        joined += [(glyphs.dot if joined else _GAP, FAINT), note]
    return joined


def _right(line: Line) -> list[Segment]:
    """Put the figures into their columns; nothing where the line has none."""
    if not (line.tokens or line.cost or line.time):
        return []
    cells: list[Segment] = [(_GAP, PLAIN)]
    if line.tokens is not None:
        given, made = line.tokens
        cells += [(f"{given:>7}", PLAIN), (" in ", FAINT), (f"{made:>6}", PLAIN), (" out", FAINT)]
    return [*cells, (_GAP + f"{line.cost:>9}", PLAIN), (_GAP + f"{line.time:>8}", FAINT)]


def _length(row: Iterable[Segment]) -> int:
    return sum(len(text) for text, _ in row)
