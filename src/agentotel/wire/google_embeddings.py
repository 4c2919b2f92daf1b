"""Embeddings of Gemini and of Vertex AI.

Source: ``EmbedContent*`` in ``google/genai/models.py`` of google-genai 3.4: ``batchEmbedContents`` and
``embedContent``, and ``predict`` for the older models of Vertex AI, which counts tokens per text.
"""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Response, Usage
from agentotel.semconv import names
from agentotel.wire._google import get, model_request, refusal
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.google_generate import usage
from agentotel.wire.read import integer, items, number

_SETTINGS = ("embedContentConfig", "parameters")


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read the settings of an embedding; each of several texts has the same."""
    asked = fields(next(iter(items(body.get("requests"))), body))
    held = next((fields(inner) for key in _SETTINGS if (inner := get(asked, key)) is not None), asked)
    dimensions = integer(get(held, "outputDimensionality"))
    return {} if dimensions is None else {names.EMBEDDINGS_DIMENSION_COUNT: dimensions}


def response(body: Body) -> Response:
    """Read an embedding's usage; the vectors are not looked at."""
    return Response(
        usage=usage(fields(get(body, "usageMetadata"))) or _counted(body), failure=refusal(body.get("error"))
    )


def _counted(body: Body) -> Usage | None:
    """Add up the tokens of each text."""
    made = [fields(entry) for entry in items(body.get("predictions")) or items(body.get("embeddings"))]
    statistics = [fields(fields(entry.get("embeddings") or entry).get("statistics")) for entry in made]
    tokens = [number(get(entry, "token_count")) or number(get(entry, "tokenCount")) for entry in statistics]
    known = [count for count in tokens if count is not None]
    return Usage(input_tokens=int(sum(known))) if known and len(known) == len(tokens) else None


FORMAT = Format(name="google_embeddings", request=model_request, response=response, asks=asks)
