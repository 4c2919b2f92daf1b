"""What is read out of the log of an SDK exporter, in the wording of 1.38 and of 1.45."""

from __future__ import annotations

import logging

import grpc
import pytest
import requests

from agentotel.export.heard import Heard, listen_to, listening, plain_reason

UNAVAILABLE, UNIMPLEMENTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED
REFUSED = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused"
GRPC_FINAL = "Failed to export %s to %s, error code: %s, error details: %s"
GRPC_RETRY = "Transient error %s encountered while exporting %s to %s, retrying in %.2fs. Error details: %s"
HTTP_FINAL = "Failed to export %s batch code: %s, reason: %s"
HTTP_RETRY = "Transient error %s encountered while exporting %s batch, retrying in %.2fs."

CASES = [
    ([(40, GRPC_FINAL, ("traces", "h:1", UNIMPLEMENTED, "Method not found!"))], "UNIMPLEMENTED: Method not found!", 0),
    ([(40, "Failed to export %s to %s, error code: %s", ("traces", "h:1", UNIMPLEMENTED))], "UNIMPLEMENTED", 0),
    ([(30, GRPC_RETRY, (UNAVAILABLE, "traces", "h:1", 1.0, REFUSED))], "UNAVAILABLE: Connection refused", 1),
    ([(30, GRPC_RETRY, (UNAVAILABLE, "traces", "h:1", 1.0, "going away"))], "UNAVAILABLE: going away", 0),
    ([(40, HTTP_FINAL, ("spans", 404, "Not Found"))], "HTTP 404 Not Found", 0),
    ([(40, "Failed to export span batch code: %s, reason: %s", (404, "nope\n"))], "HTTP 404 nope", 0),
    ([(30, HTTP_RETRY, ("Service Unavailable", "spans", 1.0))], "Service Unavailable", 0),
    ([(40, HTTP_FINAL, ("spans", None, requests.Timeout("late")))], "no answer in time", 0),
    ([(40, "Failed to encode span batch: %s", (ValueError("odd"),))], "ValueError: odd", 0),
    ([(20, "hello", ())], "no reason given", 0),
]  # fmt: skip


@pytest.mark.parametrize(("records", "text", "unreachable"), CASES)
def test_records_become_a_reason(
    records: list[tuple[int, str, tuple[object, ...]]], text: str, unreachable: int
) -> None:
    heard = Heard(lambda _: None)
    for level, template, arguments in records:
        heard.take(logging.LogRecord("n", level, "p", 1, template, arguments, None))
    assert str(heard) == text
    assert heard.unreachable == bool(unreachable)


def test_a_retry_is_announced_after_its_reason_is_known() -> None:
    seen: list[str] = []
    heard = Heard(lambda one: seen.append(str(one)))
    heard.take(logging.LogRecord("n", 30, "p", 1, HTTP_RETRY, ("Bad Gateway", "spans", 1.0), None))
    heard.take(logging.LogRecord("n", 40, "p", 1, HTTP_FINAL, ("spans", 404, "x"), None))
    assert seen == ["Bad Gateway"]


def test_a_real_refused_connection_is_two_words() -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get("http://127.0.0.1:9", timeout=1)
    assert plain_reason(caught.value) == ("Connection refused", True)


def test_a_long_reason_is_one_short_line() -> None:
    heard = Heard(lambda _: None)
    heard.fail(ValueError("a\nb" * 200))
    assert "\n" not in str(heard)
    assert len(str(heard)) < 200


class _Exporter:
    """Stands in for an SDK exporter: its loggers are those of its modules."""


def test_only_the_listening_thread_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    listen_to(_Exporter())
    logger, heard = logging.getLogger(__name__), Heard(lambda _: None)
    with listening(heard):
        logger.error(HTTP_FINAL, "spans", 501, "no")
    logger.error("the application's own")
    assert str(heard) == "HTTP 501 no"
    assert caplog.messages == ["the application's own"]
