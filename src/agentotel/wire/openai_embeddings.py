"""Embeddings of OpenAI and of servers that speak their format.

Source: ``openai/types/embedding_create_params.py`` of openai 3.52, whose client sends
``encoding_format: base64`` where the caller sets none.
"""

from __future__ import annotations

from agentotel.facts.call import Request, Response
from agentotel.semconv import names
from agentotel.wire._openai import USAGE
from agentotel.wire.format import Body, Format
from agentotel.wire.read import Rule, attributes, failure, integer, text, texts, usage

REQUEST: tuple[Rule, ...] = (
    ("dimensions", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("encoding_format", names.REQUEST_ENCODING_FORMATS, texts),
)


def request(body: Body) -> Request:
    """Read what an embedding asks for."""
    return Request(model=text(body.get("model")), attributes=attributes(body, REQUEST))


def response(body: Body) -> Response:
    """Read an embedding's model and usage; the vectors are not looked at."""
    return Response(
        id=text(body.get("id")),
        model=text(body.get("model")),
        usage=usage(body.get("usage"), USAGE),
        failure=failure(body.get("error")),
    )


FORMAT = Format(name="openai_embeddings", request=request, response=response)
