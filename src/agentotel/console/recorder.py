"""The recorder of the console: operations as lines of a tree that grows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TextIO

from agentotel._core.locks import make_lock
from agentotel.console import lines
from agentotel.console.events import event_line
from agentotel.console.style import FAINT, WIDTH, Line, glyphs_for, lay_out, paint
from agentotel.facts.call import Attempt
from agentotel.record.operation import Event, Operation
from agentotel.record.unit import Unit

MOST_OPEN: Final = 10_000
_LOCK_WAIT_S: Final = 1.0


class Node:
    """An operation on the screen. It is ``shown`` once the line is printed under which its children appear."""

    __slots__ = ("begin", "children", "depth", "label", "parent", "shown", "waiting")

    def __init__(self, parent: Node | None, label: str, begin: Line) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.label = label
        self.begin = begin
        self.shown = False
        self.waiting: list[Line] = []
        self.children: set[str] = set()

    def line_of_descent(self) -> Iterator[Node]:
        """Give this node, its parent, and so on."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


class ConsoleRecorder:
    """Prints sessions while they run: a line when a session, turn or agent begins, and one when anything ends.

    Every line stands under its real parent. Where branches run side by side, a line that goes on with another
    branch than the last one is led by the name of that branch.

    Args:
        stream: Where to print; stderr by default.
        colour: Print in colour; by default on a terminal, unless ``NO_COLOR`` is set.
        width: Columns; by default those of the terminal, 100 at most.
    """

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None, width: int | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        terminal = _is_terminal(self._stream)
        self._colour = terminal and not os.environ.get("NO_COLOR") if colour is None else colour
        self._width = width or (_columns(self._stream) if terminal else WIDTH)
        self._glyphs = glyphs_for(getattr(self._stream, "encoding", None))
        self._lock = make_lock()
        self._nodes: dict[int, Node] = {}
        self._at: Node | None = None
        self._rows: list[str] = []

    def start(self, operation: Operation) -> None:
        """Print the beginning of a session, turn or agent."""
        if not self._enter():
            return
        try:
            node = self._node(operation)
            facts = operation.facts
            if isinstance(facts, Unit) and facts.kind in lines.EAGER:
                self._show(node)
        finally:
            self._leave()

    def attempt(self, operation: Operation, attempt: Attempt) -> None:
        """Do nothing: the line of the call tells of its attempts."""

    def event(self, operation: Operation, event: Event) -> None:
        """Print an event; one of a call whose line is still to come waits for it."""
        if not self._enter():
            return
        try:
            node = self._nodes.get(id(operation))
            if node is not None:
                line = event_line(event, self._glyphs)
                if node.shown:
                    self._print(node, line)
                else:
                    node.waiting.append(line)
        finally:
            self._leave()

    def finish(self, operation: Operation) -> None:
        """Print what ended."""
        if not self._enter():
            return
        try:
            node = self._nodes.pop(id(operation), None)
            if node is not None:
                self._end(node, operation)
        finally:
            self._leave()

    # -- the tree

    def _node(self, operation: Operation) -> Node:
        parent = self._parent(operation)
        begin = lines.begin(operation, self._glyphs)
        label = begin.label
        if parent is not None:
            label = _free(label, parent.children)
            parent.children.add(label)
            begin = replace(begin, name=begin.name + label.removeprefix(begin.label))
        node = self._nodes[id(operation)] = Node(parent, label, begin)
        if len(self._nodes) > MOST_OPEN:
            del self._nodes[next(iter(self._nodes))]
        return node

    def _parent(self, operation: Operation) -> Node | None:
        """Find the nearest operation around this one that has not ended."""
        around = operation.identity.operation
        while around is not None:
            node = self._nodes.get(id(around))
            if node is not None:
                return node
            around = around.identity.operation
        return None

    def _end(self, node: Node, operation: Operation) -> None:
        if node.parent is not None:
            node.parent.children.discard(node.label)
        if not node.shown:
            self._print(node.parent, lines.alone(operation))
            for line in node.waiting:
                self._print(node.parent, line, below=True)
            return
        answer = lines.answer(operation, self._glyphs)
        if answer is not None:
            self._print(node, answer)
        self._print(node, lines.end(operation), last=True)
        self._at = node.parent

    def _show(self, node: Node) -> None:
        """Print the line under which the children of ``node`` appear, once, and those of its parents first."""
        if node.shown:
            return
        self._print(node.parent, node.begin)
        node.shown = True
        self._at = node
        for line in node.waiting:
            self._print(node, line)

    def _go(self, node: Node) -> None:
        """Make the next line one of ``node``'s; say whose it is where the last one was of another branch."""
        self._show(node)
        open_here = [] if self._at is None else list(self._at.line_of_descent())
        if node not in open_here:
            path = [one.label for one in node.line_of_descent() if one not in open_here]
            lead = self._glyphs.trunk * (node.depth - 1) + self._glyphs.again if node.depth else ""
            names = f" {self._glyphs.arrow} ".join(reversed(path))
            self._rows.append(paint([(lead, FAINT), (names, FAINT)], colour=self._colour))
        self._at = node

    def _print(self, parent: Node | None, line: Line, *, last: bool = False, below: bool = False) -> None:
        glyphs = self._glyphs
        first = rest = ""
        if parent is not None:
            self._go(parent)
            trunk = glyphs.trunk * parent.depth
            first = trunk + (glyphs.last if last else glyphs.branch)
            rest = trunk + (" " * len(glyphs.trunk) if last else glyphs.trunk)
        if below:
            first = rest = rest + "  "
        for row in lay_out(line, first, rest, glyphs, width=self._width):
            self._rows.append(paint(row, colour=self._colour))

    # -- the stream

    def _enter(self) -> bool:
        """Take the lock, but never wait for it without limit: whoever holds it may wait for a slow terminal."""
        return self._lock.acquire(timeout=_LOCK_WAIT_S)

    def _leave(self) -> None:
        """Write what was printed in one piece, and give the lock back."""
        try:
            rows, self._rows = self._rows, []
            if rows:
                _write(self._stream, "\n".join(rows) + "\n")
        finally:
            self._lock.release()


def _free(name: str, taken: set[str]) -> str:
    """Number a name that another open branch has: ``agent search #2``."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} #{number}"
    return free


def _write(stream: TextIO, text: str) -> None:
    """Write and flush; a stream that is closed, or whose reader is gone, is nobody's error."""
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError as error:
            stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        stream.flush()
    except (OSError, ValueError):
        return


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, OSError, ValueError):
        return False


def _columns(stream: TextIO) -> int:
    try:
        return min(os.get_terminal_size(stream.fileno()).columns or WIDTH, WIDTH)
    except (OSError, ValueError):
        return WIDTH
