"""What the exceptions of real SDKs and HTTP libraries are, raised by answers over loopback."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from agentotel.testing import capture
from agentotel.wire import errors
from tests.fakes.made import answering
from tests.fakes.replay import Replay

MESSAGES = [{"role": "user", "content": "Hello"}]


def openai(url: str) -> None:
    sdk = pytest.importorskip("openai")
    client = sdk.OpenAI(base_url=url, api_key="key", max_retries=0)
    client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES)


def azure(url: str) -> None:
    sdk = pytest.importorskip("openai")
    client = sdk.AzureOpenAI(azure_endpoint=url, api_key="key", api_version="2024-10-21", max_retries=0)
    client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES)


def anthropic(url: str) -> None:
    sdk = pytest.importorskip("anthropic")
    client = sdk.Anthropic(base_url=url, api_key="key", max_retries=0)
    client.messages.create(model="claude-sonnet-4-5", max_tokens=8, messages=MESSAGES)


def google(url: str) -> None:
    sdk = pytest.importorskip("google.genai")
    client = sdk.Client(api_key="key", http_options={"base_url": url})
    client.models.generate_content(model="gemini-2.5-flash", contents="Hello")


def bedrock(url: str) -> None:
    boto3 = pytest.importorskip("boto3")
    config = importlib.import_module("botocore.config").Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "key", "region_name": "us-east-1"}
    client = boto3.client("bedrock-runtime", endpoint_url=url, config=config, **keys)
    client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "Hello"}]}])


def mistral(url: str) -> None:
    sdk = pytest.importorskip("mistralai.client")
    sdk.Mistral(api_key="key", server_url=url).chat.complete(model="mistral-small-latest", messages=MESSAGES)


def cohere(url: str) -> None:
    sdk = pytest.importorskip("cohere")
    sdk.ClientV2(api_key="key", base_url=url).chat(
        model="command-a-03-2025", messages=MESSAGES, request_options={"max_retries": 0}
    )


def groq(url: str) -> None:
    sdk = pytest.importorskip("groq")
    client = sdk.Groq(base_url=url, api_key="key", max_retries=0)
    client.chat.completions.create(model="llama-3.1-8b-instant", messages=MESSAGES)


def together(url: str) -> None:
    sdk = pytest.importorskip("together")
    client = sdk.Together(base_url=url, api_key="key", max_retries=0)
    client.chat.completions.create(model="m", messages=MESSAGES)


def ollama(url: str) -> None:
    sdk = pytest.importorskip("ollama")
    sdk.Client(host=url).chat(model="llama3.2", messages=MESSAGES)


def litellm(url: str) -> None:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    sdk = pytest.importorskip("litellm")
    sdk.completion(model="openai/gpt-5-mini", messages=MESSAGES, api_base=url, api_key="key", num_retries=0)


def httpx(url: str) -> None:
    pytest.importorskip("httpx").post(url).raise_for_status()


def httpx2(url: str) -> None:
    pytest.importorskip("httpx2").post(url).raise_for_status()


def requests(url: str) -> None:
    pytest.importorskip("requests").post(url, timeout=5).raise_for_status()


def told(message: str, **said: object) -> dict[str, object]:
    """Make an error in OpenAI's shape."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **said}}


def typed(kind: str, message: str = "text") -> dict[str, object]:
    """Make an error in Anthropic's shape."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def named(status: str, message: str = "text") -> dict[str, object]:
    """Make an error in Google's shape; the number is that of the answer."""
    return {"error": {"code": 400, "message": message, "status": status}}


TOO_MANY = "The input token count (9) exceeds the maximum number of tokens allowed"
TOO_LARGE = "Prompt contains 9 tokens, too large for model with 8 maximum context length"
TOO_LONG = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."

ANSWERS: tuple[tuple[Callable[[str], None], int, Any, str], ...] = (
    (openai, 400, told(TOO_LONG, code="context_length_exceeded"), "context_overflow"),
    (openai, 400, told(TOO_LONG), "context_overflow"),
    (openai, 429, told("text", type="insufficient_quota", code="insufficient_quota"), "quota"),
    (openai, 429, told("text", type="tokens", code="rate_limit_exceeded"), "rate_limit"),
    (openai, 401, told("text", code="invalid_api_key"), "auth"),
    (openai, 404, told("text", code="model_not_found"), "schema"),
    (openai, 402, told("Insufficient Balance", type="unknown_error"), "quota"),
    (openai, 503, "<html>busy</html>", "server"),
    (openai, 400, {"code": "text", "error": "This model's maximum prompt length is 131072"}, "context_overflow"),
    (openai, 400, {"code": "text", "error": "Incorrect API key provided: te***st."}, "auth"),
    (openai, 400, [named("INVALID_ARGUMENT", "API key not valid.")], "auth"),
    (openai, 429, [named("RESOURCE_EXHAUSTED")], "rate_limit"),
    (openai, 404, told("model 'qwen3' not found", type="api_error"), "schema"),
    (openai, 400, told("flagged as violating our usage policy", code="invalid_prompt"), "content_filter"),
    (azure, 400, told("text", type=None, code="content_filter"), "content_filter"),
    (azure, 404, told("text", type=None, code="DeploymentNotFound"), "schema"),
    (azure, 429, told("text", type=None, code="429"), "rate_limit"),
    (anthropic, 400, typed("invalid_request_error", "prompt is too long: 210000 tokens"), "context_overflow"),
    (anthropic, 400, typed("invalid_request_error", "Your credit balance is too low"), "quota"),
    (anthropic, 413, typed("request_too_large"), "context_overflow"),
    (anthropic, 429, typed("rate_limit_error"), "rate_limit"),
    (anthropic, 529, typed("overloaded_error"), "server"),
    (anthropic, 403, typed("permission_error"), "auth"),
    (google, 429, named("RESOURCE_EXHAUSTED"), "rate_limit"),
    (google, 400, named("INVALID_ARGUMENT"), "schema"),
    (google, 400, named("INVALID_ARGUMENT", TOO_MANY), "context_overflow"),
    (google, 400, named("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), "auth"),
    (google, 403, named("PERMISSION_DENIED"), "auth"),
    (google, 504, named("DEADLINE_EXCEEDED"), "timeout"),
    (google, 503, named("UNAVAILABLE"), "server"),
    (bedrock, 429, ("ThrottlingException", "text"), "rate_limit"),
    (bedrock, 400, ("ServiceQuotaExceededException", "text"), "quota"),
    (bedrock, 408, ("ModelTimeoutException", "text"), "timeout"),
    (bedrock, 424, ("ModelErrorException", "text"), "server"),
    (bedrock, 400, ("ValidationException", "Input is too long for requested model."), "context_overflow"),
    (bedrock, 400, ("ValidationException", "text"), "schema"),
    (bedrock, 403, ("AccessDeniedException", "text"), "auth"),
    (bedrock, 403, ("ExpiredTokenException", "text"), "auth"),
    (mistral, 401, {"detail": "Unauthorized"}, "auth"),
    (mistral, 400, {"object": "error", "message": "text", "type": "invalid_model", "code": "1500"}, "schema"),
    (mistral, 429, {"message": "text", "type": "service_tier_capacity_exceeded", "code": "3505"}, "rate_limit"),
    (mistral, 400, {"message": TOO_LARGE}, "context_overflow"),
    (cohere, 429, {"message": "text"}, "rate_limit"),
    (cohere, 400, {"message": "too many tokens: the prompt cannot exceed 4081"}, "context_overflow"),
    (cohere, 498, {"message": "text"}, "rate_limit"),
    (groq, 429, told("text", type="tokens", code="rate_limit_exceeded"), "rate_limit"),
    (groq, 413, told("text", type="tokens", code="rate_limit_exceeded"), "rate_limit"),
    (groq, 400, told("text", code="json_validate_failed"), "schema"),
    (groq, 400, told("Please reduce the length of the messages or completion."), "context_overflow"),
    (together, 402, told("text", type="credit_limit"), "quota"),
    (together, 429, told("text", type="dynamic_request_limited"), "rate_limit"),
    (together, 422, told("`inputs` tokens + `max_new_tokens` must be <= 4097"), "context_overflow"),
    (ollama, 404, {"error": "model 'llama3.2' not found"}, "schema"),
    (ollama, 500, {"error": "text"}, "server"),
    (litellm, 400, told(TOO_LONG, code="context_length_exceeded"), "context_overflow"),
    (litellm, 429, told("text", code="rate_limit_exceeded"), "rate_limit"),
    (litellm, 401, told("text", code="invalid_api_key"), "auth"),
    (httpx, 429, {}, "rate_limit"),
    (httpx2, 503, {}, "server"),
    (requests, 401, {}, "auth"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("call", "status", "body", "category"),
    ANSWERS,
    ids=[f"{call.__name__}-{status}-{category}-{number}" for number, (call, status, _, category) in enumerate(ANSWERS)],
)
def test_an_answer_that_fails(call: Callable[[str], None], status: int, body: Any, category: str) -> None:
    headers = {}
    if isinstance(body, tuple):
        headers = {"x-amzn-ErrorType": body[0]}
        body = {"message": body[1]}
    sent = body if isinstance(body, str) else json.dumps(body)
    error = _raised(call, answering(sent, status=status, headers=headers))
    failure = errors.of_exception(error, origin="model")
    assert (failure.category, failure.origin) == (category, "model"), repr(error)


def _raised(call: Callable[[str], None], exchange: dict[str, Any]) -> BaseException:
    with Replay(exchange) as server, pytest.raises(Exception) as caught:  # noqa: PT011 - each SDK has its own
        call(server.url)
    return caught.value


ALL = (openai, anthropic, google, bedrock, mistral, cohere, groq, together, ollama, httpx, httpx2, requests)
"""Without litellm, which says that the server failed with status 500 where none answered."""


@pytest.mark.parametrize("call", ALL, ids=[call.__name__ for call in ALL])
def test_nobody_answers(call: Callable[[str], None]) -> None:
    with Replay(answering({})) as server:
        url = server.url
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each SDK has its own
        call(url)
    failure = errors.of_exception(caught.value, origin="model")
    assert (failure.category, failure.origin) == ("network", "model"), repr(caught.value)


def test_aiohttp() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    found = {
        name: errors.category(getattr(aiohttp, name).__new__(getattr(aiohttp, name)))
        for name in ("ServerTimeoutError", "ServerDisconnectedError", "ClientOSError", "ClientPayloadError")
    }
    assert list(found.values()) == ["timeout", "network", "network", "network"]


def test_values_that_fit_no_model() -> None:
    pydantic = pytest.importorskip("pydantic")
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(int).validate_python("context window")
    assert errors.category(caught.value) == "schema"


def test_a_stream_of_bedrock_that_breaks_off_says_why() -> None:
    error = pytest.importorskip("botocore.exceptions").EventStreamError
    told = error({"Error": {"Code": "validationException", "Message": "Input is too long"}}, "ConverseStream")
    assert errors.category(told) == "context_overflow"


def test_a_failure_after_some_retries_was_tried_again() -> None:
    sdk = pytest.importorskip("openai")
    refusal = answering(json.dumps(told("text", code="model_not_found")), status=404)
    with Replay(refusal, fail_first="1:500") as server, capture() as captured:
        client = sdk.OpenAI(base_url=server.url, api_key="key", max_retries=2)
        with pytest.raises(sdk.NotFoundError):
            client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES)
        client.close()
    (span,) = captured.model_calls
    assert span.attributes["agentotel.error.category"] == "schema"
    assert span.attributes["agentotel.error.origin"] == "model"
    assert span.attributes["agentotel.error.retry"] == "did"
