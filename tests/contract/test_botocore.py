"""botocore beyond the calls that all SDKs have: agents, embeddings, bodies of files, and what is not Bedrock."""

from __future__ import annotations

import io
import json
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import agentotel
from agentotel.testing import ModelCall, capture
from tests.fakes.event_stream import frame
from tests.fakes.replay import Replay

boto3 = pytest.importorskip("boto3")
exceptions = pytest.importorskip("botocore.exceptions")
StreamingBody = pytest.importorskip("botocore.response").StreamingBody
urllib3 = pytest.importorskip("urllib3")

TITAN = "amazon.titan-embed-text-v2:0"
ASKED = [{"role": "user", "content": [{"text": "Hi"}]}]


def _exchange(path: str, answer: Any = None, *frames: bytes, status: int = 200, **headers: str) -> dict[str, Any]:
    kind = "application/vnd.amazon.eventstream" if frames else "application/json"
    response: dict[str, Any] = {"status": status, "headers": {"content-type": kind, **headers}}
    response |= {"body_base64": b64encode(b"".join(frames)).decode()} if frames else {"body": answer}
    return {
        "provider": "bedrock",
        "mode": "eventstream" if frames else "json",
        "interactions": [{"request": {"method": "POST", "path": path}, "response": response}],
    }


@contextmanager
def _client(exchange: dict[str, Any], service: str = "bedrock-runtime", **more: Any) -> Iterator[Any]:
    with Replay(exchange) as server:
        client = boto3.client(
            service,
            **{
                "region_name": "us-east-1",
                "endpoint_url": server.url,
                "aws_access_key_id": "a",
                "aws_secret_access_key": "s",
                **more,
            },
        )
        yield client
        client.close()


def _called(use: Callable[[Any], Any], exchange: dict[str, Any], service: str = "bedrock-runtime") -> ModelCall:
    with capture() as captured, _client(exchange, service) as client:
        use(client)
    (call,) = captured.model_calls
    assert call.provider == "aws.bedrock"
    return call


# -- Converse


def test_settings_that_change_while_an_answer_streams_are_told_as_they_were_sent() -> None:
    def use(client: Any) -> None:
        settings = {"temperature": 0.5}
        stream = client.converse_stream(modelId="m", messages=ASKED, inferenceConfig=settings)["stream"]
        settings["temperature"] = 1.0
        list(stream)

    call = _called(use, _exchange("/converse-stream", None, frame("messageStop", {"stopReason": "end_turn"})))
    assert call.attributes["gen_ai.request.temperature"] == 0.5


# -- InvokeModel


def test_embeddings() -> None:
    call = _called(
        lambda client: client.invoke_model(modelId=TITAN, body=json.dumps({"inputText": "Hi", "dimensions": 256}))[
            "body"
        ].read(),
        _exchange("/invoke", {"embedding": [0.1], "inputTextTokenCount": 4}),
    )
    assert (call.name, call.input_tokens, call.outcome) == (f"embeddings {TITAN}", 4, "completed")
    assert call.attributes["gen_ai.embeddings.dimension.count"] == 256
    assert call.cost_usd == pytest.approx(4 * 0.02 / 1e6)


def test_a_body_that_is_a_file() -> None:
    def use(client: Any) -> None:
        body = io.BytesIO(b'{"prompt": "Hi", "max_gen_len": 5}')
        client.invoke_model(modelId="meta.llama3-2-1b-instruct-v1:0", body=body)["body"].read()

    call = _called(use, _exchange("/invoke", {"generation": "Hey", "stop_reason": "stop"}))
    assert call.attributes["gen_ai.request.max_tokens"] == 5
    assert call.attributes["gen_ai.response.finish_reasons"] == ("stop",)


@pytest.mark.parametrize("body", [b"no json", b"[]"])
def test_a_body_of_something_else(body: bytes) -> None:
    call = _called(lambda client: client.invoke_model(modelId="m", body=body)["body"].read(), _exchange("/invoke", {}))
    assert call.name == "generate_content m"


READINGS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a part": (lambda body: body.read(5), "abandoned"),
    "nothing": (lambda body: body.close(), "abandoned"),
    "the raw stream": (lambda body: body._raw_stream.read(), "completed"),
    "json.load": (json.load, "completed"),
    "in a with": (lambda body: body.__enter__().read(), "completed"),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_body_that_is_read_in_another_way(name: str) -> None:
    read, outcome = READINGS[name]
    answer = {"generation": "Hey", "stop_reason": "stop", "prompt_token_count": 3, "generation_token_count": 2}
    exchange = _exchange("/invoke", answer)
    call = _called(lambda client: read(client.invoke_model(modelId="m", body='{"prompt": "Hi"}')["body"]), exchange)
    assert call.outcome == outcome
    assert call.input_tokens == (3 if outcome == "completed" else None)


def test_a_body_that_nobody_reads() -> None:
    with capture() as captured, _client(_exchange("/invoke", {"generation": "Hey"})) as client:
        response = client.invoke_model(modelId="m", body='{"prompt": "Hi"}')
        assert captured.model_calls == []
        del response
        (call,) = captured.model_calls
    assert call.outcome == "abandoned"


@pytest.mark.parametrize("put_back", [b"", None])
def test_a_body_that_somebody_has_read_and_put_back(put_back: bytes | None) -> None:
    answer = {"generation": "Hey", "stop_reason": "stop", "prompt_token_count": 3, "generation_token_count": 2}

    def use(client: Any) -> None:
        def read(parsed: dict[str, Any], **_event: Any) -> None:
            body = parsed["body"].read()
            body = body if put_back is None else put_back
            parsed["body"] = StreamingBody(io.BytesIO(body), len(body))

        client.meta.events.register("after-call.bedrock-runtime.InvokeModel", read)
        response = client.invoke_model(modelId="m", body='{"prompt": "Hi"}')
        assert response["body"].read() == (json.dumps(answer).encode() if put_back is None else put_back)

    call = _called(use, _exchange("/invoke", answer))
    assert call.outcome == "completed"
    assert call.input_tokens == (3 if put_back is None else None)


def test_the_price_goes_by_the_id_that_was_asked_for() -> None:
    """The answer names the model without the region that its price depends on."""
    answer = {
        "id": "msg_1",
        "type": "message",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
    body = '{"anthropic_version": "b", "messages": [], "max_tokens": 5}'
    prices = {}
    for region in ("us", "global"):
        model = f"{region}.anthropic.claude-sonnet-4-5-20250929-v1:0"
        call = _called(
            lambda client, model=model: client.invoke_model(modelId=model, body=body)["body"].read(),
            _exchange("/invoke", answer),
        )
        prices[region] = call.cost_usd
    assert prices == {"us": pytest.approx(0.00495), "global": pytest.approx(0.0045)}


# -- agents and knowledge bases


def _trace(given: int, made: int) -> bytes:
    output = {"metadata": {"usage": {"inputTokens": given, "outputTokens": made}}}
    return frame("trace", {"sessionId": "s", "trace": {"orchestrationTrace": {"modelInvocationOutput": output}}})


def _text(text: str) -> bytes:
    return frame("chunk", {"bytes": b64encode(text.encode()).decode()})


def _ask(client: Any) -> Any:
    return client.invoke_agent(agentId="AGENT", agentAliasId="ALIAS", sessionId="s1", inputText="Hi", enableTrace=True)


def test_agent() -> None:
    exchange = _exchange("/text", None, _trace(10, 2), _text("Good "), _trace(20, 3), _text("day."))
    with capture() as captured, _client(exchange, "bedrock-agent-runtime") as client:
        assert len(list(_ask(client)["completion"])) == 4
    (call,) = captured.model_calls
    assert call.first_chunk_s is None  # an agent is no inference
    assert [point.name for point in captured.metrics if "first_chunk" in point.name] == []
    assert (call.name, call.outcome, call.kind) == ("invoke_agent", "completed", "CLIENT")
    assert call.attributes["gen_ai.agent.id"] == "AGENT"
    assert call.attributes["gen_ai.conversation.id"] == "s1"
    assert (call.input_tokens, call.output_tokens) == (30, 5)


def test_agent_that_breaks() -> None:
    exchange = _exchange(
        "/text", None, _text("Good "), frame("throttlingException", {"message": "slow"}, exception=True)
    )

    def use(client: Any) -> None:
        with pytest.raises(exceptions.EventStreamError, match="slow"):
            list(_ask(client)["completion"])

    call = _called(use, exchange, "bedrock-agent-runtime")
    assert (call.outcome, call.error_type) == ("error", "botocore.exceptions.EventStreamError")
    assert call.attributes["agentotel.error.category"] == "rate_limit"
    assert call.finish_reasons == ("error",)


def test_generation_from_documents() -> None:
    config = {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {
            "knowledgeBaseId": "KB12345678",
            "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/m",
        },
    }
    call = _called(
        lambda client: client.retrieve_and_generate(input={"text": "Hi"}, retrieveAndGenerateConfiguration=config),
        _exchange("/retrieveAndGenerate", {"output": {"text": "Yes."}, "sessionId": "s1"}),
        "bedrock-agent-runtime",
    )
    assert call.name == "chat arn:aws:bedrock:us-east-1::foundation-model/m"
    assert call.attributes["aws.bedrock.knowledge_base.id"] == "KB12345678"
    assert call.attributes["gen_ai.conversation.id"] == "s1"


def _flow(client: Any) -> Any:
    asked = [{"content": {"document": "Hi"}, "nodeName": "FlowInputNode", "nodeOutputName": "document"}]
    return client.invoke_flow(flowIdentifier="FLOW123456", flowAliasIdentifier="ALIAS12345", inputs=asked)


def _node(document: Any) -> bytes:
    said = {"content": {"document": document}, "nodeName": "FlowOutputNode", "nodeType": "FlowOutputNode"}
    return frame("flowOutputEvent", said)


def test_flow() -> None:
    end = frame("flowCompletionEvent", {"completionReason": "SUCCESS"})
    exchange = _exchange("/aliases/ALIAS12345", None, _node("Good day."), _node({"n": 1}), end)
    with capture(content=True) as captured, _client(exchange, "bedrock-agent-runtime") as client:
        assert len(list(_flow(client)["responseStream"])) == 3
    (call,) = captured.model_calls
    assert (call.name, call.provider, call.outcome) == ("invoke_workflow", "aws.bedrock", "completed")
    assert json.loads(call.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]}
    ]
    (said,) = json.loads(call.attributes["gen_ai.output.messages"])
    assert [part["content"] for part in said["parts"]] == ["Good day.", '{"n": 1}']
    assert said["finish_reason"] == "stop"


def test_flow_that_breaks() -> None:
    broken = frame("dependencyFailedException", {"message": "no"}, exception=True)
    exchange = _exchange("/aliases/ALIAS12345", None, _node("Good day."), broken)

    def use(client: Any) -> None:
        with pytest.raises(exceptions.EventStreamError, match="no"):
            list(_flow(client)["responseStream"])

    call = _called(use, exchange, "bedrock-agent-runtime")
    assert (call.outcome, call.attributes["agentotel.error.category"]) == ("error", "server")


def test_a_flow_that_is_cut() -> None:
    exchange = _exchange("/aliases/ALIAS12345", None, _node("Good day."))
    call = _called(lambda client: list(_flow(client)["responseStream"]), exchange, "bedrock-agent-runtime")
    assert call.outcome == "truncated"


def test_streamed_generation_from_documents() -> None:
    source = {"knowledgeBaseId": "KB12345678", "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/m"}
    config = {"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": source}

    def ask(client: Any) -> list[Any]:
        answer = client.retrieve_and_generate_stream(input={"text": "Hi"}, retrieveAndGenerateConfiguration=config)
        return list(answer["stream"])

    exchange = _exchange("", None, frame("output", {"text": "Yes."}))
    call = _called(ask, exchange, "bedrock-agent-runtime")
    assert (call.stream, call.outcome, call.finish_reasons) == (True, "completed", ("stop",))
    assert call.first_chunk_s is not None


def test_retrieval() -> None:
    call = _called(
        lambda client: client.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "q"}),
        _exchange("/retrieve", {"retrievalResults": []}),
        "bedrock-agent-runtime",
    )
    assert (call.name, call.attributes["gen_ai.data_source.id"]) == ("retrieval KB12345678", "KB12345678")
    assert "aws.bedrock.knowledge_base.id" not in call.attributes


# -- events that are not what they should be

BROKEN = {
    "two members of one": (
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a", "toolUse": {"input": "b"}}}),
        "botocore.parsers.ResponseParserError",
    ),
    "no object": (frame("contentBlockDelta", [1]), "AttributeError"),
}


def _broken(event: bytes) -> dict[str, Any]:
    said = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Good day."}})
    begun = frame("messageStart", {"role": "assistant"})
    return _exchange("", None, begun, event, said, frame("messageStop", {"stopReason": "end_turn"}))


def _read_on(stream: Any) -> list[Any]:
    """Read a stream again after it has raised, as botocore lets its callers do."""
    log: list[Any] = []
    for _ in range(2):
        try:
            log.extend(stream)
        except Exception as error:  # noqa: BLE001 - what the caller sees is the result
            log.append((type(error), str(error)))
    return log


async def _read_on_async(stream: Any) -> list[Any]:
    log: list[Any] = []
    for _ in range(2):
        try:
            async for event in stream:
                log.append(event)  # noqa: PERF401 - what came before an error counts
        except Exception as error:  # noqa: BLE001
            log.append((type(error), str(error)))
    return log


async def _converse(flavour: str, event: bytes) -> list[Any]:
    asked = {"modelId": "m", "messages": ASKED}
    if flavour == "sync":
        with _client(_broken(event)) as client:
            return _read_on(client.converse_stream(**asked)["stream"])
    session = pytest.importorskip("aiobotocore.session").get_session()
    keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "s"}
    with Replay(_broken(event)) as server:
        async with session.create_client("bedrock-runtime", endpoint_url=server.url, **keys) as client:
            return await _read_on_async((await client.converse_stream(**asked))["stream"])


@pytest.mark.parametrize("flavour", ["sync", "async"])
@pytest.mark.parametrize(("event", "error_type"), BROKEN.values(), ids=BROKEN)
async def test_an_event_that_cannot_be_parsed_ends_the_call_and_nothing_else(
    event: bytes, error_type: str, flavour: str
) -> None:
    bare = await _converse(flavour, event)
    with capture() as captured:
        assert await _converse(flavour, event) == bare
    assert [type(one) for one in bare] == [dict, tuple, dict, dict]
    (call,) = captured.model_calls
    assert (call.outcome, call.status, call.error_type) == ("error", "ERROR", error_type)


# -- the place of a call


def test_a_run_that_a_stream_ends_is_not_a_crash() -> None:
    frames = (
        frame("messageStart", {"role": "assistant"}),
        frame("throttlingException", {"message": "slow"}, exception=True),
    )

    with (
        capture() as captured,
        _client(_exchange("/converse-stream", None, *frames)) as client,
        pytest.raises(exceptions.EventStreamError),
        agentotel.session(),
        agentotel.agent("a"),
    ):
        list(client.converse_stream(modelId="m", messages=ASKED)["stream"])
    (run,) = [span for span in captured.spans if span.name == "invoke_agent a"]
    assert run.attributes["agentotel.stop_reason"] == "rate_limited"


def test_tools_across_turns() -> None:
    """The answer of a tool is found in the next request by the id of its call."""
    spec = {"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}
    use = {"toolUse": {"toolUseId": "t1", "name": "look_up", "input": {"x": 1}}}
    answer = {"output": {"message": {"role": "assistant", "content": [use]}}, "stopReason": "tool_use"}

    @agentotel.tool
    def look_up(x: int) -> str:
        return f"{x} found"

    with capture() as captured, _client(_exchange("/converse", answer)) as client, agentotel.session():
        client.converse(modelId="m", messages=ASKED, toolConfig={"tools": [spec]})
        look_up(x=1)
    (call,) = captured.model_calls
    (tool,) = captured.tool_calls
    assert tool.attributes["agentotel.tool.requested_by"] == call.span_id


MODES = {
    "the default of the mode": ({"mode": "legacy"}, 4),
    "standard": ({"mode": "standard"}, 2),
    "adaptive": ({"mode": "adaptive"}, 2),
    "retries": ({"max_attempts": 1}, 1),
    "attempts": ({"total_max_attempts": 3, "mode": "standard"}, 2),
    "none": ({"total_max_attempts": 1}, 0),
}


@pytest.mark.parametrize("name", MODES)
def test_limits(name: str) -> None:
    """The limit that is told is the number of requests that botocore makes beyond the first."""
    retries, limit = MODES[name]
    given = boto3.session.Config(retries=retries, read_timeout=7)
    failing = {**_exchange("/converse", {}), "faults": {"fail_first": "99:500"}}
    with capture() as captured, _client(failing, config=given) as client:
        random.seed(8665)
        with pytest.raises(exceptions.ClientError), patched_sleep():
            client.converse(modelId="m", messages=ASKED)
    (call,) = captured.model_calls
    assert call.attributes["agentotel.retry.limit"] == limit
    assert call.attributes["agentotel.timeout_s"] == 7.0
    assert (call.retries or 0) == limit
    assert call.attributes.get("agentotel.error.retry") == ("exhausted" if limit else None)


@contextmanager
def patched_sleep() -> Iterator[None]:
    """Wait a hundredth of what botocore waits: the ways of its retries are under test, not its patience."""
    with pytest.MonkeyPatch.context() as patch:
        sleep = time.sleep
        patch.setattr("botocore.endpoint.time.sleep", lambda seconds: sleep(seconds / 100))
        yield


# -- everything else of AWS


def test_other_services_pass_by() -> None:
    once = boto3.session.Config(retries={"total_max_attempts": 1})
    with (
        capture() as captured,
        _client(_exchange("/key"), "s3", config=once) as client,
        pytest.raises(exceptions.ClientError),
    ):
        client.put_object(Bucket="b", Key="nothing", Body=b"x")
    assert captured.spans == []


def test_requests_for_credentials_are_no_attempts() -> None:
    """What assuming a role costs in requests, inside of a call, goes to another host."""
    answer = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}
    with Replay(_exchange("/converse", answer)) as bedrock, Replay(_exchange("/", "<x/>")) as sts:
        pool = urllib3.PoolManager()
        session = boto3.Session("a", "s", region_name="us-east-1")

        def credentials(**_given: Any) -> None:
            assert pool.request("POST", f"http://localhost:{sts.port}/").status == 200

        client = session.client("bedrock-runtime", endpoint_url=bedrock.url)
        client.meta.events.register("before-sign.bedrock-runtime.*", credentials)
        with capture() as captured:
            client.converse(modelId="m", messages=ASKED)
        client.close()
        pool.clear()
        assert len(sts.requests) == 1
    (call,) = captured.model_calls
    assert [event.attributes["server.address"] for event in call.events] == ["127.0.0.1"]
