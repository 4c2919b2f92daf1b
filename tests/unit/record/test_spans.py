from __future__ import annotations

import dataclasses
import json

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

import agentotel
from agentotel.facts.call import Attempt, Failure, Usage
from agentotel.pricing.classes import SEARCHES
from agentotel.record.operation import ModelFacts
from agentotel.record.pipeline import activate, active
from agentotel.record.spans import USAGE, SpanRecorder, add_usage, attempt_attributes, failure_attributes
from agentotel.testing import Captured, capture
from agentotel.wire.headers import HeaderFacts
from agentotel.wire.openai_chat import FORMAT
from tests.fakes.calls import QUESTION, answer, calling


def test_every_count_of_usage_has_an_attribute_but_what_the_conventions_do_not_know() -> None:
    fields = {field for field, _name in USAGE}
    video = {"video_input_tokens", "video_output_tokens", "video_cache_read_tokens"}
    assert fields == set(Usage.__annotations__) - {"cache_write_1h_tokens", *video, *SEARCHES}


def test_every_count_is_written_under_its_name() -> None:
    attributes: dict[str, object] = {}
    counts = {field: place for place, field in enumerate(Usage._fields)}
    add_usage(attributes, Usage(**counts), "chat")  # type: ignore[arg-type]
    assert attributes == {name: counts[field] for field, name in USAGE}


def test_what_was_not_sent_is_absent_and_what_is_nothing_is_0() -> None:
    attributes: dict[str, object] = {}
    add_usage(attributes, Usage(input_tokens=0, reasoning_tokens=3), "chat")  # type: ignore[arg-type]
    assert attributes == {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.reasoning.output_tokens": 3}


def test_an_embedding_has_input_only() -> None:
    attributes: dict[str, object] = {}
    add_usage(attributes, Usage(input_tokens=4, output_tokens=0), "embeddings")  # type: ignore[arg-type]
    assert attributes == {"gen_ai.usage.input_tokens": 4}


def test_an_attempt_shows_what_it_knows() -> None:
    assert attempt_attributes(Attempt(number=1)) == {"agentotel.attempt.number": 1, "agentotel.attempt.duration_s": 0.0}
    assert attempt_attributes(
        Attempt(
            number=2,
            status=429,
            error_type="429",
            wait_s=0.5,
            reason="rate_limit",
            request_id="r",
            retry_after_s=1.0,
            host="h",
            duration_s=0.25,
        )
    ) == {
        "agentotel.attempt.number": 2,
        "http.response.status_code": 429,
        "error.type": "429",
        "agentotel.attempt.reason": "rate_limit",
        "agentotel.attempt.wait_s": 0.5,
        "agentotel.attempt.retry_after_s": 1.0,
        "agentotel.attempt.request_id": "r",
        "agentotel.attempt.duration_s": 0.25,
        "server.address": "h",
    }


def test_a_failure_leaves_its_message_out() -> None:
    failure = Failure(type="E", message="secret", category="auth", origin="model", retry="exhausted")
    assert failure_attributes(failure) == {
        "error.type": "E",
        "agentotel.error.category": "auth",
        "agentotel.error.origin": "model",
        "agentotel.error.retry": "exhausted",
    }


def test_facts_of_a_call_reach_its_span() -> None:
    with capture(prices={"gpt-5-mini*": {"input": 1, "output": 2}}) as captured:
        attempts = [Attempt(number=1, status=429), Attempt(number=2, status=200, wait_s=0.25)]
        with calling(answered=answer(prompt_tokens=9, completion_tokens=2), attempts=attempts) as operation:
            facts = operation.facts
            assert isinstance(facts, ModelFacts)
            facts.retry_limit, facts.timeout_s, facts.usage_source = 2, 30.0, "provider"
            facts.headers = HeaderFacts(
                {
                    b"x-ratelimit-limit-tokens": b"10",
                    b"x-ratelimit-remaining-tokens": b"1",
                    b"x-ratelimit-reset-tokens": b"500ms",
                },
                at_ns=0,
            )
    (call,) = captured.model_calls
    wanted = {
        "http.request.resend_count": 1,
        "agentotel.retry.wait_s": 0.25,
        "agentotel.retry.limit": 2,
        "agentotel.timeout_s": 30.0,
        "agentotel.rate_limit.tokens.limit": 10,
        "agentotel.rate_limit.tokens.remaining": 1,
        "agentotel.rate_limit.tokens.reset_s": 0.5,
        "agentotel.usage.source": "provider",
    }
    assert {name: call.attributes.get(name) for name in wanted} == wanted
    assert call.attributes["agentotel.cost.usd"] == pytest.approx(13e-6)
    assert [event.name for event in call.events] == ["agentotel.attempt"] * 2


def test_content_that_cannot_be_read_costs_the_content_only() -> None:
    def fail(_body: object) -> None:
        raise LookupError

    with capture(strict=False, content=True) as captured, calling(answered=answer(prompt_tokens=9)) as operation:
        facts = operation.facts
        assert isinstance(facts, ModelFacts)
        facts.format = dataclasses.replace(FORMAT, content=fail)
    (call,) = captured.model_calls
    assert call.attributes["gen_ai.usage.input_tokens"] == 9
    assert "gen_ai.input.messages" not in call.attributes
    assert "On its way." in str(call.attributes["gen_ai.output.messages"])


def test_parameters_that_cannot_be_read_cost_no_other_attribute() -> None:
    def fail(_body: object) -> None:
        raise LookupError

    with capture(strict=False) as captured, calling(answered=answer(prompt_tokens=9)) as operation:
        facts = operation.facts
        assert isinstance(facts, ModelFacts)
        facts.format = dataclasses.replace(FORMAT, asks=fail, tells=fail)
    (call,) = captured.model_calls
    assert call.attributes["gen_ai.usage.input_tokens"] == 9
    assert call.attributes["agentotel.outcome"] == "completed"
    assert "openai.api.type" not in call.attributes


@pytest.mark.parametrize(("sampler", "times"), [(ALWAYS_OFF, 0), (ALWAYS_ON, 1)])
def test_what_only_a_span_holds_is_read_only_for_one_that_records(sampler: Sampler, times: int) -> None:
    read: list[object] = []
    with capture() as captured:
        spans = SpanRecorder(TracerProvider(sampler=sampler).get_tracer("t"), content=False)
        metrics = tuple(one for one in active().recorders if not isinstance(one, SpanRecorder))
        activate(dataclasses.replace(active(), recorders=(spans, *metrics)))
        with calling(answered=answer(prompt_tokens=9)) as operation:
            facts = operation.facts
            assert isinstance(facts, ModelFacts)
            facts.format = dataclasses.replace(FORMAT, asks=lambda body: dict(read.append(body) or ()))
    assert read == [QUESTION] * times
    assert "gen_ai.client.token.usage" in {one.name for one in captured.metrics}


def test_a_failing_call_is_an_error_even_where_the_rest_cannot_be_read() -> None:
    failure = Failure(type="E", message="secret")
    with capture(strict=False) as captured, calling(failure=failure) as operation:
        operation.facts.headers = "nonsense"  # type: ignore[union-attr,assignment]
    (call,) = captured.model_calls
    assert (call.status, call.status_description, call.error_type) == ("ERROR", None, "E")


@pytest.mark.parametrize(("content", "said"), [(False, None), (True, "secret")])
def test_the_text_of_a_failure_is_content(*, content: bool, said: str | None) -> None:
    with capture(content=content) as captured, calling(failure=Failure(type="E", message="secret")):
        pass
    assert captured.model_calls[0].status_description == said


def tool_result(value: object) -> object:
    with capture(content=True) as captured, agentotel.tool_call("t") as call:
        call.result(value)
    return json.loads(str(captured.tool_calls[0].attributes["gen_ai.tool.call.result"]))


@pytest.mark.parametrize(
    ("value", "written"),
    [({"a": 1}, {"a": 1}), ("text", {"result": "text"}), ([1], {"result": [1]}), (None, {"result": None})],
)
def test_a_result_is_an_object_as_the_conventions_have_it(value: object, written: object) -> None:
    assert tool_result(value) == written


def names(captured: Captured) -> list[str]:
    return [span.name for span in captured.spans]


def test_names_of_spans() -> None:
    with capture() as captured:
        with agentotel.session(feature="f"), agentotel.turn(), agentotel.agent("a"), agentotel.step("planning"):
            pass
        with agentotel.session(), agentotel.turn(), agentotel.step("reflection"), calling({**QUESTION, "model": None}):
            pass
        with agentotel.turn(), agentotel.step("planning"):
            pass
    assert names(captured) == [
        *("session f", "turn 1", "invoke_agent a", "plan a"),
        *("session", "turn 1", "reflection", "chat", "turn", "plan"),
    ]
