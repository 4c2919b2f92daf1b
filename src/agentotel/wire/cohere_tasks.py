"""Cohere's embeddings, rerank, classification, documents and transcription, in both versions of its API.

Source: ``cohere/raw_base_client.py``, ``cohere/v2/raw_client.py`` and ``cohere/audio`` of cohere 7.3.
"""

from __future__ import annotations

from agentotel.facts.call import Request, Response
from agentotel.semconv import names
from agentotel.wire._cohere import billed, token_counts
from agentotel.wire.format import Body, Format
from agentotel.wire.read import Rule, attributes, failure, integer, number, text, texts

REQUEST: tuple[Rule, ...] = (
    ("output_dimension", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("embedding_types", names.REQUEST_ENCODING_FORMATS, texts),
    ("temperature", names.REQUEST_TEMPERATURE, number),
)


def request(body: Body) -> Request:
    """Read what a task asks for."""
    return Request(model=text(body.get("model")), attributes=attributes(body, REQUEST))


def response(body: Body) -> Response:
    """Read id and usage of an answer; vectors, scores and labels are not looked at."""
    return Response(
        id=text(body.get("id")), usage=token_counts(body), billed=billed(body), failure=failure(body.get("error"))
    )


EMBED = Format(name="cohere_embed", request=request, response=response)
RERANK = Format(name="cohere_rerank", request=request, response=response)
CLASSIFY = Format(name="cohere_classify", request=request, response=response)
DOCUMENT = Format(name="cohere_document", request=request, response=response)
TRANSCRIPTION = Format(name="cohere_transcription", request=request, response=response)
