"""Mistral's embeddings, moderation, classification, OCR, transcription and speech.

Source: ``mistralai/client/models`` of mistralai 3.7.
"""

from __future__ import annotations

from agentotel.facts.call import Request, Response
from agentotel.semconv import names
from agentotel.wire._mistral import USAGE
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.openai_media import MediaFold
from agentotel.wire.read import Rule, by_table, failure, integer, number, text, texts, usage

REQUEST: tuple[Rule, ...] = (
    ("output_dimension", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("output_dtype", names.REQUEST_ENCODING_FORMATS, texts),
    ("encoding_format", names.REQUEST_ENCODING_FORMATS, texts),
    ("temperature", names.REQUEST_TEMPERATURE, number),
)


def response(body: Body) -> Response:
    """Read id, model and usage; vectors, scores, pages and sound are not looked at."""
    counted = body.get("usage")
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        usage=usage(counted, USAGE),
        tier=text(fields(counted).get("service_tier")),
        failure=failure(body.get("error")),
    )


def _format(name: str, output_type: str | None = None) -> Format:
    fixed = {names.OUTPUT_TYPE: output_type} if output_type else {}

    def request(body: Body) -> Request:
        return Request(model=text(body.get("model")), stream=_streams(body))

    return Format(name=name, request=request, response=response, asks=by_table(REQUEST, fixed), fold=MediaFold)


def _streams(body: Body) -> bool:
    """Tell whether a stream was asked for; a form holds a word."""
    return body.get("stream") in (True, "true", "True")


EMBEDDINGS = _format("mistral_embeddings")
MODERATION = _format("mistral_moderation")
CLASSIFICATION = _format("mistral_classification")
OCR = _format("mistral_ocr", "text")
TRANSCRIPTION = _format("mistral_transcription", "text")
SPEECH = _format("mistral_speech", "speech")
