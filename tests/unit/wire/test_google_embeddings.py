from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Request, Response, Usage
from agentotel.wire import google_embeddings, google_images
from tests.unit.wire.whole import asked

DIMENSIONS = {"gen_ai.embeddings.dimension.count": 64}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"requests": [{"outputDimensionality": 64}, {"outputDimensionality": 64}]}, DIMENSIONS),
        ({"requests": [{"embedContentConfig": {"outputDimensionality": 64}}]}, DIMENSIONS),
        ({"instances": [{"content": "hi"}], "parameters": {"outputDimensionality": 64}}, DIMENSIONS),
        ({"content": {"parts": []}, "embedContentConfig": {"output_dimensionality": 64}}, DIMENSIONS),
        ({"content": {"parts": []}}, {}),
    ],
)
def test_request(body: dict[str, object], found: dict[str, object]) -> None:
    assert asked(google_embeddings.FORMAT, {"model": "models/e", **body}) == Request(model="e", attributes=found)


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"embeddings": [{"values": [0.1]}], "usageMetadata": {"promptTokenCount": 9}}, Usage(input_tokens=9)),
        (
            {
                "predictions": [
                    {"embeddings": {"values": [0.1], "statistics": {"truncated": False, "token_count": count}}}
                    for count in (2, 3)
                ]
            },
            Usage(input_tokens=5),
        ),
        (
            {"embeddings": [{"values": [0.1], "statistics": {"tokenCount": 4.0}}]},
            Usage(input_tokens=4),
        ),
        ({"embeddings": [{"statistics": {"tokenCount": 4}}, {"values": []}]}, None),
        ({"embeddings": [{"values": [0.1]}]}, None),
        ({}, None),
    ],
)
def test_response(body: dict[str, object], usage: Usage | None) -> None:
    assert google_embeddings.FORMAT.response(body) == Response(usage=usage)


def test_error() -> None:
    body = {"error": {"code": 400, "message": "m"}}
    for wire in (google_embeddings, google_images):
        assert wire.FORMAT.response(body) == Response(failure=Failure(type="400", message="m"))


def test_images() -> None:
    body = {"model": "imagen-4", "instances": [{"prompt": "cat"}], "parameters": {"sampleCount": 2, "seed": 5}}
    assert asked(google_images.FORMAT, body) == Request(
        model="imagen-4",
        attributes={
            "gen_ai.output.type": "image",
            "gen_ai.request.choice.count": 2,
            "gen_ai.request.seed": 5,
        },
    )
    assert google_images.FORMAT.response({"predictions": [{"mimeType": "image/png"}]}) == Response()
