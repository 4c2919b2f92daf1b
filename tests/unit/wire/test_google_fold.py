from __future__ import annotations

import copy
import json

import pytest

from agentotel.facts.call import Failure, ToolRequest, Usage
from agentotel.wire.google_generate import FORMAT, PASSED_ON
from tests.unit.wire.conformance import sdk


def chunk(*parts: object, reason: str | None = None, index: int = 0, **more: object) -> dict[str, object]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": index}
    if reason:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 3, **more},
        "modelVersion": "m-1",
        "responseId": "r1",
    }


def fold(*chunks: object) -> tuple[dict[str, object] | None, bool]:
    folded = FORMAT.fold()
    before = copy.deepcopy([sent for sent in chunks if isinstance(sent, dict)])
    for sent in chunks:
        folded.add(sent)
    assert [sent for sent in chunks if isinstance(sent, dict)] == before
    assert folded.result() == folded.result()
    return folded.result(), folded.complete


def parts(body: dict[str, object] | None) -> object:
    return body["candidates"][0]["content"]["parts"]


def test_text() -> None:
    body, complete = fold(
        chunk({"text": "hm", "thought": True}),
        chunk({"text": "m", "thought": True}, thoughtsTokenCount=4),
        chunk({"text": "He"}, candidatesTokenCount=1),
        chunk({"text": "llo"}, candidatesTokenCount=2),
        chunk({"text": "!"}, candidatesTokenCount=3),
        chunk({"text": ""}, reason="STOP", candidatesTokenCount=3),
    )
    assert complete
    assert parts(body) == [{"text": "hmm", "thought": True}, {"text": "Hello!"}]
    found = FORMAT.response(body)
    assert (found.id, found.model, found.finish_reasons) == ("r1", "m-1", ("stop",))
    assert found.usage == Usage(input_tokens=3, output_tokens=7, reasoning_tokens=4)


def test_parts_between_texts_keep_their_place() -> None:
    code = {"executableCode": {"code": "1"}}
    body, _ = fold(chunk({"text": "a"}), chunk({"text": "b"}), chunk(code), chunk({"text": "c"}), chunk({"text": "d"}))
    assert parts(body) == [{"text": "ab"}, code, {"text": "cd"}]


def test_thoughts_after_text() -> None:
    body, complete = fold(chunk({"text": "a"}), chunk({"text": "t", "thought": True}), chunk({"text": "b"}))
    assert not complete
    assert parts(body) == [{"text": "a"}, {"text": "t", "thought": True}, {"text": "b"}]


def test_candidates() -> None:
    body, complete = fold(
        chunk({"text": "a"}),
        chunk({"text": "x"}, index=1),
        chunk({"text": "b"}, reason="STOP"),
        chunk({"text": "y"}, index=1),
    )
    assert not complete
    assert [entry["content"]["parts"] for entry in body["candidates"]] == [[{"text": "ab"}], [{"text": "xy"}]]
    assert FORMAT.response(body).finish_reasons == ("stop", "error")


def test_grounding_is_kept() -> None:
    sent = chunk({"text": "b"})
    sent["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["q"]}
    body, _ = fold(chunk({"text": "a"}), sent)
    assert body["candidates"][0]["groundingMetadata"] == {"webSearchQueries": ["q"]}
    assert parts(body) == [{"text": "ab"}]


def test_chunk_without_usage_or_of_another_shape() -> None:
    bare = {"candidates": [{"content": {"parts": [{"text": "b"}]}}]}
    odd = {"candidates": [{"content": {"parts": [{"text": 7}]}}], "usageMetadata": {}}
    body, _ = fold(chunk({"text": "a"}), bare, odd, None, 7, {"candidates": [{}]})
    assert parts(body) == [{"text": "ab"}, {"text": 7}]


def test_sdk_objects() -> None:
    sent = {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "hi", "thought": None}]}, "finish_reason": "STOP"}
        ],
        "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": None},
        "model_version": "m-1",
        "response_id": "r1",
    }
    body, complete = fold(sdk(sent))
    assert complete
    assert FORMAT.response(body).usage == Usage(input_tokens=3)
    assert FORMAT.output(body) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}], "finish_reason": "stop"}
    ]


def test_blocked_prompt() -> None:
    body, complete = fold({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r1"})
    assert complete
    found = FORMAT.response(body)
    assert (found.id, found.finish_reasons, found.failure) == ("r1", ("content_filter",), None)


def test_error_and_nothing() -> None:
    body, complete = fold({"error": {"code": 503, "message": "m"}})
    assert not complete
    assert FORMAT.response(body).failure == Failure(type="503", message="m")
    assert fold() == (None, False)


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (
            [
                {"jsonPath": "$.city", "stringValue": "Bos", "willContinue": True},
                {"jsonPath": "$.city", "stringValue": "ton"},
            ],
            {"city": "Boston"},
        ),
        ([{"jsonPath": "$.n", "numberValue": 2}, {"jsonPath": "$.ok", "boolValue": False}], {"n": 2, "ok": False}),
        ([{"jsonPath": "$.no", "nullValue": "NULL_VALUE"}], {"no": None}),
        (
            [{"jsonPath": "$.list[1].name", "stringValue": "b"}, {"jsonPath": "$['a b'][\"c\"]", "numberValue": 1}],
            {"list": [None, {"name": "b"}], "a b": {"c": 1}},
        ),
        ([{"jsonPath": "$.x", "numberValue": 1}, {"jsonPath": "$.x.y", "numberValue": 1}], {"x": 1}),
        ([{"jsonPath": "$.l[0]", "numberValue": 1}, {"jsonPath": "$.l[0]", "numberValue": 2}], {"l": [2]}),
        ([{"jsonPath": "$"}, {}, {"jsonPath": "$.l[99999999]", "numberValue": 1}], {}),
    ],
)
def test_arguments_in_pieces(pieces: list[object], arguments: object) -> None:
    body, complete = fold(
        chunk({"functionCall": {"id": "c1", "name": "f", "willContinue": True}}),
        *(chunk({"functionCall": {"partialArgs": [piece], "willContinue": True}}) for piece in pieces),
        chunk({"functionCall": {}}, reason="STOP"),
    )
    assert complete
    assert FORMAT.response(body).tool_requests == (ToolRequest(id="c1", name="f", arguments=arguments),)


def test_arguments_whose_call_was_not_seen() -> None:
    body, _ = fold(chunk({"functionCall": {"partialArgs": [{"jsonPath": "$.x", "numberValue": 1}]}}))
    assert FORMAT.response(body).tool_requests == ()
    body, _ = fold(chunk({"text": "a"}, {"functionCall": {"partialArgs": [{"jsonPath": "$.x", "numberValue": 1}]}}))
    assert parts(body) == [{"text": "a"}]


def test_log_probabilities_are_put_together() -> None:
    def scored(said: str, *, top: bool) -> dict[str, object]:
        token = {"token": said, "logProbability": -1.0}
        sent = chunk({"text": said})
        sent["candidates"][0]["logprobsResult"] = {
            "chosenCandidates": [token],
            **({"topCandidates": [{"candidates": [token]}]} if top else {}),
        }
        return sent

    body, _ = fold(scored("a", top=False), scored("b", top=False))
    assert parts(body) == [{"text": "ab"}]
    assert FORMAT.logprobs(body) == [[{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -1.0}]]
    body, _ = fold(scored("a", top=True))
    assert FORMAT.logprobs(body) == [[{"token": "a", "logprob": -1.0, "top": [{"token": "a", "logprob": -1.0}]}]]


def test_chunks_that_the_sdk_passes_on() -> None:
    class Passed:
        def __init__(self, sent: object) -> None:
            self.body = json.dumps(sent)

    folded = PASSED_ON.fold()
    folded.add(Passed(chunk({"text": "a"})))
    folded.add(Passed(chunk({"text": "b"}, reason="STOP")))
    assert folded.complete
    assert parts(folded.result()) == [{"text": "ab"}]


def test_long_streams_that_the_sdk_passes_on_do_not_wait_for_their_end() -> None:
    class Passed:
        body = json.dumps(chunk({"text": "x" * 2**20}))

    folded = PASSED_ON.fold()
    folded.add(Passed())
    assert not folded._waiting
    assert parts(folded.result()) == [{"text": "x" * 2**20}]
