"""What the drivers of Bedrock share: how a call is made and read, sync or async, and what its span must say."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import unquote

from botocore.eventstream import EventStreamBuffer

from tests.contract.drivers._spec import Caller, Endpoint, Request, Settings, Way
from tests.contract.expected import PARAMETERS, USAGE
from tests.contract.flavour import done, each
from tests.contract.recordings import Recording
from tests.contract.seen import shown

METHODS = {
    "converse": "converse",
    "converse-stream": "converse_stream",
    "invoke": "invoke_model",
    "invoke-with-response-stream": "invoke_model_with_response_stream",
}
REASONS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
}
COUNTS = {
    "inputTokens": "gen_ai.usage.input_tokens",
    "outputTokens": "gen_ai.usage.output_tokens",
    "cacheReadInputTokens": USAGE["cache_read_tokens"],
    "cacheReadInputTokenCount": USAGE["cache_read_tokens"],
    "cacheWriteInputTokens": USAGE["cache_write_tokens"],
    "cacheWriteInputTokenCount": USAGE["cache_write_tokens"],
}
PARAMETERS_OF_CONVERSE = {
    "maxTokens": "gen_ai.request.max_tokens",
    "max_new_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "topP": "gen_ai.request.top_p",
    "stopSequences": "gen_ai.request.stop_sequences",
}
WITHOUT = {
    **dict.fromkeys(
        ("raw", "streaming_parse", "streaming_lines", "streaming_unread", "helper", "helper_left", "parse_into"),
        "the SDK has no such way",
    ),
    "left_with": "an event stream is no context manager",
}


def options(settings: Settings) -> dict[str, Any]:
    """Make the options of a client. What is waited before a retry is drawn by lot, and span ids from the same
    pot: after this seed neither much nor little is drawn for a while."""
    random.seed(8665)
    retries: dict[str, Any] = {"mode": "standard"}
    if settings.retries is not None:
        retries["total_max_attempts"] = settings.retries + 1
    timeout = {} if settings.timeout_s is None else {"read_timeout": settings.timeout_s}
    return {
        "region_name": "us-east-1",
        "endpoint_url": settings.url,
        "aws_access_key_id": "a",
        "aws_secret_access_key": "s",
        "config": {"retries": retries, **timeout},
    }


class Events:
    """An event stream with one iterator over it, which it has not by itself."""

    def __init__(self, stream: Any, log: list[Any]) -> None:
        log += [type(stream), sorted(vars(stream))]
        self._stream = stream
        self._events = iter(stream)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._events)

    def close(self) -> None:
        self._stream.close()


class AsyncEvents(Events):
    """The same of aiobotocore."""

    def __init__(self, stream: Any, log: list[Any]) -> None:
        log += [type(stream), sorted(vars(stream))]
        self._stream = stream
        self._events = aiter(stream)

    __iter__ = None  # type: ignore[assignment]
    __next__ = None  # type: ignore[assignment]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await anext(self._events)


def where(recording: Recording) -> tuple[str, str]:
    """Read the model and the kind of call from the path."""
    _, _, model, kind = recording.path.split("/")
    return unquote(model), kind


async def send(caller: Caller) -> Any:
    """Make the call, and give what the SDK gives."""
    model, kind = where(caller.recording)
    body = caller.recording.body if "converse" in kind else {"body": json.dumps(caller.recording.body)}
    response = await done(getattr(caller.client, METHODS[kind])(modelId=model, **body))
    response["ResponseMetadata"]["HTTPHeaders"].pop("date", None)
    return response


async def create(caller: Caller) -> Any:
    response = await send(caller)
    held = response.get("stream") or response.get("body")
    if held is None:
        return response
    caller.log.append({name: value for name, value in response.items() if name not in {"stream", "body"}})
    if hasattr(held, "_event_generator"):
        return (AsyncEvents if caller.flavour == "async" else Events)(held, caller.log)
    caller.log += [type(held), sorted(vars(held))]
    return await done(held.read())


# -- ways of reading


async def directly(caller: Caller) -> None:
    """Read the stream itself, leave a loop over it, go on in another one."""
    response = await send(caller)
    stream = response.get("stream") or response["body"]
    async for event in each(stream):
        caller.log.append(shown(event))
        break
    caller.log += [shown(event) async for event in each(stream)]
    stream.close()


def _reading(read: Callable[[Any], Any]) -> Way:
    async def way(caller: Caller) -> None:
        body = (await send(caller))["body"]
        caller.log.append(await done(read(body)))
        caller.log.append(body.tell())
        caller.log.append(await done(body.close()) if hasattr(body, "close") else None)

    return way


async def _all(values: Any) -> list[Any]:
    return [value async for value in each(values)]


async def _in_pieces(body: Any) -> list[bytes]:
    found = [await done(body.read(7))]
    while found[-1]:
        found.append(await done(body.read(7)))
    return found


async def _into(body: Any) -> bytes:
    buffer, whole = bytearray(9), b""
    while count := await done(body.readinto(buffer)):
        whole += bytes(buffer[:count])
    return whole


BODY_WAYS: Mapping[str, Way] = {
    "lines": _reading(lambda body: _all(body.iter_lines())),
    "chunks": _reading(lambda body: _all(body.iter_chunks(13))),
    "iterated": _reading(_all),
    "in_pieces": _reading(_in_pieces),
    "into": _reading(_into),
}
STREAM_WAYS: Mapping[str, Way] = {"directly": directly}


# -- what must be said


def asked(recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
    model, kind = where(recording)
    found: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
    for names, holder in ((PARAMETERS, body), (PARAMETERS_OF_CONVERSE, body.get("inferenceConfig", {}))):
        for name, attribute in names.items():
            if name in holder:
                value = holder[name]
                found[attribute] = tuple(value) if isinstance(value, list) else value
    if kind.endswith("stream"):
        found["gen_ai.request.stream"] = True
    return found


def messages(recording: Recording) -> list[Any]:
    """Decode the events of a stream with botocore's own decoder."""
    buffer = EventStreamBuffer()
    buffer.add_data(recording.content)
    sent = [(message.headers[":event-type"], json.loads(message.payload)) for message in buffer]
    return [json.loads(b64decode(payload["bytes"])) if kind == "chunk" else {kind: payload} for kind, payload in sent]


def answered(recording: Recording) -> dict[str, Any]:
    """Read an answer: of Converse or Nova, of Claude, or of a model that tells its counts in headers only."""
    events = messages(recording) if recording.streams else [recording.answer]
    merged = {key: value for event in events for key, value in _flat(event).items() if value is not None}
    reason = merged.get("stopReason") or merged.get("stop_reason") or merged["outputs"][0]["stop_reason"]
    found = {
        "gen_ai.response.id": merged.get("id"),
        "gen_ai.response.model": merged.get("model"),
        "gen_ai.response.finish_reasons": (REASONS.get(reason, reason),),
        **_counts(merged, recording.response["headers"]),
    }
    return {name: value for name, value in found.items() if value is not None}


def _flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """Lift what stands inside the events of streams."""
    inner = ("messageStop", "metadata", "message", "delta")
    return {**event, **{key: value for name in inner for key, value in (event.get(name) or {}).items()}}


def _counts(merged: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, int]:
    usage = merged.get("usage", {})
    found = {COUNTS[name]: count for name, count in usage.items() if name in COUNTS}
    metrics = merged.get("amazon-bedrock-invocationMetrics", {})
    billed = {
        "input": metrics.get("inputTokenCount", headers.get("x-amzn-bedrock-input-token-count")),
        "output": metrics.get("outputTokenCount", headers.get("x-amzn-bedrock-output-token-count")),
    }
    found |= {f"gen_ai.usage.{name}_tokens": int(count) for name, count in billed.items() if count is not None}
    cached = found.get(USAGE["cache_read_tokens"], 0) + found.get(USAGE["cache_write_tokens"], 0)
    return {**found, "gen_ai.usage.input_tokens": found["gen_ai.usage.input_tokens"] + cached}


def endpoints(client: Callable[[Settings], Any]) -> tuple[Endpoint, ...]:
    """Describe the calls of the runtime."""
    common: dict[str, Any] = {
        "provider": "aws.bedrock",
        "catalogue": "aws",
        "client": client,
        "create": create,
        "asked": asked,
        "answered": answered,
        "stream_ways": STREAM_WAYS,
    }
    return (
        Endpoint(
            name="bedrock-converse",
            written="bedrock-converse",
            recorded=lambda one: one.api == "bedrock.converse",
            without=WITHOUT,
            **common,
        ),
        Endpoint(
            name="bedrock-invoke",
            written="bedrock-invoke",
            recorded=lambda one: one.api == "bedrock.invoke_model",
            whole_ways=BODY_WAYS,
            without={**WITHOUT, "reasoning": "the same bodies as those of Claude elsewhere"},
            **common,
        ),
    )


async def whole(made: Any) -> Any:
    """Read the body of an invocation."""
    return await done((await done(made))["body"].read())


REQUESTS = {
    "rerank": Request(
        call=lambda client: whole(client.invoke_model(modelId="cohere.rerank-v3-5:0", body=RERANK)),
        answer={"results": [{"index": 0, "relevance_score": 0.9}]},
        span="rerank cohere.rerank-v3-5:0",
    ),
    "image": Request(
        call=lambda client: whole(client.invoke_model(modelId="amazon.nova-canvas-v1:0", body=IMAGE)),
        answer={"images": ["AAE="]},
        span="generate_content amazon.nova-canvas-v1:0",
    ),
    "starting a video": Request(
        call=lambda client: client.start_async_invoke(
            modelId="amazon.nova-reel-v1:1",
            modelInput={"taskType": "TEXT_VIDEO"},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://b/c"}},
        ),
        answer={"invocationArn": "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl"},
        span="generate_content amazon.nova-reel-v1:1",
    ),
    "counting tokens": Request(
        call=lambda client: client.count_tokens(modelId="m", input={"converse": {"messages": []}}),
        answer={"inputTokens": 3},
        needs="count_tokens",
    ),
    "checking a text": Request(
        call=lambda client: client.apply_guardrail(
            guardrailIdentifier="g", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "Hi"}}]
        ),
        answer={"action": "NONE", "outputs": [], "assessments": []},
    ),
}
RERANK = json.dumps({"query": "q", "documents": ["d"], "api_version": 2})
IMAGE = json.dumps({"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cat"}})

ERRORS: Mapping[str | int, str] = {
    400: "botocore.errorfactory.ValidationException",
    401: "botocore.exceptions.ClientError",
    404: "botocore.errorfactory.ResourceNotFoundException",
    429: "botocore.errorfactory.ThrottlingException",
    "server": "botocore.errorfactory.InternalServerException",
    "timeout": "botocore.exceptions.ReadTimeoutError",
    "connection": "botocore.exceptions.EndpointConnectionError",
    "error_event": "botocore.exceptions.EventStreamError",
}
