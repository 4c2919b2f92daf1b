"""A fault in what any site guards leaves the application what it had, and is counted and told once.

Sites are enumerated after importing the whole package: one that neither scenario reaches fails its test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from agentotel._core import guard
from tests.conventions.provider import Provider
from tests.conventions.recorded import recorded
from tests.faults.injected import aside, at_site, import_everything
from tests.faults.scenario import Application, recording

import_everything()
SITES = guard.sites()
PROCESS = (*(name for name in SITES if name.startswith(("export.", "runtime."))), "capture.patch")
"""Sites of set-up and shut-down: reached by a process of their own."""

FOLD = "capture.fold"
"""Not called as a site, because a call for every chunk of a stream costs more than reading it: see below."""

LATE = {"api.leave", "capture.leave"}
"""Their one job is to give the context back: faults come after it, since nothing could undo what it did not do."""

SETTINGS = {"console": True, "content": "SPAN_AND_EVENT", "events": "both"}
CARRYING = {
    "api.close",
    "api.leave",
    "api.open",
    "capture.answer",
    "capture.body",
    "capture.body_end",
    "capture.broker",
    "capture.brokered",
    "capture.end",
    "capture.fail",
    "capture.join",
    "capture.open",
    "capture.socket_end",
    "record.finish",
    "record.joint",
    "record.stamp",
    "record.start",
}
"""Sites without which a span may not begin or not end, or not be one with that of somebody else."""


@pytest.fixture(scope="module")
def whole(application: Application, expected: list[Any]) -> int:
    """How many spans a run without a fault makes."""
    with recording(application, **SETTINGS) as made:
        assert application.run() == expected
    return len(made.spans)


@pytest.fixture(scope="module")
def alone(application: Application, expected: list[Any]) -> int:
    """How many of them it makes where nobody else traces."""
    with recorded(**SETTINGS) as made:
        assert application.run() == expected
    assert made.problems() == []
    return len(made.spans)


@pytest.mark.parametrize("site", [name for name in SITES if name not in {*PROCESS, FOLD}])
def test_site(
    site: str,
    application: Application,
    expected: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    whole: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", logger="agentotel")
    with recording(application, strict=False, **SETTINGS) as made:
        with at_site(site, monkeypatch, late=site in LATE) as raised:
            log, clean = aside(application.run)
            _collect(made)
        assert log == expected
        assert clean
        assert raised.times > 0, "no scenario reaches it"
        assert guard.counts() == {site: raised.times}
        assert made.point("agentotel.internal_errors", site=site) == raised.times
        told = [record for record in caplog.records if "internal error" in record.getMessage()]
        assert len(told) == 1
        assert len(made.spans) == whole or site in CARRYING
        assert application.run() == expected
        assert guard.counts() == {site: raised.times}


def _collect(made: Any) -> None:
    """Read the metrics and start a span of another library: two hooks that no call of the application reaches."""
    assert made.data
    made.tracer.get_tracer("another library").start_span("other")


def test_a_fault_in_reading_chunks_is_counted_once_a_stream(
    application: Application, expected: list[Any], alone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentotel.wire._anthropic_fold import MessageFold
    from agentotel.wire._openai_chat_fold import ChatFold

    raised = []

    def fail(_fold: object, _chunk: object) -> None:
        raised.append(1)
        raise LookupError

    for fold in (ChatFold, MessageFold):
        monkeypatch.setattr(fold, "add", fail)
    with recorded(strict=False, **SETTINGS) as made:
        log, clean = aside(application.run)
    assert log == expected
    assert clean
    assert guard.counts() == {FOLD: len(raised)}
    assert len(raised) == 10
    assert len(made.spans) == alone
    assert made.problems() == []
    streamed = [span for span in made.spans if (span.attributes or {}).get("gen_ai.request.stream")]
    assert {span.attributes["agentotel.outcome"] for span in streamed} == {"completed", "abandoned", "truncated"}
    assert not [span for span in streamed if "agentotel.usage.source" in span.attributes]


@pytest.mark.parametrize("site", PROCESS)
def test_site_of_the_process(site: str) -> None:
    with Provider() as server:
        command = [sys.executable, "-m", "tests.faults.process"]
        bare, faulty = (
            subprocess.run([*command, server.url, name], capture_output=True, text=True, timeout=60, check=False)
            for name in ("", site)
        )
    assert (bare.returncode, faulty.returncode) == (0, 0), faulty.stderr
    (said, _), (said_faulty, counted) = (json.loads(one.stdout) for one in (bare, faulty))
    assert said_faulty == said
    assert set(counted) == {site}, "no scenario reaches it"
    raised, count = counted[site]
    assert count == raised > 0
    assert faulty.stderr.count("internal error") == 1
