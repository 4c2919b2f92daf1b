"""What the span of a recorded call must say, read by hand from the bytes that the provider sent.

The readings here are of OpenAI- and Anthropic-shaped bodies; a driver of another SDK brings its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genai_prices import Usage, calc_price

from tests.contract.bodies import FACTS, WHOLES
from tests.contract.recordings import Recording

PARAMETERS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "stop": "gen_ai.request.stop_sequences",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "reasoning_effort": "gen_ai.request.reasoning.level",
    "encoding_format": "gen_ai.request.encoding_formats",
    "previous_response_id": "gen_ai.request.previous_response.id",
}
USAGE = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "audio_input_tokens": "gen_ai.usage.audio.input_tokens",
    "audio_output_tokens": "gen_ai.usage.audio.output_tokens",
    "image_input_tokens": "gen_ai.usage.image.input_tokens",
    "text_input_tokens": "gen_ai.usage.text.input_tokens",
    "text_output_tokens": "gen_ai.usage.text.output_tokens",
}
CATEGORIES = {400: "schema", 401: "auth", 404: "schema", 429: "rate_limit", 500: "server", 503: "server", 529: "server"}
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def asked(operation: str = "chat") -> Callable[[Recording, Any], dict[str, Any]]:
    """Make the function that reads what the span must say of a request, from the body that arrived."""

    def read(_recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"gen_ai.operation.name": operation, "gen_ai.request.model": body["model"]}
        for name, attribute in PARAMETERS.items():
            if body.get(name) is not None:
                found[attribute] = _sequence(body[name]) if attribute.endswith(("sequences", "formats")) else body[name]
        if found.get("gen_ai.request.choice.count") == 1:
            del found["gen_ai.request.choice.count"]
        if (body.get("reasoning") or {}).get("effort"):
            found["gen_ai.request.reasoning.level"] = body["reasoning"]["effort"]
        if body.get("stream"):
            found["gen_ai.request.stream"] = True
        return found

    return read


def _sequence(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def answered(name: str, *also: str) -> Callable[[Recording], dict[str, Any]]:
    """Make the function that reads what the span must say of an answer, in the wire format ``name``.

    ``also`` are the members that become ``openai.response.<member>``.
    """

    def read(recording: Recording) -> dict[str, Any]:
        body = WHOLES[name](recording.events) if recording.answer is None else recording.answer
        facts = FACTS[name](body)
        reasons = tuple(reason or "error" for reason in facts["finish_reasons"])
        found = {
            "gen_ai.response.id": facts["id"],
            "gen_ai.response.model": facts["model"],
            "gen_ai.response.finish_reasons": reasons or None,
            **{f"openai.response.{member}": _last(recording, body, member) for member in also},
            **{USAGE[field]: count for field, count in facts["usage"].items() if field in USAGE},
        }
        if name == "openai_embeddings":
            found.pop("gen_ai.usage.output_tokens", None)
        return {name: value for name, value in found.items() if value is not None}

    return read


def _last(recording: Recording, body: Mapping[str, Any], key: str) -> Any:
    sent = [event.get(key) for event in (*recording.events, body)] if recording.answer is None else [body.get(key)]
    return next((value for value in reversed(sent) if value is not None), None)


def searches(recording: Recording) -> dict[str, int]:
    """Count the searches that a whole answer of OpenAI's says it made; opening a page is none."""
    output = recording.answer.get("output") if isinstance(recording.answer, dict) else None
    made = output if isinstance(output, list) else ()  # Converse has an object there
    pages = [(item.get("action") or {}).get("type", "search") for item in made if item["type"] == "web_search_call"]
    files = [item for item in made if item["type"] == "file_search_call"]
    counts = {"web_searches": pages.count("search"), "storage_searches": len(files)}
    return {name: count for name, count in counts.items() if count}


def cost(
    catalogue: str | None, models: Sequence[str | None], facts: Mapping[str, Any], searches: Mapping[str, int]
) -> float | None:
    """Price a call by the catalogue's own calculation; None where it knows no price."""
    if "gen_ai.usage.input_tokens" not in facts or catalogue is None:
        return None
    usage = Usage(
        **searches,
        input_tokens=facts["gen_ai.usage.input_tokens"],
        output_tokens=facts.get("gen_ai.usage.output_tokens"),
        cache_read_tokens=facts.get("gen_ai.usage.cache_read.input_tokens"),
        cache_write_tokens=facts.get("gen_ai.usage.cache_write.input_tokens"),
        input_audio_tokens=facts.get("gen_ai.usage.audio.input_tokens"),
        output_audio_tokens=facts.get("gen_ai.usage.audio.output_tokens"),
    )
    for model in filter(None, models):
        try:
            price = calc_price(usage, model, provider_id=catalogue).total_price
        except LookupError:
            continue
        return float(price)
    return None


def headroom(headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Read limits and what is left of them from the names of response headers: openai's, anthropic's or mistral's."""
    found: dict[str, Any] = {}
    for name, value in headers:
        openai = re.fullmatch(r"x-ratelimit-(limit|remaining|reset)-(requests|tokens)", name.lower())
        anthropic = re.fullmatch(r"anthropic-ratelimit-(requests|tokens)-(limit|remaining|reset)", name.lower())
        mistral = re.fullmatch(r"x-ratelimit-(limit|remaining)-(req-10-second|tokens-minute)", name.lower())
        if openai:
            found[_limit(openai[2], openai[1])] = value
        elif anthropic:
            found[_limit(anthropic[1], anthropic[2])] = value
        elif mistral:
            found[_limit("requests" if mistral[2] == "req-10-second" else "tokens", mistral[1])] = value
    return {
        name: _seconds(value) if name.endswith("reset_s") else int(value)
        for name, value in found.items()
        if name.endswith("reset_s") or value.isdecimal()
    }


def _limit(kind: str, field: str) -> str:
    return f"agentotel.rate_limit.{kind}.{field}{'_s' if field == 'reset' else ''}"


def _seconds(text: str) -> float | None:
    """Read ``1m30s`` or a number; a moment (anthropic's) depends on the clock and gives None."""
    parts = re.findall(r"([\d.]+)(ms|[smhd])", text)
    if "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * SECONDS[unit] for number, unit in parts)
    return float(text) if re.fullmatch(r"[\d.]+", text) else None
