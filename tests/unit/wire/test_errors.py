from __future__ import annotations

import pytest

from agentotel.facts.call import Failure
from agentotel.semconv import own
from agentotel.wire import errors


def made(name: str, *bases: type[BaseException], module: str = "some_sdk", **fields: object) -> BaseException:
    kind = type(name, bases or (Exception,), {"__module__": module, **fields})
    return kind("the text")


def test_reads_a_failure() -> None:
    assert errors.of_exception(made("RateLimitError", status_code=429), origin="model") == Failure(
        type="some_sdk.RateLimitError", message="the text", category="rate_limit", origin="model"
    )


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ValueError(), "ValueError"),
        (made("Gone", module="openai._exceptions"), "openai.Gone"),
        (made("Gone", module="a._b.c"), "a.c.Gone"),
        (made("Gone", module="_private"), "_private.Gone"),
        (made("Gone", module="__main__"), "__main__.Gone"),
    ],
)
def test_names_the_class_as_users_know_it(error: BaseException, name: str) -> None:
    assert errors.error_type(error) == name


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"code": "context_length_exceeded", "status_code": 400}, "context_overflow"),
        ({"code": "insufficient_quota", "status_code": 429}, "quota"),
        ({"code": "rate_limit_exceeded", "status_code": 429}, "rate_limit"),
        ({"code": None, "type": "overloaded_error", "status_code": 529}, "server"),
        ({"code": 7, "type": "billing_error"}, "quota"),
        ({"type": "invalid_request_error", "status_code": 404}, "schema"),
        ({"type": "invalid_request_error", "status_code": 413}, "context_overflow"),
        ({"type": "invalid_request_error"}, "schema"),
        ({"code": "unheard_of", "status_code": 403}, "auth"),
        ({"status_code": 500}, "server"),
        ({"status_code": 503}, "server"),
        ({"status_code": 504}, "timeout"),
        ({"status_code": 408}, "timeout"),
        ({"status_code": 402}, "quota"),
        ({"status_code": 418}, None),
        ({"status_code": "500"}, None),
        ({}, None),
    ],
)
def test_reads_what_an_error_carries(fields: dict[str, object], category: str | None) -> None:
    assert errors.category(made("Problem", **fields)) == category


@pytest.mark.parametrize(
    "text", ["prompt is too long: 210000 tokens", "exceeds the context window", "maximum context length is 8192"]
)
def test_an_overflow_without_a_code_is_known_by_its_text(text: str) -> None:
    kind = type("BadRequestError", (Exception,), {"status_code": 400})
    assert errors.category(kind(text)) == "context_overflow"
    assert errors.category(kind("a field is missing")) == "schema"


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (TimeoutError(), "timeout"),
        (made("ReadTimeout", made("TransportError").__class__), "timeout"),
        (made("APITimeoutError", made("APIConnectionError").__class__), "timeout"),
        (ConnectionResetError(), "network"),
        (made("RemoteProtocolError"), "network"),
        (made("ReadError"), "network"),
        (PermissionError(), "auth"),
        (made("ValidationError"), "schema"),
        (made("LengthFinishReasonError"), "schema"),
        (made("ContentFilterFinishReasonError"), "content_filter"),
        (made("Mine", made("GuardrailTripped").__class__), "guardrail"),
        (KeyError(), None),
    ],
)
def test_the_name_of_a_class_or_of_a_base_says_the_rest(error: BaseException, category: str | None) -> None:
    assert errors.category(error) == category


def test_every_category_is_one_of_the_closed_set() -> None:
    known = next(one.values for one in own.ATTRIBUTES if one.name == "agentotel.error.category")
    found = {*errors.CODES.values(), *errors.STATUSES.values(), *(category for _part, category in errors.CLASSES)}
    assert found | {"server", "network"} <= set(known)
