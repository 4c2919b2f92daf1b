from __future__ import annotations

from base64 import b64encode

import pytest

from agentotel.facts.call import Context, Failure, Request, Response, ToolRequest, Usage
from agentotel.wire.bedrock_agents import AGENT, FLOW, GENERATION, RANKING
from agentotel.wire.format import Format
from tests.unit.wire.conformance import assert_conforms, assert_content_conforms
from tests.unit.wire.whole import asked, told


def _folded(format_: Format, *events: dict) -> tuple[dict | None, bool | None]:
    fold = format_.fold()
    for event in events:
        fold.add(event)
    return fold.result(), fold.complete


def _trace(kind: str, given: int, made: int) -> dict:
    output = {"metadata": {"usage": {"inputTokens": given, "outputTokens": made}}}
    return {"trace": {"sessionId": "s", "trace": {kind: {"modelInvocationOutput": output}}}}


def test_agent_request() -> None:
    body = {"agentId": "a", "agentAliasId": "b", "sessionId": "s", "inputText": "Hi"}
    found = asked(AGENT, body)
    assert (found.model, found.attributes) == (None, {"gen_ai.agent.id": "a", "gen_ai.conversation.id": "s"})
    inline = {
        "foundationModel": "m",
        "instruction": "Be kind.",
        "inputText": "Hi",
        "knowledgeBases": [{}, {"knowledgeBaseId": "k"}],
        "guardrailConfiguration": {"guardrailIdentifier": "g"},
    }
    found = asked(AGENT, inline)
    assert found.model == "m"
    assert found.attributes == {"aws.bedrock.guardrail.id": "g", "gen_ai.data_source.id": "k"}
    content = AGENT.content(inline)
    assert content is not None
    assert_content_conforms(content)
    assert content.system_instructions == [{"type": "text", "content": "Be kind."}]
    assert content.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert AGENT.content({}).input_messages is None


def test_agent_context() -> None:
    result = {"functionResult": {"function": "f"}}
    body = {"inputText": "Hi", "sessionState": {"returnControlInvocationResults": [result]}}
    context = AGENT.context(body)
    assert context is not None
    assert context.messages == [result, {"role": "user", "content": "Hi"}]
    assert AGENT.context({}).messages == []


def test_agent() -> None:
    body, complete = _folded(
        AGENT,
        _trace("preProcessingTrace", 10, 2),
        {"chunk": {"bytes": b"Good "}},
        {"trace": {"trace": {"orchestrationTrace": {"rationale": {"text": "t"}}}}},
        _trace("orchestrationTrace", 20, 3),
        {"trace": {"trace": {"guardrailTrace": {}}}},
        {"chunk": {"bytes": b64encode(b"day.").decode()}},
        {"chunk": {}},
    )
    assert complete is None
    assert AGENT.response(body) == Response(finish_reasons=("stop",), usage=Usage(input_tokens=30, output_tokens=5))
    output = AGENT.output(body)
    assert output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Good day."}], "finish_reason": "stop"}
    ]
    assert_conforms("output-messages", output)
    assert _folded(AGENT) == (None, None)
    assert AGENT.output({}) is None


def test_agent_without_a_trace_tells_no_usage() -> None:
    body, _complete = _folded(AGENT, {"chunk": {"bytes": b"Hi"}})
    assert AGENT.response(body).usage is None


def test_agent_that_asks_for_tools() -> None:
    inputs = [
        {"functionInvocationInput": {"function": "f", "parameters": [{"name": "x", "value": "1"}]}},
        {"apiInvocationInput": {"apiPath": "/orders", "parameters": []}},
        {},
    ]
    body, complete = _folded(AGENT, {"returnControl": {"invocationId": "i", "invocationInputs": inputs}})
    assert complete
    found = AGENT.response(body)
    assert found.finish_reasons == ("tool_call",)
    assert found.tool_requests == (
        ToolRequest(id="i", name="f", arguments={"x": "1"}),
        ToolRequest(id="i", name="/orders", arguments={}),
    )
    assert_conforms("output-messages", AGENT.output(body))


def test_agent_that_refuses() -> None:
    body, _complete = _folded(AGENT, {"error": {"code": "throttlingException"}})
    assert AGENT.response(body).failure == Failure(type="throttlingException")


ASKED = {
    "input": {"text": "Hi"},
    "sessionId": "s",
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {
            "knowledgeBaseId": "k",
            "modelArn": "arn:m",
            "generationConfiguration": {
                "guardrailConfiguration": {"guardrailId": "g"},
                "inferenceConfig": {"textInferenceConfig": {"maxTokens": 5, "temperature": 0.5}},
            },
        },
    },
}


def test_generation() -> None:
    found = asked(GENERATION, ASKED)
    assert found.model == "arn:m"
    assert found.attributes == {
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.temperature": 0.5,
        "aws.bedrock.guardrail.id": "g",
        "aws.bedrock.knowledge_base.id": "k",
        "gen_ai.conversation.id": "s",
    }
    answer = {"output": {"text": "Yes."}, "guardrailAction": "NONE", "sessionId": "s"}
    assert told(GENERATION, answer) == Response(finish_reasons=("stop",), attributes={"gen_ai.conversation.id": "s"})
    assert GENERATION.response({**answer, "guardrailAction": "INTERVENED"}).finish_reasons == ("content_filter",)
    assert GENERATION.output(answer) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Yes."}], "finish_reason": "stop"}
    ]
    content, context = GENERATION.content(ASKED), GENERATION.context(ASKED)
    assert content is not None
    assert content.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert context is not None
    assert context.messages == [{"text": "Hi"}]


def test_nothing_generated() -> None:
    assert GENERATION.request({}).model is None
    assert GENERATION.response({}) == Response()
    assert GENERATION.output({}) is None
    assert GENERATION.content({}).input_messages is None
    assert GENERATION.context({}).messages == ()


def test_generation_as_a_stream() -> None:
    body, complete = _folded(
        GENERATION,
        {"output": {"text": "Good "}},
        {"citation": {}},
        {"output": {"text": "day."}},
        {"guardrail": {"action": "INTERVENED"}},
    )
    assert complete is None
    assert body == {"output": {"text": "Good day."}, "guardrailAction": "INTERVENED"}
    assert _folded(GENERATION) == (None, None)
    refused, _complete = _folded(GENERATION, {"error": {"code": "c"}})
    assert GENERATION.response(refused).failure == Failure(type="c")


def test_ranking() -> None:
    assert RANKING.response({"results": [{"index": 0, "relevanceScore": 0.5}]}) == Response()
    ranked = {
        "rerankingConfiguration": {
            "bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": "arn:m"}, "numberOfResults": 2}
        }
    }
    found = asked(RANKING, ranked)
    assert (found.model, found.attributes) == ("arn:m", {"gen_ai.retrieval.top_k": 2})


# -- flows


def _given(document: object) -> dict[str, object]:
    return {"content": {"document": document}, "nodeName": "node"}


def test_flow_content() -> None:
    sent = {"flowIdentifier": "F", "inputs": [_given("Hi"), _given({"n": 1}), {"content": {}}]}
    assert FLOW.request(sent) == Request()
    assert FLOW.context(sent) == Context(messages=["Hi", {"n": 1}])
    found = FLOW.content(sent)
    assert found.input_messages == [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}, {"type": "text", "content": '{"n": 1}'}]}
    ]
    assert_content_conforms(found)
    assert FLOW.content({}).input_messages is None


@pytest.mark.parametrize(("sent", "reason"), [("SUCCESS", "stop"), ("INPUT_REQUIRED", "input_required")])
def test_flow(sent: str, reason: str) -> None:
    fold = FLOW.fold()
    assert fold.result() is None
    fold.add({"flowTraceEvent": {"trace": {}}})
    fold.add({"flowOutputEvent": _given("Good day.")})
    fold.add({"flowMultiTurnInputRequestEvent": _given("Which order?")})
    assert not fold.complete
    assert FLOW.output(fold.result())[0]["finish_reason"] == "error"
    fold.add({"flowCompletionEvent": {"completionReason": sent}})
    assert fold.complete
    body = fold.result()
    assert FLOW.response(body) == Response()
    (said,) = FLOW.output(body)
    assert ([part["content"] for part in said["parts"]], said["finish_reason"]) == (
        ["Good day.", "Which order?"],
        reason,
    )
    assert_conforms("output-messages", [said])


def test_flow_that_fails() -> None:
    fold = FLOW.fold()
    fold.add({"error": {"code": "throttlingException", "message": "slow"}})
    assert FLOW.response(fold.result()).failure == Failure(type="throttlingException", message="slow")
    assert FLOW.output(fold.result()) is None
