from __future__ import annotations

from collections.abc import Callable

import pytest

from agentotel.facts.call import Failure, Response, ServerToolUse, ToolRequest, Usage
from agentotel.semconv.names import SERVER_TOOL_CALLS
from agentotel.wire.openai_chat import FORMAT
from tests.unit.wire.conformance import assert_conforms, sdk

Make = Callable[[dict[str, object]], object]
DELTA_FIELDS = ("audio", "content", "function_call", "refusal", "role", "tool_calls")


def as_sdk(sent: dict[str, object]) -> object:
    """Make a chunk as the SDK does: declared fields that were not sent are there, and null."""
    made = {key: value for key, value in sent.items() if key != "choices"}
    made.setdefault("usage", None)
    choices = []
    for choice in sent.get("choices") or ():
        delta = sdk(
            choice.get("delta"),
            extra=("reasoning_content", "reasoning", "images", "executed_tools"),
            unset=DELTA_FIELDS,
        )
        parts = {key: sdk(value) for key, value in choice.items() if key != "delta"}
        choices.append(sdk({"finish_reason": None, **parts, "delta": delta}))
    return sdk({**made, "choices": choices}, extra=("x_groq", "error"))


@pytest.fixture(params=[lambda sent: sent, as_sdk], ids=["dict", "sdk"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def chunk(reason: str | None = None, index: int = 0, **delta: object) -> dict[str, object]:
    return {
        "id": "c1",
        "model": "m-1",
        "choices": [{"index": index, "delta": delta, "finish_reason": reason}],
    }


def fold(make: Make, *chunks: dict[str, object]) -> tuple[object, bool]:
    folded = FORMAT.fold()
    for sent in chunks:
        folded.add(make(sent))
    return folded.result(), folded.complete


def test_text(make: Make) -> None:
    body, complete = fold(
        make,
        chunk(role="assistant", content=""),
        chunk(content="Hel"),
        chunk(content="lo"),
        {**chunk("stop"), "service_tier": "default", "system_fingerprint": "fp"},
        {"id": "c1", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
    )
    assert complete
    assert FORMAT.response(body) == Response(
        id="c1",
        model="m-1",
        finish_reasons=("stop",),
        usage=Usage(input_tokens=3, output_tokens=2),
        tier="default",
    )
    assert FORMAT.tells(body) == {
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp",
    }
    assert FORMAT.output(body) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}
    ]


def test_nothing_is_dropped_on_the_short_way(make: Make) -> None:
    """Each thing that can come beside a text arrives, in whichever chunk it comes."""
    first = chunk(role="assistant", content="")
    body, complete = fold(
        make,
        first,
        chunk(content="a", reasoning_content="r"),
        chunk(content="b", refusal="no"),
        {**chunk(content="c"), "usage": {"prompt_tokens": 1}},
        chunk(content="d", index=1),
        chunk("length", content="e"),
        chunk(content=None),
    )
    assert not complete
    assert body["usage"] is not None
    assert [choice["message"] for choice in body["choices"]] == [
        {"role": "assistant", "content": "abce", "reasoning_content": "r", "refusal": "no"},
        {"content": "d"},
    ]
    assert FORMAT.response(body).finish_reasons == ("length", "error")


def test_reasoning_of_compatible_servers(make: Make) -> None:
    body, _ = fold(make, chunk(role="assistant"), chunk(reasoning="h"), chunk(reasoning="m"), chunk(content="x"))
    assert FORMAT.output(body)[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "x"},
    ]


def test_azure_sends_its_filter_results_first(make: Make) -> None:
    body, complete = fold(make, {"id": "", "model": "", "choices": [], "prompt_filter_results": []})
    assert (body, complete) == (None, False)
    body, _ = fold(make, {"id": "", "model": "", "choices": []}, chunk(content="x"))
    assert (body["id"], body["model"]) == ("c1", "m-1")


def test_usage_of_groq(make: Make) -> None:
    body, _ = fold(make, chunk(content="x"), {**chunk("stop"), "x_groq": {"usage": {"prompt_tokens": 5}}})
    assert FORMAT.response(body).usage == Usage(input_tokens=5)


def call(index: int | None, **sent: object) -> dict[str, object]:
    at = {} if index is None else {"index": index}
    return chunk(tool_calls=[{**at, **sent}])


def test_tool_calls(make: Make) -> None:
    body, complete = fold(
        make,
        call(0, id="a", type="function", function={"name": "f", "arguments": ""}),
        call(0, function={"arguments": '{"x"'}),
        call(1, id="b", type="function", function={"name": "g", "arguments": "{}"}),
        call(0, function={"arguments": ":1}"}),
        call(2, id="c", type="custom", custom={"name": "h", "input": "fr"}),
        call(2, custom={"input": "ee"}),
        chunk("tool_calls"),
    )
    assert complete
    assert FORMAT.response(body).tool_requests == (
        ToolRequest(id="a", name="f", arguments='{"x":1}'),
        ToolRequest(id="b", name="g", arguments="{}"),
        ToolRequest(id="c", name="h", arguments="free"),
    )


@pytest.mark.parametrize("index", [None, 0])
def test_a_new_id_starts_a_new_call(make: Make, index: int | None) -> None:
    body, _ = fold(
        make,
        call(index, id="a", function={"name": "f", "arguments": "{}"}),
        call(index, id="b", function={"name": "f", "arguments": "[]"}),
        call(index, id="b", function={"arguments": " "}),
    )
    assert [(made.id, made.arguments) for made in FORMAT.response(body).tool_requests] == [("a", "{}"), ("b", "[] ")]


def test_calls_without_ids(make: Make) -> None:
    """As Gemini's endpoint sends them: each whole, all of index 0, with ids that are empty."""

    def call(name: str, arguments: str) -> dict[str, object]:
        return {"index": 0, "id": "", "type": "function", "function": {"name": name, "arguments": arguments}}

    body, _ = fold(make, *(chunk(tool_calls=[call(*one)]) for one in (("f", '{"a":1}'), ("f", '{"a":2}'), ("g", "{}"))))
    asked = [(one.name, one.arguments) for one in FORMAT.response(body).tool_requests]
    assert asked == [("f", '{"a":1}'), ("f", '{"a":2}'), ("g", "{}")]
    body, _ = fold(make, *(chunk(tool_calls=[call("f", piece)]) for piece in ('{"a"', ":1}", "")))
    assert [one.arguments for one in FORMAT.response(body).tool_requests] == ['{"a":1}']


def test_usage_of_moonshot(make: Make) -> None:
    last = chunk("stop")
    last["choices"][0]["usage"] = {"prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 1}
    body, _ = fold(make, chunk(content="x"), last)
    assert FORMAT.response(body).usage == Usage(input_tokens=3, output_tokens=2, cache_read_tokens=1)


def test_images_of_openrouter(make: Make) -> None:
    address = "data:image/png;base64,AAAA"
    pictures = [{"type": "image_url", "image_url": {"url": address}, "index": 0}]
    body, _ = fold(make, chunk(content="x"), chunk("stop", images=pictures))
    (message,) = FORMAT.output(body)
    assert message["parts"][1:] == [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}]


def test_tools_that_groq_ran(make: Make) -> None:
    search = {"index": 0, "type": "search", "arguments": '{"query": "x"}'}
    code = {"index": 1, "type": "python", "arguments": "{}"}
    body, _ = fold(
        make,
        chunk(reasoning="hm"),
        chunk(executed_tools=[search, code]),
        chunk(executed_tools=[{**search, "output": "found", "search_results": {"results": [{"url": "u"}]}}]),
        chunk("stop", content="hi"),
    )
    response = FORMAT.response(body)
    assert response.server_tools == (ServerToolUse("search", "search"), ServerToolUse("python", "python"))
    assert response.attributes == {f"{SERVER_TOOL_CALLS}search": 1, f"{SERVER_TOOL_CALLS}python": 1}
    made = FORMAT.output(body)
    assert made[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {
            "type": "server_tool_call",
            "name": "search",
            "server_tool_call": {"type": "search", "arguments": '{"query": "x"}'},
        },
        {
            "type": "server_tool_call_response",
            "server_tool_call_response": {
                "type": "search",
                "output": "found",
                "search_results": {"results": [{"url": "u"}]},
            },
        },
        {"type": "server_tool_call", "name": "python", "server_tool_call": {"type": "python", "arguments": "{}"}},
        {"type": "text", "content": "hi"},
    ]
    assert_conforms("output-messages", made)


def test_calls_of_mistral_that_go_on_without_an_id(make: Make) -> None:
    def piece(call_id: str, name: str, arguments: str) -> dict[str, object]:
        return chunk(tool_calls=[{"index": 0, "id": call_id, "function": {"name": name, "arguments": arguments}}])

    body, _ = fold(make, piece("c1", "add", '{"a":'), piece("null", "", " 1}"), chunk("tool_calls", content=""))
    assert FORMAT.response(body).tool_requests == (ToolRequest(id="c1", name="add", arguments='{"a": 1}'),)


def test_references_of_mistral(make: Make) -> None:
    reference = {"type": "reference", "reference_ids": [1, 2]}
    body, _ = fold(make, chunk(content=[{"type": "text", "text": "hi"}, reference]), chunk("stop", content="!"))
    assert FORMAT.output(body)[0]["parts"] == [{"type": "text", "content": "hi!"}, reference]


def test_log_probabilities_of_together(make: Make) -> None:
    def piece(said: str, logprob: float, **top: float) -> dict[str, object]:
        sent = chunk(role="assistant", content=said)
        sent["choices"][0].update(logprobs=logprob, top_logprobs=top)
        return sent

    body, _ = fold(make, piece("h", -0.5, h=-0.5), piece("i", 0), chunk("stop", content=""))
    assert FORMAT.logprobs(body) == [
        [{"token": "h", "logprob": -0.5, "top": [{"token": "h", "logprob": -0.5}]}, {"token": "i", "logprob": 0.0}]
    ]


def test_legacy_function_call(make: Make) -> None:
    body, _ = fold(
        make,
        chunk(role="assistant", function_call={"name": "f", "arguments": ""}),
        chunk(function_call={"arguments": "{}"}),
        chunk("function_call"),
    )
    assert FORMAT.response(body).tool_requests == (ToolRequest(id=None, name="f", arguments="{}"),)


def test_audio(make: Make) -> None:
    body, _ = fold(
        make,
        chunk(role="assistant", audio={"id": "au", "transcript": "Hel"}),
        chunk(audio={"transcript": "lo", "data": "AAAA"}),
        chunk(audio={"data": "BBBB", "expires_at": 5}),
    )
    assert body["choices"][0]["message"]["audio"] == {"transcript": "Hello", "data": "AAAABBBB"}


def test_error_inside_the_stream(make: Make) -> None:
    body, complete = fold(make, chunk(content="x"), {"error": {"code": "server_error", "message": "m"}})
    assert not complete
    assert FORMAT.response(body).failure == Failure(type="server_error", message="m")
    assert FORMAT.response(body).finish_reasons == ("error",)
    body, _ = fold(make, chunk(content="x"), {"id": "c1", "choices": [], "x_groq": {"error": "over capacity"}})
    assert FORMAT.response(body).failure == Failure(type="_OTHER", message="over capacity")
    body, _ = fold(make, {"error": {"code": "server_error"}})
    assert FORMAT.response(body) == Response(failure=Failure(type="server_error"))


@pytest.mark.parametrize(
    "odd", [None, 5, "text", {}, {"choices": None}, {"choices": [None]}, {"choices": [{}]}, object()]
)
def test_odd_chunks_do_not_raise(odd: object) -> None:
    folded = FORMAT.fold()
    folded.add(odd)
    folded.add(chunk(content="x"))
    folded.add(chunk(content="y"))
    assert folded.result()["choices"][0]["message"]["content"] == "xy"


def test_chunks_are_not_kept(make: Make) -> None:
    folded = FORMAT.fold()
    assert folded.result() is None
    assert not folded.complete
    sent = [chunk(role="assistant", content=""), chunk(content="x"), chunk("stop")]
    before = repr(sent)
    for one in sent:
        folded.add(make(one))
    assert folded.result() == folded.result()
    assert repr(sent) == before
