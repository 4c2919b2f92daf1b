from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator

import pytest

from agentotel._core import late


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    late.watch()
    late.waiting.clear()
    yield
    assert not late.waiting


class Ring:
    """Only the collector frees it."""

    def __init__(self, done: list[str]) -> None:
        self.ring = self
        self.done = done

    def __del__(self) -> None:
        late.run(self.done.append, "collected")
        self.done.append("deleted")


def test_what_a_collection_notices_waits() -> None:
    done: list[str] = []
    Ring(done)
    gc.collect()
    assert done == ["deleted"]
    late.settle()
    assert done == ["deleted", "collected"]


def test_everything_else_happens_now() -> None:
    done: list[str] = []
    late.run(done.append, "now")
    ring = Ring(done)
    ring.ring = None  # type: ignore[assignment]
    del ring
    assert done == ["now", "collected", "deleted"]


def test_a_collection_in_one_thread_holds_up_no_other() -> None:
    done: list[str] = []

    class Slow:
        def __init__(self) -> None:
            self.ring = self

        def __del__(self) -> None:
            other = threading.Thread(target=late.run, args=(done.append, "beside"))
            other.start()
            other.join()

    Slow()
    gc.collect()
    assert done == ["beside"]


def test_a_finalizer_that_settles_does_not() -> None:
    done: list[str] = []

    class Eager:
        def __init__(self) -> None:
            self.ring = self

        def __del__(self) -> None:
            late.run(done.append, "late")
            late.settle()
            done.append("deleted")

    Eager()
    gc.collect()
    assert done == ["deleted"]
    late.settle()
    assert done == ["deleted", "late"]


def test_watching_twice_is_watching_once() -> None:
    before = list(gc.callbacks)
    late.watch()
    assert gc.callbacks == before


def test_a_forked_child_leaves_the_work_to_its_parent() -> None:
    done: list[str] = []
    Ring(done)
    gc.collect()
    child = os.fork()
    if child == 0:
        os._exit(len(late.waiting))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    late.settle()
    assert done == ["deleted", "collected"]
