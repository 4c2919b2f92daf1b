"""Cohere's embeddings, rerank, classification, documents and transcription, in both versions of its API.

Source: ``cohere/raw_base_client.py``, ``cohere/v2/raw_client.py`` and ``cohere/audio`` of cohere 7.3.
"""

from __future__ import annotations

from agentotel.facts.call import Response
from agentotel.semconv import names
from agentotel.wire._cohere import billed, token_counts
from agentotel.wire.format import Body, Format
from agentotel.wire.read import Rule, by_table, failure, integer, model_request, number, text, texts

REQUEST: tuple[Rule, ...] = (
    ("output_dimension", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("embedding_types", names.REQUEST_ENCODING_FORMATS, texts),
    ("temperature", names.REQUEST_TEMPERATURE, number),
)


def response(body: Body) -> Response:
    """Read id and usage of an answer; vectors, scores and labels are not looked at."""
    return Response(
        id=text(body.get("id")), usage=token_counts(body), billed=billed(body), failure=failure(body.get("error"))
    )


def _format(name: str) -> Format:
    return Format(name=name, request=model_request, response=response, asks=by_table(REQUEST))


EMBED = _format("cohere_embed")
RERANK = _format("cohere_rerank")
CLASSIFY = _format("cohere_classify")
DOCUMENT = _format("cohere_document")
TRANSCRIPTION = _format("cohere_transcription")
