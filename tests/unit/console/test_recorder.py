from __future__ import annotations

import contextvars
import io
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import agentotel
from agentotel.console import ConsoleRecorder
from agentotel.facts.call import Attempt, Failure
from agentotel.pricing import Prices
from agentotel.record import pipeline as pipelines
from agentotel.record.pipeline import Pipeline, activate
from agentotel.testing import capture, strict
from tests.fakes.calls import QUESTION, answer, calling

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
USAGE = {
    "prompt_tokens": 1204,
    "completion_tokens": 80,
    "prompt_tokens_details": {"cached_tokens": 1024},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
PRICES = {"gpt-5-mini": {"input": 0.25, "output": 2.0, "cache_read": 0.025}}
RETRIED = (
    Attempt(number=1, status=429, error_type="429"),
    Attempt(number=2, status=200, wait_s=0.25, reason="rate_limit"),
)


class Clock:
    """Stands still, but for what a test lets pass."""

    def __init__(self) -> None:
        self.now_ns = 0

    def pass_ms(self, milliseconds: int) -> None:
        self.now_ns += milliseconds * 1_000_000


clock = Clock()


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentotel.record.operation.time", SimpleNamespace(time_ns=lambda: clock.now_ns))


@pytest.fixture(autouse=True)
def _no_terminal_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


Printing = Callable[..., io.TextIOBase]


@pytest.fixture
def printing() -> Iterator[Printing]:
    """Print to a stream, and to nothing else."""
    before = pipelines.active()

    def begin(stream: io.TextIOBase | None = None, *, content: bool = False, **options: object) -> io.TextIOBase:
        stream = io.StringIO() if stream is None else stream
        recorder = ConsoleRecorder(stream, **options)  # type: ignore[arg-type]
        activate(Pipeline(recorders=(recorder,), pricing=Prices(PRICES), content_on_spans=content))
        return stream

    with strict():
        yield begin
    activate(before)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@agentotel.tool(version="2.1")
def lookup_order(order_id: str) -> dict[str, str]:
    clock.pass_ms(40)
    return {"order_id": order_id}


@agentotel.tool
def refund_to_card(order_id: str) -> None:
    agentotel.guardrail("refund-limit", verdict="pass")
    raise TimeoutError(order_id)


@agentotel.tool(fallback_for="refund_to_card", cost=0.002)
def refund_by_voucher(order_id: str) -> None:
    agentotel.state("refund", version=1, value={"order_id": order_id})


@agentotel.tool
def transfer() -> None:
    agentotel.handoff("refunds")
    with agentotel.agent("refunds", version="4"):
        with pytest.raises(TimeoutError):
            refund_to_card("A-1")
        refund_by_voucher("A-1")


def refund_desk() -> None:
    with agentotel.session("s-1", user="u-17", feature="refunds") as session:
        with agentotel.turn(input="Where is my order?") as turn:
            with agentotel.agent("triage", version="7"):
                with agentotel.step("planning"), calling(answered=answer(**USAGE), attempts=RETRIED):
                    clock.pass_ms(1300)
                lookup_order("A-1")
                transfer()
            turn.output("It arrives on Monday.")
        agentotel.feedback("thumbs up", by="customer")
        session.end()


PICTURE = """\
session refunds  user u-17 · s-1
├─ turn 1
│  ├─ agent triage  version 7
│  │  ├─ step planning
│  │  │  ├─ ● gpt-5-mini  1,024 cached · 64 reasoning       1,204 in     80 out    $0.0002     1.3 s
│  │  │  │    retried 1x (429, waited 0.2 s)
│  │  │  └─ done                                                                               1.3 s
│  │  ├─ ■ lookup_order                                                                        40 ms
│  │  ├─ tool transfer
│  │  │  ├─ ◆ handoff triage → refunds
│  │  │  ├─ agent refunds  version 4
│  │  │  │  ├─ □ refund_to_card  TimeoutError                                                  <1 ms
│  │  │  │  │    ◆ guardrail refund-limit: pass
│  │  │  │  ├─ ◆ fallback refund_to_card → refund_by_voucher
│  │  │  │  ├─ ■ refund_by_voucher  instead of refund_to_card                      $0.0020     <1 ms
│  │  │  │  │    ◆ state refund  version 1
│  │  │  │  └─ completed  2 tools · 1 error                                        $0.0020     <1 ms
│  │  │  └─ ■ completed                                                                        <1 ms
│  │  └─ completed  1 call · 4 tools · 1 retry · 1 error    1,204 in     80 out    $0.0022     1.3 s
│  └─ completed  1 call · 4 tools · 1 retry · 1 error       1,204 in     80 out    $0.0022     1.3 s
├─ ◆ feedback thumbs up  by customer
└─ completed  1 call · 4 tools · 1 retry · 1 error          1,204 in     80 out    $0.0022     1.3 s
"""


def test_a_session_is_a_tree(printing: Printing) -> None:
    stream = printing()
    refund_desk()
    assert stream.getvalue() == PICTURE
    assert max(map(len, PICTURE.splitlines())) <= 100


def test_init_prints_it_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with capture(console=True, prices=PRICES):
        refund_desk()
    printed = capsys.readouterr()
    assert printed.err == PICTURE
    assert printed.out == ""


def test_colours_are_for_terminals(printing: Printing, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = printing(Terminal())
    refund_desk()
    assert "\x1b[32m● \x1b[0m" in coloured.getvalue()
    assert "\x1b[31m□ \x1b[0m" in coloured.getvalue()
    assert "\x1b[33mretried 1x (429, waited 0.2 s)\x1b[0m" in coloured.getvalue()
    assert ESCAPES.sub("", coloured.getvalue()) == PICTURE
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printing(Terminal())
    refund_desk()
    assert plain.getvalue() == PICTURE


def test_ascii_takes_the_place_of_boxes_that_cannot_be_printed(printing: Printing) -> None:
    raw = io.BytesIO()
    printing(io.TextIOWrapper(raw, encoding="ascii"))
    with agentotel.session("s-1"), agentotel.turn():
        with pytest.raises(TimeoutError):
            refund_to_card("Ä-1")
        agentotel.handoff("Zürich")
    assert raw.getvalue().decode("ascii").splitlines() == [
        "session  s-1",
        "|- turn 1",
        "|  |- x refund_to_card  TimeoutError" + 59 * " " + "<1 ms",
        "|  |    > guardrail refund-limit: pass",
        "|  |- > handoff -> Z\\xfcrich",
        "|  `- completed  1 tool, 1 error" + 63 * " " + "<1 ms",
        "`- completed  1 tool, 1 error" + 66 * " " + "<1 ms",
    ]


# -- what is not known


def test_what_is_not_known_is_never_zero(printing: Printing) -> None:
    stream = printing()
    with agentotel.turn():
        with calling({**QUESTION, "model": "llama-at-home"}, answer()):
            pass
        with calling(failure=Failure(type="openai.APIConnectionError", message="SECRET")):
            pass
    assert [line.rstrip() for line in stream.getvalue().splitlines()] == [
        "turn",
        "├─ ● llama-at-home                                              - in      - out     cost ?     <1 ms",
        "├─ ○ gpt-5-mini  APIConnectionError                             - in      - out     cost ?     <1 ms",
        "└─ completed  2 calls · 1 error                                 - in      - out     cost ?     <1 ms",
    ]


def test_a_part_without_calls_has_no_figures(printing: Printing) -> None:
    stream = printing()
    with agentotel.turn():
        pass
    assert stream.getvalue().splitlines() == ["turn", "└─ completed" + 83 * " " + "<1 ms"]


def test_a_call_outside_everything_is_one_line(printing: Printing) -> None:
    stream = printing()
    with calling(answered=answer(prompt_tokens=10, completion_tokens=5)):
        pass
    (line,) = stream.getvalue().splitlines()
    assert line.split() == ["●", "gpt-5-mini", "10", "in", "5", "out", "$0.00001", "<1", "ms"]


# -- content


def test_content_is_printed_nowhere(printing: Printing) -> None:
    stream = printing()
    with agentotel.session("s-1"), agentotel.turn(input="CANARY") as turn:
        with calling({**QUESTION, "messages": [{"role": "user", "content": "CANARY"}]}, answer("CANARY")):
            pass
        lookup_order("CANARY")
        agentotel.state("order", value="CANARY")
        agentotel.feedback("good", comment="CANARY")
        agentotel.event("note", text="CANARY")
        turn.output("CANARY")
    assert "CANARY" not in stream.getvalue()


def test_a_turn_shows_what_was_said_where_content_is_captured(printing: Printing) -> None:
    stream = printing(content=True)
    with agentotel.turn(input="Where is it?\nPlease " + "x" * 100) as turn:
        lookup_order("A-1")
        turn.output("On its way.")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "turn  “Where is it? Please " + "x" * 60 + "…”"
    assert lines[2] == "├─ answer  “On its way.”"


def test_what_a_terminal_would_obey_is_not_printed(printing: Printing) -> None:
    stream = printing()
    with agentotel.session("s\x1b[2J-1"), agentotel.agent("tri\nage"):
        agentotel.decision("\x1b]0;title\x07")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert len(text.splitlines()) == 5


# -- branches side by side


def test_lines_stand_under_their_real_parent(printing: Printing) -> None:
    stream = printing()
    with agentotel.turn():
        left, right = contextvars.copy_context(), contextvars.copy_context()
        one, two = agentotel.agent("search"), agentotel.agent("search")
        left.run(one.__enter__)
        right.run(two.__enter__)
        left.run(lookup_order, "A-1")
        left.run(lookup_order, "A-2")
        right.run(lookup_order, "A-3")
        left.run(one.__exit__, None, None, None)
        right.run(two.__exit__, None, None, None)
    assert [line[:32].rstrip() for line in stream.getvalue().splitlines()] == [
        "turn",
        "├─ agent search",
        "├─ agent search #2",
        "├┄ agent search",
        "│  ├─ ■ lookup_order",
        "│  ├─ ■ lookup_order",
        "├┄ agent search #2",
        "│  ├─ ■ lookup_order",
        "├┄ agent search",
        "│  └─ completed  2 tools",
        "├┄ agent search #2",
        "│  └─ completed  1 tool",
        "└─ completed  3 tools",
    ]


def test_the_way_to_another_session_is_one_line(printing: Printing) -> None:
    stream = printing()
    left, right = contextvars.copy_context(), contextvars.copy_context()
    blocks = [(side, block) for side in (left, right) for block in (agentotel.session(feature="a"), agentotel.turn())]
    for side, block in blocks:
        side.run(block.__enter__)
    left.run(lookup_order, "A-1")
    for side, block in reversed(blocks):
        side.run(block.__exit__, None, None, None)
    lines = [re.sub(r"[0-9a-f]{32}", "<id>", line)[:36].rstrip() for line in stream.getvalue().splitlines()]
    assert lines == [
        "session a  <id>",
        "├─ turn 1",
        "session a  <id>",
        "├─ turn 1",
        "├┄ session a → turn 1",
        "│  ├─ ■ lookup_order",
        "├┄ session a → turn 1",
        "│  └─ completed",
        "└─ completed",
        "├┄ session a → turn 1",
        "│  └─ completed  1 tool",
        "└─ completed  1 tool",
    ]


def test_a_child_may_end_after_its_parent(printing: Printing) -> None:
    stream = printing()
    with agentotel.turn():
        aside = contextvars.copy_context()
        with agentotel.agent("triage"):
            inner = contextvars.copy_context()
            late = agentotel.tool_call("audit")
            inner.run(late.__enter__)
        inner.run(late.__exit__, None, None, None)
    aside.run(lookup_order, "A-1")
    assert [line[:32].rstrip() for line in stream.getvalue().splitlines()] == [
        "turn",
        "├─ agent triage",
        "│  └─ completed",
        "├┄ agent triage",
        "│  ├─ ■ audit",
        "└─ completed  1 tool",
        "■ lookup_order",
    ]


def test_many_threads_print_whole_lines(printing: Printing) -> None:
    stream = printing()
    with agentotel.turn():
        around = [contextvars.copy_context() for _ in range(200)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: one.run(lookup_order, "A-1"), around))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 202
    assert {line.partition("  ")[0] for line in lines[1:-1]} == {"├─ ■ lookup_order"}


def test_nothing_is_kept_of_what_has_ended(printing: Printing) -> None:
    printing()
    (recorder,) = pipelines.active().recorders
    refund_desk()
    assert isinstance(recorder, ConsoleRecorder)
    assert recorder._nodes == {}
    assert recorder._at is None


# -- it cannot hurt the host


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("make", [Gone, io.StringIO])
def test_a_stream_that_is_gone_is_tolerated(printing: Printing, make: type[io.StringIO]) -> None:
    stream = printing(make())
    if not isinstance(stream, Gone):
        stream.close()
    refund_desk()


def test_it_takes_each_line_in_one_write(printing: Printing) -> None:
    writes: list[str] = []

    class Counting(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return super().write(text)

    printing(Counting())
    refund_desk()
    assert all(text.endswith("\n") for text in writes)
    assert "".join(writes) == PICTURE


def test_a_lock_that_is_never_given_back_stops_nobody(printing: Printing, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = printing()
    (recorder,) = pipelines.active().recorders
    assert isinstance(recorder, ConsoleRecorder)
    monkeypatch.setattr("agentotel.console.recorder._LOCK_WAIT_S", 0.001)
    taken = threading.Thread(target=recorder._lock.acquire)
    taken.start()
    taken.join()
    assert lookup_order("A-1") == {"order_id": "A-1"}
    assert stream.getvalue() == ""


def test_a_narrow_terminal_gets_narrow_lines(printing: Printing) -> None:
    stream = printing(width=72)
    with agentotel.turn(), calling(answered=answer(**USAGE), attempts=RETRIED):
        pass
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 72
    assert lines[2] == "│    1,024 cached · 64 reasoning · retried 1x (429, waited 0.2 s)"
