from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentotel.wire.headers import HeaderFacts, wanted

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def read(*headers: tuple[str, str]) -> HeaderFacts:
    found = wanted((name.encode(), value.encode("latin-1")) for name, value in headers)
    return HeaderFacts(found, int(NOW.timestamp() * 1e9))


def limits(*headers: tuple[str, str]) -> dict[str, object]:
    return {name.removeprefix("agentotel.rate_limit."): value for name, value in read(*headers).limits().items()}


def test_nothing_said_is_nothing_known() -> None:
    facts = read(("content-type", "application/json"))
    assert (facts.request_id, facts.retry_after_s, facts.limits()) == (None, None, {})


def test_reads_the_limits_of_openai() -> None:
    found = limits(
        ("X-RateLimit-Limit-Requests", "5000"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("x-ratelimit-limit-tokens", "160000"),
        ("x-ratelimit-remaining-tokens", "159976"),
        ("x-ratelimit-reset-tokens", "1m30.5s"),
    )
    assert found == {
        "requests.limit": 5000,
        "requests.remaining": 4999,
        "requests.reset_s": 0.012,
        "tokens.limit": 160000,
        "tokens.remaining": 159976,
        "tokens.reset_s": 90.5,
    }


def test_reads_the_limits_of_anthropic() -> None:
    found = limits(
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-11-20T12:00:07Z"),
        ("anthropic-ratelimit-tokens-remaining", "-1"),
    )
    assert found == {"requests.limit": 50, "requests.remaining": 49, "requests.reset_s": 7.0}


@pytest.mark.parametrize("text", ["", "many", "1e3", "9" * 19, "9" * 5000, "٣"])
def test_a_count_that_is_none_or_no_attribute_can_hold_is_left_out(text: str) -> None:
    assert HeaderFacts({b"x-ratelimit-limit-requests": text.encode()}, 0).limits() == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        ("1h2m3s", 3723.0),
        ("2d", 172800.0),
        ("20ms", 0.02),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 12:00:30", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("2026-11-20T13:00:05+01:00", 5.0),
        ("2026-11-20T12:00:05", 5.0),
        ("soon", None),
        ("1m and more", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("-3", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("\xff", None),
    ],
)
def test_reads_a_wait_in_every_dialect(text: str, seconds: float | None) -> None:
    assert read(("retry-after", text)).retry_after_s == seconds


def test_milliseconds_are_the_more_exact_wait_in_either_order() -> None:
    assert read(("retry-after", "2"), ("retry-after-ms", "1500")).retry_after_s == 1.5
    assert read(("retry-after-ms", "1500"), ("retry-after", "2")).retry_after_s == 1.5
    assert read(("retry-after-ms", "soon"), ("retry-after", "2")).retry_after_s == 2.0


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ([("x-request-id", "req_1")], "req_1"),
        ([("request-id", "req_2")], "req_2"),
        ([("apim-request-id", "azure"), ("x-request-id", "req_3")], "req_3"),
        ([("x-request-id", "req_3"), ("apim-request-id", "azure")], "req_3"),
        ([("apim-request-id", "azure")], "azure"),
        ([("mistral-correlation-id", "m-1")], "m-1"),
        ([("x-debug-trace-id", "c-1")], "c-1"),
    ],
)
def test_finds_the_id_that_the_sdk_shows_too(headers: list[tuple[str, str]], request_id: str) -> None:
    assert read(*headers).request_id == request_id


def test_reads_the_limits_of_mistral() -> None:
    found = limits(
        ("x-ratelimit-limit-req-10-second", "60"),
        ("x-ratelimit-remaining-req-10-second", "58"),
        ("x-ratelimit-limit-tokens-minute", "2000000"),
        ("x-ratelimit-remaining-tokens-minute", "1999829"),
        ("x-ratelimit-limit-tokens-month", "10000000000"),
    )
    assert found == {
        "requests.limit": 60,
        "requests.remaining": 58,
        "tokens.limit": 2000000,
        "tokens.remaining": 1999829,
    }


def test_reads_the_limits_of_cohere() -> None:
    found = limits(("x-trial-endpoint-call-limit", "40"), ("x-trial-endpoint-call-remaining", "39"))
    assert found == {"requests.limit": 40, "requests.remaining": 39}


def test_reads_limits_that_name_no_kind() -> None:
    found = limits(
        ("x-ratelimit-limit", "10"),
        ("x-ratelimit-remaining", "9"),
        ("x-ratelimit-reset", "1"),
        ("x-tokenlimit-limit", "3000"),
        ("x-tokenlimit-remaining", "2990"),
    )
    assert found == {
        "requests.limit": 10,
        "requests.remaining": 9,
        "requests.reset_s": 1.0,
        "tokens.limit": 3000,
        "tokens.remaining": 2990,
    }
    for kinds in (("", "-requests"), ("-requests", "")):
        found = limits(*((f"x-ratelimit-limit{kind}", "600" if kind else "10") for kind in kinds))
        assert found == {"requests.limit": 600}


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_reset_may_be_a_unix_time(unit: int) -> None:
    moment = int(NOW.timestamp() + 30) * unit
    assert limits(("x-ratelimit-reset", str(moment))) == {"requests.reset_s": 30.0}
    assert limits(("x-ratelimit-reset", "1700000000")) == {"requests.reset_s": 0.0}
