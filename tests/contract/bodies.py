"""What whole bodies and streams of wire formats say, read by hand: straight from the bytes, without the library."""

from __future__ import annotations

import json


def _chat_facts(body: dict) -> dict:
    calls = [call for choice in body["choices"] for call in choice["message"].get("tool_calls") or []]
    return {
        "id": body["id"],
        "model": body["model"],
        "finish_reasons": [choice["finish_reason"] for choice in body["choices"]],
        "calls": [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls],
        "usage": _openai_counts(body.get("usage"), "prompt", "completion"),
        "said": "".join(choice["message"].get("content") or "" for choice in body["choices"]),
    }


def _completion_facts(body: dict) -> dict:
    return {
        "id": body["id"],
        "model": body["model"],
        "finish_reasons": [choice["finish_reason"] for choice in body["choices"]],
        "calls": [],
        "usage": _openai_counts(body.get("usage"), "prompt", "completion"),
        "said": "".join(choice["text"] for choice in body["choices"]),
    }


def _embedding_facts(body: dict) -> dict:
    usage = _openai_counts(body["usage"], "prompt", "completion")
    return {"id": None, "model": body["model"], "finish_reasons": [], "calls": [], "usage": usage, "said": ""}


def _openai_counts(usage: dict | None, input_name: str, output_name: str) -> dict:
    if not usage:
        return {}
    given, made = usage.get(f"{input_name}_tokens_details") or {}, usage.get(f"{output_name}_tokens_details") or {}
    counts = {
        "input_tokens": usage.get(f"{input_name}_tokens"),
        "output_tokens": usage.get(f"{output_name}_tokens"),
        "cache_read_tokens": given.get("cached_tokens", usage.get("cached_tokens")),
        "cache_write_tokens": given.get("cache_write_tokens"),
        "audio_input_tokens": given.get("audio_tokens"),
        "image_input_tokens": given.get("image_tokens"),
        "text_input_tokens": given.get("text_tokens"),
        "reasoning_tokens": made.get("reasoning_tokens"),
        "audio_output_tokens": made.get("audio_tokens"),
        "text_output_tokens": made.get("text_tokens"),
    }
    return {name: count for name, count in counts.items() if count is not None}


def _response_facts(body: dict) -> dict:
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    said = [part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"]]
    assert body["status"] == "completed"
    return {
        "id": body["id"],
        "model": body["model"],
        "finish_reasons": ["tool_calls" if calls else "stop"],
        "calls": [(call["call_id"], call["name"], call["arguments"]) for call in calls],
        "usage": _openai_counts(body["usage"], "input", "output"),
        "said": "".join(said),
    }


def _message_facts(body: dict) -> dict:
    calls = [block for block in body["content"] if block["type"] == "tool_use"]
    usage = body["usage"]
    counts = {
        "input_tokens": usage["input_tokens"]
        + usage.get("cache_read_input_tokens", 0)
        + usage.get("cache_creation_input_tokens", 0),
        "output_tokens": usage["output_tokens"],
        "cache_read_tokens": usage.get("cache_read_input_tokens"),
        "cache_write_tokens": usage.get("cache_creation_input_tokens"),
        "cache_write_1h_tokens": usage.get("cache_creation", {}).get("ephemeral_1h_input_tokens"),
        "reasoning_tokens": usage.get("output_tokens_details", {}).get("thinking_tokens"),
    }
    return {
        "id": body["id"],
        "model": body["model"],
        "finish_reasons": [{"end_turn": "stop", "tool_use": "tool_call"}[body["stop_reason"]]],
        "calls": [(call["id"], call["name"], call["input"]) for call in calls],
        "usage": {name: count for name, count in counts.items() if count is not None},
        "said": "".join(block["text"] for block in body["content"] if block["type"] == "text"),
    }


FACTS = {
    "openai_chat": _chat_facts,
    "openai_completions": _completion_facts,
    "openai_embeddings": _embedding_facts,
    "openai_responses": _response_facts,
    "anthropic_messages": _message_facts,
}


def _chat_whole(events: list[dict]) -> dict:
    calls: dict[int, dict] = {}
    said, reason, usage = "", None, None
    for event in events:
        usage = event.get("usage") or event.get("x_groq", {}).get("usage") or usage
        for choice in event["choices"]:
            said += choice["delta"].get("content") or ""
            reason = choice["finish_reason"] or reason
            for piece in choice["delta"].get("tool_calls") or []:
                call = calls.setdefault(
                    piece.get("index", 0), {"id": None, "function": {"name": None, "arguments": ""}}
                )
                call["id"] = call["id"] or piece.get("id")
                call["function"]["name"] = call["function"]["name"] or piece["function"].get("name")
                call["function"]["arguments"] += piece["function"].get("arguments") or ""
    message = {"content": said, "tool_calls": list(calls.values())}
    head = next(event for event in events if event["id"])
    choices = [{"message": message, "finish_reason": reason}]
    return {"id": head["id"], "model": head["model"], "choices": choices, "usage": usage}


def _completion_whole(events: list[dict]) -> dict:
    said = "".join(choice["text"] for event in events for choice in event["choices"])
    reason = events[-1]["choices"][0]["finish_reason"]
    return {**events[0], "choices": [{"text": said, "finish_reason": reason}]}


def _message_whole(events: list[dict]) -> dict:
    body: dict = {}
    inputs: dict[int, str] = {}
    for event in events:
        delta = event.get("delta", {})
        match event["type"]:
            case "message_start":
                body = event["message"]
            case "content_block_start":
                body["content"].append(event["content_block"])
            case "content_block_delta" if delta["type"] == "text_delta":
                body["content"][event["index"]]["text"] += delta["text"]
            case "content_block_delta" if delta["type"] == "input_json_delta":
                inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
            case "message_delta":
                body["stop_reason"] = delta["stop_reason"]
                body["usage"].update(event["usage"])
    for index, written in inputs.items():
        body["content"][index]["input"] = json.loads(written)
    return body


WHOLES = {
    "openai_chat": _chat_whole,
    "openai_completions": _completion_whole,
    "openai_responses": lambda events: events[-1]["response"],
    "anthropic_messages": _message_whole,
}
