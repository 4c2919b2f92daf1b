from __future__ import annotations

import pytest

from agentotel.wire.openai_realtime import FORMAT, RealtimeFold
from tests.unit.wire.whole import asked

CALL = {"type": "function_call", "call_id": "c", "name": "look_up", "arguments": "{}"}
SPOKEN = {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "Hi."}]}
WRITTEN = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}


def test_request() -> None:
    body = {"model": "gpt-realtime", "max_output_tokens": 9, "output_modalities": ["audio"], "temperature": 0.6}
    request = asked(FORMAT, body)
    assert (request.model, request.stream) == ("gpt-realtime", True)
    assert dict(request.attributes) == {
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.6,
        "gen_ai.output.type": "speech",
    }
    assert asked(FORMAT, {"modalities": ["text"]}).attributes == {"gen_ai.output.type": "text"}
    assert asked(FORMAT, {"modalities": [], "max_output_tokens": "inf"}).attributes == {}


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ({"status": "completed"}, ("stop",)),
        ({"status": "completed", "output": [CALL]}, ("tool_calls",)),
        ({"status": "cancelled", "status_details": {"reason": "turn_detected"}}, ("turn_detected",)),
        ({"status": "incomplete", "status_details": {"reason": "max_output_tokens"}}, ("length",)),
        ({"status": "incomplete"}, ("incomplete",)),
        ({"status": "failed"}, ("error",)),
        ({"status": "in_progress"}, ()),
        ({}, ()),
    ],
)
def test_finish_reasons(body: dict[str, object], reasons: tuple[str, ...]) -> None:
    assert FORMAT.response(body).finish_reasons == reasons


def test_answer() -> None:
    usage = {
        "input_tokens": 20,
        "output_tokens": 30,
        "input_token_details": {"cached_tokens": 4, "audio_tokens": 15, "cached_tokens_details": {"audio_tokens": 3}},
        "output_token_details": {"audio_tokens": 20, "text_tokens": 10},
    }
    response = FORMAT.response({"id": "r", "status": "completed", "output": [CALL], "usage": usage})
    assert response.id == "r"
    assert [(call.id, call.name, call.arguments) for call in response.tool_requests] == [("c", "look_up", "{}")]
    assert response.usage is not None
    assert {name: count for name, count in response.usage._asdict().items() if count is not None} == {
        "input_tokens": 20,
        "output_tokens": 30,
        "cache_read_tokens": 4,
        "audio_input_tokens": 15,
        "audio_cache_read_tokens": 3,
        "audio_output_tokens": 20,
        "text_output_tokens": 10,
    }


def test_failures() -> None:
    details = {"error": {"code": "server_error", "message": "broke"}}
    failed = FORMAT.response({"status": "failed", "status_details": details}).failure
    assert failed is not None
    assert failed.type == "server_error"
    assert FORMAT.response({"status": "failed"}).failure is not None
    refused = FORMAT.response({"error": {"type": "invalid_request_error", "code": "invalid_value"}}).failure
    assert refused is not None
    assert refused.type == "invalid_value"
    assert FORMAT.response({"status": "completed"}).failure is None


def test_fold() -> None:
    fold = RealtimeFold()
    assert (fold.complete, fold.result()) == (False, None)
    fold.add({"type": "response.output_audio.delta", "delta": "AAAA"})
    assert fold.result() is None
    fold.add({"type": "response.created", "response": {"id": "r", "status": "in_progress"}})
    assert (fold.complete, fold.result()) == (False, {"id": "r", "status": "in_progress"})
    fold.add({"type": "response.done", "response": {"id": "r", "status": "completed"}})
    assert (fold.complete, fold.result()) == (True, {"id": "r", "status": "completed"})


def test_fold_of_an_error() -> None:
    fold = RealtimeFold()
    fold.add({"type": "error", "error": {"code": "invalid_value"}})
    assert (fold.complete, fold.result()) == (False, {"error": {"code": "invalid_value"}})


def test_content() -> None:
    tool = {"type": "function", "name": "look_up", "description": "Find it.", "parameters": {"type": "object"}}
    content = FORMAT.content({"instructions": "Be brief.", "tools": [tool]})
    assert content is not None
    assert content.system_instructions == [{"type": "text", "content": "Be brief."}]
    assert content.tool_definitions is not None
    assert [one["name"] for one in content.tool_definitions] == ["look_up"]
    assert content.input_messages is None
    nothing = FORMAT.content({})
    assert nothing is not None
    assert (nothing.system_instructions, nothing.tool_definitions) == (None, None)


def test_output() -> None:
    (message,) = FORMAT.output({"status": "completed", "output": [SPOKEN, WRITTEN, CALL]}) or []
    kinds = [(part["type"], part.get("content", part.get("name"))) for part in message["parts"]]  # type: ignore[attr-defined]
    assert kinds == [("text", "Hi."), ("text", "Hi."), ("tool_call", "look_up")]
    assert (message["role"], message["finish_reason"]) == ("assistant", "tool_call")
    (plain,) = FORMAT.output({"status": "completed", "output": [WRITTEN]}) or []
    assert plain["finish_reason"] == "stop"
    assert FORMAT.output({"status": "completed"}) is None
