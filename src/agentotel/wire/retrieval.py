"""Searches of stored documents: a vector store of OpenAI, a search index of Mistral, a knowledge base of Bedrock.

The id of a store stands in the path at OpenAI and Mistral; the body has it under the name that the path's table gives.
Source: ``openai/resources/vector_stores`` of openai 3.54, ``mistralai/client/context_search_indexes.py`` of
mistralai 3.7, the model of ``bedrock-agent-runtime`` in botocore 1.44.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agentotel.facts.call import Content, Request, Response
from agentotel.semconv import names
from agentotel.wire.format import Body, Format, fields
from agentotel.wire.parts import Part
from agentotel.wire.read import (
    Rule,
    attributes,
    by_table,
    failure,
    inside,
    integer,
    items,
    number,
    present,
    text,
    texts,
)

Queries = Callable[[Body], Iterable[str | None]]
Documents = Callable[[Body], Iterable[Part]]


def retrieval(name: str, store: str, rules: tuple[Rule, ...], queries: Queries, documents: Documents) -> Format:
    """Make the format of a search: which field names the store, how the rest is read, the queries, what was found."""
    source: tuple[Rule, ...] = ((store, names.DATA_SOURCE_ID, text),)

    def content(body: Body) -> Content | None:
        asked = dict.fromkeys(filter(None, queries(body)))
        return Content(query="\n".join(asked)) if asked else None

    return Format(
        name=name,
        request=lambda body: Request(attributes=attributes(body, source)),
        response=lambda body: Response(failure=failure(body.get("error"))),
        asks=by_table(rules),
        content=content,
        documents=lambda body: list(documents(body)),
    )


def document(id_: object, score: object, contents: Iterable[object]) -> Part:
    """Build a document; of its content the texts are shown, one below the other."""
    return present(id=text(id_), score=number(score), content="\n".join(filter(None, map(text, contents))) or None)


def _stored(body: Body) -> Iterator[Part]:
    for one in map(fields, items(body.get("data"))):
        pieces = map(fields, items(one.get("content")))
        yield document(one.get("file_id"), one.get("score"), (piece.get("text") for piece in pieces))


def _indexed(body: Body) -> Iterator[Part]:
    for one in map(fields, items(body.get("hits"))):
        chunk = fields(one.get("chunk"))
        yield document(chunk.get("id"), one.get("score"), (chunk.get("content"),))


def _known(body: Body) -> Iterator[Part]:
    for one in map(fields, items(body.get("retrievalResults"))):
        yield document(one.get("documentId"), one.get("score"), (fields(one.get("content")).get("text"),))


def _retrieved_by(body: Body) -> Iterator[str | None]:
    """Give the query of a retriever of Mistral, and those of the retrievers inside it."""
    retriever = fields(body.get("retriever"))
    for one in (retriever, *map(fields, items(retriever.get("retrievers")))):
        yield text(one.get("query"))


VECTOR_STORE = retrieval(
    "openai_vector_store",
    "vector_store_id",
    (("max_num_results", names.RETRIEVAL_TOP_K, integer),),
    lambda body: texts(body.get("query")) or (),
    _stored,
)
SEARCH_INDEX = retrieval(
    "mistral_search_index",
    "index_name",
    (("retriever", names.RETRIEVAL_TOP_K, inside("top_k", integer)),),
    _retrieved_by,
    _indexed,
)
KNOWLEDGE_BASE = retrieval(
    "bedrock_knowledge_base",
    "knowledgeBaseId",
    (
        ("guardrailConfiguration", names.AWS_BEDROCK_GUARDRAIL_ID, inside("guardrailId", text)),
        *(
            ("retrievalConfiguration", names.RETRIEVAL_TOP_K, inside(kind, inside("numberOfResults", integer)))
            for kind in ("vectorSearchConfiguration", "managedSearchConfiguration")
        ),
    ),
    lambda body: (text(fields(body.get("retrievalQuery")).get("text")),),
    _known,
)
