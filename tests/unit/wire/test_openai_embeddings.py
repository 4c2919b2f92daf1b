from __future__ import annotations

from agentotel.facts.call import Failure, Request, Response, Usage
from agentotel.wire.openai_embeddings import FORMAT
from tests.unit.wire.whole import asked


def test_request() -> None:
    assert asked(FORMAT, {"model": "m", "input": "x", "dimensions": 256, "encoding_format": "base64"}) == Request(
        model="m",
        attributes={"gen_ai.embeddings.dimension.count": 256, "gen_ai.request.encoding_formats": ["base64"]},
    )


def test_response() -> None:
    body = {"model": "m-1", "data": [{}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    assert FORMAT.response(body) == Response(model="m-1", usage=Usage(input_tokens=1))
    assert FORMAT.response({"error": {"code": "c"}}) == Response(failure=Failure(type="c"))
