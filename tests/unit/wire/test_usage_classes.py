"""Classes of tokens that the conventions have no attribute for."""

from __future__ import annotations

from agentotel.facts.call import Usage
from agentotel.wire import anthropic_messages, openai_chat, openai_responses
from tests.unit.wire.whole import told


def test_cache_writes_of_anthropic_by_lifetime() -> None:
    written = {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 70}
    sent = {"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 100, "cache_creation": written}
    response = told(anthropic_messages.FORMAT, {"usage": sent})
    assert response.attributes == {
        "agentotel.usage.cache_write_5m.input_tokens": 30,
        "agentotel.usage.cache_write_1h.input_tokens": 70,
    }
    assert response.usage == Usage(input_tokens=101, output_tokens=2, cache_write_tokens=100, cache_write_1h_tokens=70)


def test_a_lifetime_without_tokens_is_absent() -> None:
    written = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    assert not told(anthropic_messages.FORMAT, {"usage": {"cache_creation": written}}).attributes


def test_a_faster_mode_is_what_is_billed() -> None:
    told = {"service_tier": "standard", "speed": "fast"}
    assert anthropic_messages.response({"usage": told}).tier == "fast"
    assert anthropic_messages.response({"usage": {**told, "speed": "standard"}}).tier == "standard"
    assert anthropic_messages.response({"usage": {"service_tier": "priority"}}).tier == "priority"


def test_iterations_that_the_totals_leave_out_are_billed_beside_them() -> None:
    part = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 0}
    sent = {
        "input_tokens": 7,
        "output_tokens": 5,
        "iterations": [
            {"type": "compaction", **part},
            {"type": "message", "input_tokens": 7, "output_tokens": 5},
            {"type": "advisor_message", "model": "claude-opus-4-8", **part},
        ],
    }
    response = anthropic_messages.response({"usage": sent})
    beside = Usage(input_tokens=150, output_tokens=10, cache_read_tokens=50, cache_write_tokens=0)
    assert response.usage == Usage(input_tokens=7, output_tokens=5)
    assert response.beside == ((None, beside), ("claude-opus-4-8", beside))
    assert response.attributes == {
        "agentotel.usage.beside.input_tokens": 300,
        "agentotel.usage.beside.output_tokens": 20,
    }


def test_cache_writes_of_openai_by_lifetime() -> None:
    details = {"cache_write_tokens": 30, "cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_12h_tokens": 20}}
    response = told(openai_responses.FORMAT, {"usage": {"input_tokens": 40, "input_tokens_details": details}})
    assert response.attributes == {
        "agentotel.usage.cache_write_30m.input_tokens": 10,
        "agentotel.usage.cache_write_12h.input_tokens": 20,
    }
    assert response.usage == Usage(input_tokens=40, cache_write_tokens=30)


def test_predictions() -> None:
    details = {"accepted_prediction_tokens": 12, "rejected_prediction_tokens": 0}
    body = {"usage": {"completion_tokens": 20, "completion_tokens_details": details}}
    assert openai_chat.tells(body) == {"agentotel.usage.prediction_accepted.output_tokens": 12}
    assert openai_chat.response(body).usage == Usage(output_tokens=20)
