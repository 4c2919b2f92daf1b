from __future__ import annotations

import asyncio
import logging

import pytest

from agentotel._core import guard


@pytest.fixture(autouse=True)
def _own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_counts", {})
    monkeypatch.setattr(guard, "_sites", {})
    monkeypatch.setattr(guard, "on_error", guard.report)


def fail() -> None:
    message = "about s3cret"
    raise LookupError(message)


def test_gives_the_value_and_passes_arguments() -> None:
    assert guard.site("a")(lambda *args: args, 1, 2) == (1, 2)
    assert guard.counts() == {}


def test_swallows_counts_and_says_so_once_without_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="agentotel")
    site = guard.site("some.place")
    for _ in range(3):
        assert site(fail) is None
    assert guard.counts() == {"some.place": 3}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"internal error in some.place (LookupError at {__name__}:")
    assert "your call is unaffected" in record.getMessage()
    assert "s3cret" not in caplog.text


def test_each_site_speaks_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    guard.site("a")(fail)
    guard.site("b")(fail)
    assert [record.args[0] for record in caplog.records] == ["a", "b"]  # type: ignore[index]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_lets_everything_else_pass(kind: type[BaseException]) -> None:
    def stop() -> None:
        raise kind

    with pytest.raises(kind):
        guard.site("a")(stop)
    assert guard.counts() == {}


def test_a_recursion_without_end_is_an_error_like_another() -> None:
    def dive() -> None:
        dive()

    assert guard.site("a")(dive) is None
    assert guard.counts() == {"a": 1}


def test_sites_are_made_once_and_listed_in_order() -> None:
    assert guard.site("b") is guard.site("b")
    guard.site("a")
    assert guard.sites() == ("a", "b")


def test_tells_where_an_error_without_traceback_is_from(caplog: pytest.LogCaptureFixture) -> None:
    guard.report("a", LookupError())
    assert "LookupError at unknown place" in caplog.text


def test_the_text_is_there_for_who_asks_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="agentotel")
    guard.site("a")(fail)
    assert "s3cret" in caplog.text


def test_errors_can_be_made_to_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    def surface(_name: str, error: Exception) -> None:
        raise error

    monkeypatch.setattr(guard, "on_error", surface)
    with pytest.raises(LookupError):
        guard.site("a")(fail)
