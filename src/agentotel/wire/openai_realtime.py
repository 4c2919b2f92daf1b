"""Responses of OpenAI's Realtime API, whose events come over a connection that carries many.

Source: ``openai/types/realtime`` of openai 2.0 and 3.54.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.facts.call import AttributeValue, Content, Request, Response, ToolRequest
from agentotel.semconv import names
from agentotel.wire._openai import USAGE
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import Part, function_tool, output_message, part, texts_as, tool_call
from agentotel.wire.read import OTHER_ERROR, Rule, by_table, failure, integer, items, number, text, usage


def _spoken(value: object) -> AttributeValue | None:
    return "speech" if "audio" in items(value) else "text" if "text" in items(value) else None


REQUEST: tuple[Rule, ...] = (
    ("max_output_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("max_response_output_tokens", names.REQUEST_MAX_TOKENS, integer),
    ("temperature", names.REQUEST_TEMPERATURE, number),
    ("output_modalities", names.OUTPUT_TYPE, _spoken),
    ("modalities", names.OUTPUT_TYPE, _spoken),
)
_REASONS: Mapping[str, str] = {"completed": "stop", "failed": "error"}
_DETAILS: Mapping[str, str] = {"max_output_tokens": "length"}


class RealtimeFold:
    """Keeps what begins and what ends a response; sound and text are in its last event, whole."""

    __slots__ = ("_error", "_head", "complete")

    def __init__(self) -> None:
        self._head: Body | None = None
        self._error: object = None
        self.complete = False

    def add(self, chunk: object) -> None:
        """Read one event: a mapping or an SDK object."""
        sent = fields(chunk)
        kind = text(sent.get("type"))
        if kind in {"response.created", "response.done"}:
            self._head = fields(sent.get("response"))
            self.complete = kind == "response.done"
        elif kind == "error":
            self._error = sent.get("error")

    def result(self) -> Body | None:
        """Return the response, as far as it was told of."""
        if self._error is not None:
            return {**(self._head or {}), "error": self._error}
        return self._head


def request(body: Body) -> Request:
    """Read what a response is to be; its session says what the request does not."""
    return Request(model=text(body.get("model")), stream=True)


def response(body: Body) -> Response:
    """Read a response; one that the speaker interrupted has the reason ``turn_detected``."""
    status = text(body.get("status"))
    details = fields(body.get("status_details"))
    error = failure(body.get("error")) or (
        (failure(details.get("error")) or failure({"code": OTHER_ERROR})) if status == "failed" else None
    )
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        finish_reasons=_finish_reasons(body, status, details),
        usage=usage(body.get("usage"), USAGE),
        tool_requests=tuple(_calls(body)),
        failure=error,
    )


def _finish_reasons(body: Body, status: str | None, details: Body) -> tuple[str, ...]:
    if status is None or status == "in_progress":
        return ()
    if status == "completed" and any(_calls(body)):
        return ("tool_calls",)
    reason = text(details.get("reason")) or status
    return (_REASONS.get(status) or _DETAILS.get(reason, reason),)


def _calls(body: Body) -> list[ToolRequest]:
    calls = [item for item in map(fields, items(body.get("output"))) if item.get("type") == "function_call"]
    return [
        ToolRequest(id=text(one.get("call_id")), name=text(one.get("name")) or "", arguments=one.get("arguments"))
        for one in calls
    ]


def content(body: Body) -> Content:
    """Read instructions and tools; what was said before is in the conversation, on the server."""
    return Content(
        system_instructions=texts_as("text", body.get("instructions")) or None,
        tool_definitions=[function_tool(tool, "parameters") for tool in items(body.get("tools"))] or None,
    )


def output(body: Body) -> list[dict[str, object]] | None:
    """Read the items of a response as the one output message that they are: text, and what sound says."""
    parts: list[Part] = []
    for item in map(fields, items(body.get("output"))):
        for piece in map(fields, items(item.get("content"))):
            parts += texts_as("text", piece.get("text"))
            if text(piece.get("transcript")):
                parts.append(part("text", content=piece["transcript"]))
    parts += [tool_call(call) for call in _calls(body)]
    reason = next(iter(_finish_reasons(body, text(body.get("status")), fields(body.get("status_details")))), None)
    return [output_message("assistant", parts, "tool_call" if reason == "tool_calls" else reason)] if parts else None


FORMAT = Format(
    name="openai_realtime",
    request=request,
    response=response,
    asks=by_table(REQUEST),
    fold=RealtimeFold,
    content=content,
    output=output,
)
