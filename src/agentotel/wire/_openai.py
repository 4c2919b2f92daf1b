"""What the OpenAI formats share: tables of request fields and token counts, errors."""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Response, Usage
from agentotel.semconv import names
from agentotel.wire.format import Body, fields
from agentotel.wire.read import Rule, UsageTable, failure, inside, integer, number, one_of, several, text, usage

_INPUT_DETAILS: UsageTable = {
    "cached_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "audio_tokens": "audio_input_tokens",
    "image_tokens": "image_input_tokens",
    "text_tokens": "text_input_tokens",
    "cached_tokens_details": {
        "audio_tokens": "audio_cache_read_tokens",
        "image_tokens": "image_cache_read_tokens",
        "text_tokens": "text_cache_read_tokens",
    },
}
_OUTPUT_DETAILS: UsageTable = {
    "reasoning_tokens": "reasoning_tokens",
    "audio_tokens": "audio_output_tokens",
    "image_tokens": "image_output_tokens",
    "text_tokens": "text_output_tokens",
}
USAGE: UsageTable = {
    "prompt_tokens": "input_tokens",
    "input_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "output_tokens": "output_tokens",
    "prompt_tokens_details": _INPUT_DETAILS,
    "input_tokens_details": _INPUT_DETAILS,
    "input_token_details": _INPUT_DETAILS,
    "completion_tokens_details": _OUTPUT_DETAILS,
    "output_tokens_details": _OUTPUT_DETAILS,
    "output_token_details": _OUTPUT_DETAILS,
    "cached_tokens": "cache_read_tokens",
    "prompt_cache_hit_tokens": "cache_read_tokens",
}
"""Token counts of every OpenAI format.

The last two are sent by compatible servers: ``cached_tokens`` by Together and Moonshot,
``prompt_cache_hit_tokens`` by DeepSeek.
Source: ``CompletionUsage``, ``ResponseUsage``, ``ImagesResponse.usage``, ``Transcription.usage`` of openai 3.52.
"""


def _tier(value: object) -> AttributeValue | None:
    return None if value == "auto" else text(value)


OUTPUT_TYPE = one_of({"json_object": "json", "json_schema": "json", "text": "text"})
FORMAT_TYPE = inside("type", OUTPUT_TYPE)
EFFORT = inside("effort", text)

SAMPLING: tuple[Rule, ...] = (
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("top_p", names.REQUEST_TOP_P, number),
    ("top_k", names.REQUEST_TOP_K, integer),
    ("frequency_penalty", names.REQUEST_FREQUENCY_PENALTY, number),
    ("presence_penalty", names.REQUEST_PRESENCE_PENALTY, number),
    ("seed", names.REQUEST_SEED, integer),
)
CHOICES: Rule = ("n", names.REQUEST_CHOICE_COUNT, several)
SERVICE_TIER: Rule = ("service_tier", names.OPENAI_REQUEST_SERVICE_TIER, _tier)

ANSWER: tuple[Rule, ...] = (
    ("service_tier", names.OPENAI_RESPONSE_SERVICE_TIER, text),
    ("system_fingerprint", names.OPENAI_SYSTEM_FINGERPRINT, text),
)


def plain_response(body: Body) -> Response:
    """Read an answer that stops for no reason: vectors, pictures, scores, which are not looked at."""
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        usage=usage(body.get("usage"), USAGE),
        failure=failure(body.get("error")),
    )


def usage_chunk(chunk: object) -> bool:
    """Tell the chunk of a stream that holds usage and no choice. Runs for every chunk, so one field comes first."""
    try:
        choices = chunk["choices"] if type(chunk) is dict else chunk.choices  # type: ignore[attr-defined]
    except (AttributeError, KeyError):
        return False
    return not choices and fields(chunk).get("usage") is not None


def sent_usage(body: Body) -> object:
    """Return the usage object; Groq sends the one of a stream inside ``x_groq``."""
    return body.get("usage") or _of_groq(body, "usage")


def sent_error(body: Body) -> object:
    """Return the error of an answer or a chunk: under its key, inside Groq's ``x_groq``, or the body itself (vLLM)."""
    return body.get("error") or _of_groq(body, "error") or (body if body.get("object") == "error" else None)


def _of_groq(body: Body, key: str) -> object:
    return fields(body["x_groq"]).get(key) if "x_groq" in body else None


def chat_usage(sent: Body) -> Usage | None:
    """Read the usage of a chat. What its total holds beyond input and output is reasoning, and so output as well.

    xAI leaves reasoning out of ``completion_tokens``, Gemini its thoughts, of which it sends no count.
    Source: https://docs.x.ai/docs/key-information/consumption-and-rate-limits
    """
    found = usage(sent, USAGE)
    if found is None or found.input_tokens is None or found.output_tokens is None:
        return found
    beyond = (integer(sent.get("total_tokens")) or 0) - found.input_tokens - found.output_tokens
    if beyond <= 0 or found.reasoning_tokens not in {None, beyond}:
        return found
    return found._replace(output_tokens=found.output_tokens + beyond)
