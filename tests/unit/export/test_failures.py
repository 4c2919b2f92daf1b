"""Failures are told at once, then rarely, and the end gets one line."""

from __future__ import annotations

import pytest

from agentotel.export.failures import Failures, items_text
from agentotel.export.heard import Heard

URL = "http://u:secret@h:4318/v1/traces?key=secret"


def _heard(code: str | None = None, reason: str = "Connection refused", *, unreachable: bool = True) -> Heard:
    return Heard(lambda _: None, code=code, reason=reason, unreachable=unreachable)


def test_first_failure_at_once_then_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    failures = Failures(clock=lambda: now[0])
    failures.lost("traces", 3, URL, _heard())
    for _ in range(5):
        now[0] += 10
        failures.lost("traces", 2, URL, _heard())
    failures.lost("metrics", 1, URL, _heard())
    assert len(caplog.messages) == 1
    assert "3 spans to http://h:4318/v1/traces: Connection refused. Is a collector listening" in caplog.messages[0]
    now[0] = 61
    failures.lost("logs", 1, URL, _heard())
    assert len(caplog.messages) == 2
    assert "10 spans, 1 export of metrics, 1 log record" in caplog.messages[1]
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("code", "advice"), [("401", "Check the headers"), ("UNAUTHENTICATED", "headers"), ("404", "path"), ("500", "")]
)
def test_advice_fits_the_answer(caplog: pytest.LogCaptureFixture, code: str, advice: str) -> None:
    Failures().lost("traces", 1, URL, _heard(code, "", unreachable=False))
    assert advice in caplog.text


def test_refused_signals_are_one_line_in_total(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.refuse("metrics", "http://h/v1/metrics", _heard("404", "Not Found", unreachable=False))
    failures.refuse("logs", "http://h/v1/logs", _heard("404", "Not Found", unreachable=False))
    assert len(caplog.messages) == 1
    assert "does not take metrics (HTTP 404 Not Found)" in caplog.messages[0]
    assert failures.refused == ("metrics", "logs")


def test_the_end_is_one_line_with_everything(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.close()
    failures.lost("traces", 2, URL, _heard())
    failures.lost("metrics", 1, URL, _heard())
    assert not caplog.messages
    failures.settle({}, timed_out=False, waited_s=0.1)
    failures.settle({}, timed_out=False, waited_s=0.1)
    assert len(caplog.messages) == 1
    assert "2 spans, 1 export of metrics" in caplog.messages[0]


def test_the_end_in_vain_says_how_long_and_what(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.settle({"traces": 512, "logs": 0}, timed_out=True, waited_s=5.0)
    failures.settle({}, timed_out=True, waited_s=5.0)
    assert "after 5.0 s: 512 spans not sent." in caplog.messages[0]
    assert "the last telemetry not sent" in caplog.messages[1]


def test_items_are_counted_in_words() -> None:
    assert items_text({"traces": 1, "metrics": 0, "logs": 2}) == "1 span, 2 log records"


def test_an_unreachable_place_is_told_with_every_signal_that_goes_there(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.expect("traces", "http://h:4318/v1/traces")
    failures.expect("metrics", "http://h:4318/v1/metrics")
    failures.expect("logs", "http://other:4318/v1/logs")
    failures.lost("traces", 2, "http://h:4318/v1/traces", _heard())
    assert "2 spans to http://h:4318/v1/traces: Connection refused. Metrics go there too. Is a" in caplog.messages[0]
