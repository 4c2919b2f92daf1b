"""Embeddings of OpenAI and of servers that speak their format.

Source: ``openai/types/embedding_create_params.py`` of openai 3.52, whose client sends
``encoding_format: base64`` where the caller sets none.
"""

from __future__ import annotations

from agentotel.semconv import names
from agentotel.wire._openai import plain_response
from agentotel.wire.format import Format
from agentotel.wire.read import Rule, by_table, integer, model_request, texts

REQUEST: tuple[Rule, ...] = (
    ("dimensions", names.EMBEDDINGS_DIMENSION_COUNT, integer),
    ("encoding_format", names.REQUEST_ENCODING_FORMATS, texts),
)


FORMAT = Format(name="openai_embeddings", request=model_request, response=plain_response, asks=by_table(REQUEST))
