from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, Usage
from agentotel.wire.openai_completions import FORMAT
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms, sdk
from tests.unit.wire.whole import asked, told

Make = Callable[[dict[str, object]], object]


@pytest.fixture(params=[lambda sent: sent, sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def test_request() -> None:
    sent = {"model": "m", "prompt": "hi", "max_tokens": 5, "temperature": 0, "stop": "x", "n": 2, "stream": True}
    assert asked(FORMAT, sent) == Request(
        model="m",
        stream=True,
        attributes={
            "gen_ai.request.max_tokens": 5,
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.stop_sequences": ["x"],
            "gen_ai.request.choice.count": 2,
        },
    )


def test_response_and_output() -> None:
    body = {
        "id": "c",
        "model": "m-1",
        "system_fingerprint": "fp",
        "choices": [{"text": "a", "finish_reason": "length"}, {"text": "", "finish_reason": None}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 0},
    }
    assert told(FORMAT, body) == Response(
        id="c",
        model="m-1",
        finish_reasons=("length", "error"),
        usage=Usage(input_tokens=1, output_tokens=0),
        attributes={"openai.response.system_fingerprint": "fp"},
    )
    made = FORMAT.output(body)
    assert made == [
        {"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "length"},
        {"role": "assistant", "parts": [], "finish_reason": "error"},
    ]
    assert_conforms("output-messages", made)
    assert FORMAT.output({}) is None


@pytest.mark.parametrize(
    ("prompt", "messages", "shown"),
    [
        ("hi", ["hi"], [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]),
        (["a"], ["a"], [{"role": "user", "parts": [{"type": "text", "content": "a"}]}]),
        ([[1, 2]], [[1, 2]], None),
        (None, [], None),
    ],
)
def test_prompt(prompt: object, messages: list[object], shown: object) -> None:
    context, content = FORMAT.context({"prompt": prompt}), FORMAT.content({"prompt": prompt})
    assert isinstance(context, Context)
    assert list(context.messages) == messages
    assert content is not None
    assert content.input_messages == shown
    assert_content_conforms(content)


def chunk(text: object, index: int = 0, reason: str | None = None) -> dict[str, object]:
    return {"id": "c", "model": "m", "choices": [{"index": index, "text": text, "finish_reason": reason}]}


def test_fold(make: Make) -> None:
    folded = FORMAT.fold()
    assert folded.result() is None
    for sent in (chunk("a"), chunk("x", 1), chunk("b", reason="stop"), chunk(None)):
        folded.add(make(sent))
    assert not folded.complete
    folded.add(make(chunk("", 1, "length")))
    folded.add(make({"id": "other", "choices": [], "usage": {"prompt_tokens": 2}}))
    assert folded.complete
    body = folded.result()
    assert told(FORMAT, body) == Response(
        id="c", model="m", finish_reasons=("stop", "length"), usage=Usage(input_tokens=2)
    )
    assert [choice["text"] for choice in body["choices"]] == ["ab", "x"]


def test_fold_of_chunks_that_say_themselves_why_they_end(make: Make) -> None:
    folded = FORMAT.fold()
    folded.add(make(chunk("a")))
    folded.add(make({**chunk(""), "finish_reason": "eos"}))
    assert folded.complete
    assert FORMAT.response(folded.result()).finish_reasons == ("eos",)


def test_fold_of_an_error(make: Make) -> None:
    folded = FORMAT.fold()
    folded.add(make({"error": {"code": "server_error"}}))
    assert not folded.complete
    assert FORMAT.response(folded.result()) == Response(failure=Failure(type="server_error"))
