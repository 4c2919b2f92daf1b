"""Searches of stored documents, in the formats of three providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentotel.facts.call import Failure, Response
from agentotel.wire.format import Format
from agentotel.wire.retrieval import KNOWLEDGE_BASE, SEARCH_INDEX, VECTOR_STORE
from tests.unit.wire.conformance import sdk
from tests.unit.wire.whole import asked

FOUND = [{"id": "f1", "score": 0.5, "content": "one\ntwo"}, {"id": "f2", "score": 1.0}]
PIECES = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
STORED = {"data": [{"file_id": "f1", "score": 0.5, "content": PIECES}, {"file_id": "f2", "score": 1, "content": []}]}
INDEXED = {
    "hits": [
        {"chunk": {"id": "f1", "content": "one\ntwo"}, "score": 0.5, "index_name": "i"},
        {"chunk": {"id": "f2", "content": ""}, "score": 1.0},
    ]
}
KNOWN = {
    "retrievalResults": [
        {"documentId": "f1", "score": 0.5, "content": {"text": "one\ntwo", "type": "TEXT"}},
        {"documentId": "f2", "score": 1.0, "content": {"type": "IMAGE", "byteContent": "AAAA"}},
    ]
}
NEAREST = {"type": "nearest_neighbour", "query": "a"}
REQUESTS: tuple[tuple[Format, Mapping[str, Any], dict[str, Any], str | None], ...] = (
    (VECTOR_STORE, {"vector_store_id": "s", "query": "a"}, {"gen_ai.data_source.id": "s"}, "a"),
    (
        VECTOR_STORE,
        {"vector_store_id": "s", "query": ["a", "b", "a"], "max_num_results": 3},
        {"gen_ai.data_source.id": "s", "gen_ai.retrieval.top_k": 3},
        "a\nb",
    ),
    (
        SEARCH_INDEX,
        {"index_name": "i", "retriever": {**NEAREST, "top_k": 3}},
        {"gen_ai.data_source.id": "i", "gen_ai.retrieval.top_k": 3},
        "a",
    ),
    (
        SEARCH_INDEX,
        {"index_name": "i", "retriever": {"type": "rrf", "retrievers": [NEAREST, {"type": "keyword", "query": "b"}]}},
        {"gen_ai.data_source.id": "i"},
        "a\nb",
    ),
    *(
        (
            KNOWLEDGE_BASE,
            {
                "knowledgeBaseId": "k",
                "retrievalQuery": {"text": "a"},
                "retrievalConfiguration": {kind: {"numberOfResults": 3}},
                "guardrailConfiguration": {"guardrailId": "g", "guardrailVersion": "1"},
            },
            {
                "gen_ai.data_source.id": "k",
                "aws.bedrock.guardrail.id": "g",
                "gen_ai.retrieval.top_k": 3,
            },
            "a",
        )
        for kind in ("vectorSearchConfiguration", "managedSearchConfiguration")
    ),
    (KNOWLEDGE_BASE, {"retrievalQuery": {"image": {"format": "png"}}}, {}, None),
    (VECTOR_STORE, {}, {}, None),
    (SEARCH_INDEX, {}, {}, None),
)


@pytest.mark.parametrize(("format_", "body", "attributes", "query"), REQUESTS)
def test_request(format_: Format, body: Mapping[str, Any], attributes: dict[str, Any], query: str | None) -> None:
    found = asked(format_, body)
    assert (found.model, found.stream, found.attributes) == (None, False, attributes)
    content = format_.content(body)
    assert (None if content is None else content.query) == query


@pytest.mark.parametrize(
    ("format_", "body"), [(VECTOR_STORE, STORED), (SEARCH_INDEX, INDEXED), (KNOWLEDGE_BASE, KNOWN)]
)
def test_documents(format_: Format, body: Mapping[str, Any]) -> None:
    for answer in (body, sdk(body).__dict__):
        assert format_.documents(answer) == FOUND
        assert format_.response(answer) == Response()
        assert format_.output(answer) is None
    assert format_.documents({}) == []


def test_an_answer_that_is_an_error() -> None:
    assert VECTOR_STORE.response({"error": {"code": "c"}}).failure == Failure(type="c")
