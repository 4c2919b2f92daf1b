from __future__ import annotations

import pytest

from agentotel.facts.call import Failure
from agentotel.semconv import own
from agentotel.wire import error_tables, errors


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
        (made("Gone", module="a._b.c"), "a.Gone"),
        (made("Gone", module="google.genai._gaos.lib.compat_errors"), "google.genai.Gone"),
        (made("Gone", module="google.genai._interactions"), "google.genai.Gone"),
        (made("Gone", module="_private"), "_private.Gone"),
        (made("Gone", module="__main__"), "__main__.Gone"),
        (made("ClientError", module="google.genai.errors", code=429), "429"),
        (made("RateLimitError", module="google.genai.lib", status_code=429), "429"),
        (made("Own", made("ServerError", module="google.genai.errors").__class__, code=503), "503"),
        (made("APIError", module="google.genai.errors", code=1011), "google.genai.errors.APIError"),
        (made("APIError", module="google.genai.errors", code=None), "google.genai.errors.APIError"),
    ],
)
def test_names_an_error_as_users_know_it(error: BaseException, name: str) -> None:
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
        ({"status_code": 409}, "state"),
        ({"status_code": 418}, None),
        ({"status_code": 200}, None),
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, "rate_limit"),
        ({"code": 400, "status": "DEADLINE_EXCEEDED"}, "timeout"),
        ({"status": 403}, "auth"),
        ({"response": {"Error": {"Code": "ThrottlingException"}}}, "rate_limit"),
        ({"response": {"Error": {"Code": "throttlingException"}}}, "rate_limit"),
        ({"response": {"ResponseMetadata": {"HTTPStatusCode": 503}}}, "server"),
        ({"response": {"Error": {}, "ResponseMetadata": None}}, None),
        ({"body": {"error": {"code": "over_capacity"}}, "status_code": 498}, "server"),
        ({"body": {"type": "error", "error": {"type": "billing_error"}}, "status_code": 400}, "quota"),
        ({"body": '{"type": "service_tier_capacity_exceeded"}', "status_code": 400}, "rate_limit"),
        ({"body": "{cut", "status_code": 400}, "schema"),
        ({"body": {"error": "busy"}, "status_code": 503}, "server"),
        ({"body": [{"error": {"status": "RESOURCE_EXHAUSTED"}}], "status_code": 400}, "rate_limit"),
        ({"body": [], "status_code": 400}, "schema"),
        ({"body": "maximum prompt length", "status_code": 400}, "context_overflow"),
        ({"type": "api_error", "status_code": 404}, "schema"),
        ({"body": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}, "status_code": 400}, "content_filter"),
        ({"status_code": "500"}, None),
        ({}, None),
    ],
)
def test_reads_what_an_error_carries(fields: dict[str, object], category: str | None) -> None:
    assert errors.category(made("Problem", **fields)) == category


@pytest.mark.parametrize(
    ("text", "category"),
    [(part, category) for table in error_tables.TABLES for part, category in table.texts.items()]
    + [
        ("Prompt is too long: 210000 tokens > 200000 maximum", "context_overflow"),
        ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", "context_overflow"),
        ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", "context_overflow"),
        ("a field is missing", "schema"),
    ],
)
def test_where_a_request_is_just_wrong_its_text_may_say_more(text: str, category: str) -> None:
    kind = type("BadRequestError", (Exception,), {"status_code": 400, "type": "invalid_request_error"})
    assert errors.category(kind(text)) == category
    assert errors.said(Failure(type="invalid_request_error", message=text)).category == category


def test_a_text_that_the_application_may_have_written_says_nothing() -> None:
    assert errors.category(made("ValidationError", module="pydantic_core", __str__=lambda _: "context window")) == (
        "schema"
    )


@pytest.mark.parametrize(
    ("failure", "category"),
    [
        (Failure(type="rate_limit_exceeded"), "rate_limit"),
        (Failure(type="RESOURCE_EXHAUSTED"), "rate_limit"),
        (Failure(type="429"), "rate_limit"),
        (Failure(type="1500"), None),
        (Failure(type="unheard_of"), None),
        (Failure(type="server_error", category="content_filter"), "content_filter"),
    ],
)
def test_classifies_what_a_body_tells_of(failure: Failure, category: str | None) -> None:
    said = errors.said(failure)
    assert (said.category, said.origin) == (category, "model")


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
        (made("LengthFinishReasonError", module="openai"), "schema"),
        (made("ContentFilterFinishReasonError"), "content_filter"),
        (made("Mine", made("GuardrailTripped").__class__), "guardrail"),
        (made("Timeout", module="litellm.exceptions", status_code=500), "timeout"),
        (made("ContextWindowExceededError", module="litellm.exceptions", status_code=400), "context_overflow"),
        (made("NameResolutionError", made("TimeoutError").__class__, module="urllib3.exceptions"), "network"),
        (made("ClientPayloadError", module="aiohttp.client_exceptions"), "network"),
        (made("GraphRecursionError", module="langgraph.errors"), "orchestration"),
        (KeyError(), None),
    ],
)
def test_the_name_of_a_class_or_of_a_base_says_the_rest(error: BaseException, category: str | None) -> None:
    assert errors.category(error) == category


@pytest.mark.parametrize(
    ("error", "origin", "found"),
    [
        (made("BadRequestError", module="openai", status_code=400), "model", "model"),
        (made("Mine", made("OpenAIError", module="openai").__class__, module="app"), "model", "model"),
        (made("Unheard", module="some_sdk", status_code=500), "model", "model"),
        (ConnectionResetError(), "model", "model"),
        (TypeError(), "model", "host"),
        (TypeError(), "tool", "tool"),
    ],
)
def test_an_error_that_no_sdk_and_no_answer_raised_is_the_hosts(error: BaseException, origin: str, found: str) -> None:
    assert errors.of_exception(error, origin=origin).origin == found


def test_every_category_is_one_of_the_closed_set() -> None:
    known = next(one.values for one in own.ATTRIBUTES if one.name == "agentotel.error.category")
    tables = [part for table in error_tables.TABLES for part in (table.codes, table.classes, table.texts)]
    found = {category for part in (*tables, error_tables.STATUSES, error_tables.PARTS) for category in part.values()}
    assert found <= set(known)


def test_tables_do_not_contradict_each_other() -> None:
    codes = [code.lower() for table in error_tables.TABLES for code in table.codes]
    texts = [part for table in error_tables.TABLES for part in table.texts]
    assert len(codes) == len(set(codes))
    assert len(texts) == len(set(texts))
    assert texts == [part.lower() for part in texts]
