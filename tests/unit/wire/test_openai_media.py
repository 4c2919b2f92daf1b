from __future__ import annotations

import pytest

from agentotel.facts.call import Failure, Request, Response, Usage
from agentotel.wire.format import Format
from agentotel.wire.openai_media import IMAGES, MODERATION, SPEECH, TRANSCRIPTION
from tests.unit.wire.conformance import sdk
from tests.unit.wire.whole import asked


@pytest.mark.parametrize(("format_", "output_type"), [(IMAGES, "image"), (SPEECH, "speech"), (TRANSCRIPTION, "text")])
def test_output_type(format_: Format, output_type: str) -> None:
    assert asked(format_, {"model": "m"}) == Request(model="m", attributes={"gen_ai.output.type": output_type})


def test_request() -> None:
    assert asked(MODERATION, {"model": "m"}) == Request(model="m")
    assert asked(IMAGES, {"n": 2, "stream": True}) == Request(
        stream=True, attributes={"gen_ai.request.choice.count": 2, "gen_ai.output.type": "image"}
    )
    assert SPEECH.request({"stream_format": "sse"}).stream is True
    assert SPEECH.request({"stream_format": "audio"}).stream is False


def test_response() -> None:
    image = {
        "usage": {
            "input_tokens": 50,
            "output_tokens": 4000,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens_details": {"image_tokens": 4000, "text_tokens": 0},
        }
    }
    assert IMAGES.response(image) == Response(
        usage=Usage(
            input_tokens=50,
            output_tokens=4000,
            text_input_tokens=10,
            image_input_tokens=40,
            image_output_tokens=4000,
            text_output_tokens=0,
        )
    )
    spoken = {"text": "hi", "usage": {"input_tokens": 9, "input_token_details": {"audio_tokens": 8, "text_tokens": 1}}}
    assert TRANSCRIPTION.response(spoken).usage == Usage(input_tokens=9, audio_input_tokens=8, text_input_tokens=1)
    assert TRANSCRIPTION.response({"usage": {"type": "duration", "seconds": 3}}).usage is None
    assert MODERATION.response({"id": "modr-1", "model": "m-1", "results": []}) == Response(id="modr-1", model="m-1")


@pytest.mark.parametrize("make", [lambda sent: sent, sdk], ids=["dict", "sdk"])
def test_fold(make: object) -> None:
    folded = IMAGES.fold()
    folded.add(make({"type": "image_generation.partial_image", "b64_json": "AA=="}))
    assert folded.result() is None
    assert not folded.complete
    folded.add(make({"type": "image_generation.completed", "b64_json": "AA==", "usage": {"input_tokens": 5}}))
    assert folded.complete
    assert IMAGES.response(folded.result()) == Response(usage=Usage(input_tokens=5))


def test_fold_without_usage_and_with_an_error() -> None:
    folded = SPEECH.fold()
    folded.add({"type": "speech.audio.done"})
    assert (folded.result(), folded.complete) == ({}, True)
    folded = SPEECH.fold()
    folded.add({"error": {"code": "c"}})
    assert SPEECH.response(folded.result()) == Response(failure=Failure(type="c"))
