"""Gemini's ``generateContent`` and its stream, at the Gemini API and at Vertex AI.

The model is in the path of a request, not in its body: who reads the request puts it there as ``model``, and
``stream`` where the path says so.

Source: ``google/genai/types.py`` and ``google/genai/models.py`` of google-genai 3.4.
"""

from __future__ import annotations

from dataclasses import replace

from agentotel.facts.call import NOTHING, AttributeValue, Content, Context, Request, Response, Usage
from agentotel.semconv import names
from agentotel.wire import server_tools
from agentotel.wire._google import (
    bare_model,
    counts,
    finish_reason,
    get,
    made_usage,
    raw_reason,
    refusal,
    spelled,
    whole,
)
from agentotel.wire._google_fold import GenerateFold, TextFold
from agentotel.wire._google_parts import (
    answered,
    contents,
    definition,
    offered,
    sent_message,
    sent_parts,
    tool_requests,
)
from agentotel.wire._google_served import logprobs, searches, uses
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import output_message
from agentotel.wire.read import Rule, attributes, integer, items, number, one_of, several, text, texts


def _modality(value: object) -> AttributeValue | None:
    """Name the output that is more than text: asked for with text beside it, it is still what is asked for."""
    kinds = [kind.upper() for kind in items(value) if isinstance(kind, str)]
    return next((_OUTPUTS[kind] for kind in kinds if kind in _OUTPUTS), None)


def _level(value: object) -> AttributeValue | None:
    level = text(get(fields(value), "thinkingLevel"))
    return level and str.__str__(level)  # a member of an enum of the SDK, which is a string


_OUTPUTS = {"IMAGE": "image", "AUDIO": "speech"}
_KINDS = {"application/json": "json", "text/plain": "text", "text/x.enum": "text"}
CONFIG: tuple[Rule, ...] = spelled(
    (
        ("maxOutputTokens", names.REQUEST_MAX_TOKENS, integer),
        ("temperature", names.REQUEST_TEMPERATURE, number),
        ("topP", names.REQUEST_TOP_P, number),
        ("topK", names.REQUEST_TOP_K, whole),
        ("frequencyPenalty", names.REQUEST_FREQUENCY_PENALTY, number),
        ("presencePenalty", names.REQUEST_PRESENCE_PENALTY, number),
        ("seed", names.REQUEST_SEED, integer),
        ("stopSequences", names.REQUEST_STOP_SEQUENCES, texts),
        ("candidateCount", names.REQUEST_CHOICE_COUNT, several),
        ("thinkingConfig", names.REQUEST_REASONING_LEVEL, _level),
        ("responseModalities", names.OUTPUT_TYPE, _modality),
        ("responseMimeType", names.OUTPUT_TYPE, one_of(_KINDS)),
    )
)


def request(body: Body) -> Request:
    """Read which model is asked, and whether its answer is to be a stream."""
    return Request(model=bare_model(body.get("model")), stream=body.get("stream") is True)


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the settings of what is asked for."""
    return attributes(fields(get(body, "generationConfig")), CONFIG)


def response(body: Body) -> Response:
    """Read an answer. A prompt that was blocked has no candidates, and is an answer that ended for its content."""
    candidates = [fields(candidate) for candidate in items(body.get("candidates"))]
    blocked = not candidates and get(fields(get(body, "promptFeedback")), "blockReason")
    reasons = tuple(raw_reason(get(candidate, "finishReason")) for candidate in candidates)
    sent = fields(get(body, "usageMetadata"))
    model = bare_model(get(body, "modelVersion"))
    served = uses(candidates)
    return Response(
        id=text(get(body, "responseId")),
        model=model,
        finish_reasons=("content_filter",) if blocked else reasons,
        usage=with_searches(usage(sent), searches(candidates, model) if served else None),
        tier=text(get(sent, "serviceTier")) or text(get(sent, "trafficType")),
        tool_requests=tuple(
            call for candidate in candidates for call in tool_requests(candidate.get("content")) if call.name
        ),
        attributes=server_tools.counts(served) if served else NOTHING,
        failure=refusal(body.get("error")),
        server_tools=served,
    )


def with_searches(usage: Usage | None, count: int | None) -> Usage | None:
    """Add billed searches to what was sent."""
    return usage if count is None else (usage or Usage())._replace(web_searches=count)


def usage(sent: Body) -> Usage | None:
    """Read ``usageMetadata``."""
    totals = {
        "input": integer(get(sent, "promptTokenCount")),
        "tools": integer(get(sent, "toolUsePromptTokenCount")),
        "output": integer(get(sent, "candidatesTokenCount")),
        "thoughts": integer(get(sent, "thoughtsTokenCount")),
        "cached": integer(get(sent, "cachedContentTokenCount")),
    }
    if totals["output"] is None:
        totals["output"] = integer(get(sent, "responseTokenCount"))
    modalities = {
        "input": counts(get(sent, "promptTokensDetails") or get(sent, "promptTokenDetails"), "tokenCount"),
        "tools": counts(get(sent, "toolUsePromptTokensDetails"), "tokenCount"),
        "output": counts(get(sent, "candidatesTokensDetails") or get(sent, "responseTokensDetails"), "tokenCount"),
        "cached": counts(get(sent, "cacheTokensDetails"), "tokenCount"),
    }
    return made_usage(totals, modalities)


def context(body: Body) -> Context:
    """Show the system instruction, the offered tools and the contents."""
    return Context(
        system=get(body, "systemInstruction"),
        tools=offered(body.get("tools")) or None,
        messages=contents(body.get("contents")),
    )


def answers(message: object) -> tuple[str, ...]:
    """Return the ids of the calls that a content answers; the name of the function stands for a missing id."""
    return tuple(answered(message))


def content(body: Body) -> Content:
    """Read system instruction, contents and tools in the shape of the conventions."""
    return Content(
        system_instructions=sent_parts(get(body, "systemInstruction")) or None,
        input_messages=[sent_message(sent) for sent in contents(body.get("contents"))] or None,
        tool_definitions=[definition(tool) for tool in offered(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read one output message per candidate."""
    candidates = [fields(candidate) for candidate in items(body.get("candidates"))]
    return [
        output_message("assistant", sent_parts(candidate.get("content")), finish_reason(get(candidate, "finishReason")))
        for candidate in candidates
    ] or None


FORMAT = Format(
    name="google_generate",
    request=request,
    response=response,
    asks=asks,
    fold=GenerateFold,
    context=context,
    answers=answers,
    content=content,
    output=output,
    logprobs=logprobs,
)
PASSED_ON = replace(FORMAT, fold=TextFold)
"""The format of the stream as google-genai passes it on inside."""
