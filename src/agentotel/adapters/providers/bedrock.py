"""botocore: the runtimes of Amazon Bedrock and of its agents. Every other service passes by.

Source: ``botocore/client.py``, ``botocore/eventstream.py`` and ``botocore/response.py`` of botocore 1.40 and 1.44.
"""

from __future__ import annotations

import functools
import io
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel._core import guard
from agentotel.capture import hosts
from agentotel.capture.bodies import json_object
from agentotel.capture.spec import Adapter, Call, Hook, Sent, Target, own
from agentotel.wire import bedrock_agents, bedrock_converse, bedrock_invoke, retrieval
from agentotel.wire.format import Body

_request = guard.site("capture.request")

CONVERSE: Final = Call(operation="chat", format=bedrock_converse.FORMAT)
CALLS: Final[Mapping[str, Mapping[str, Call | None]]] = {
    "bedrock-runtime": {
        "Converse": CONVERSE,
        "ConverseStream": CONVERSE,
        "InvokeModel": None,
        "InvokeModelWithResponseStream": None,
        "StartAsyncInvoke": Call(operation="generate_content", format=bedrock_invoke.OTHER),
    },
    "bedrock-agent-runtime": {
        "InvokeAgent": Call(operation="invoke_agent", format=bedrock_agents.AGENT),
        "InvokeInlineAgent": Call(operation="invoke_agent", format=bedrock_agents.AGENT),
        "InvokeFlow": Call(operation="invoke_workflow", format=bedrock_agents.FLOW),
        "RetrieveAndGenerate": Call(operation="chat", format=bedrock_agents.GENERATION),
        "RetrieveAndGenerateStream": Call(operation="chat", format=bedrock_agents.GENERATION),
        "Retrieve": Call(operation="retrieval", format=retrieval.KNOWLEDGE_BASE),
        "Rerank": Call(operation="rerank", format=bedrock_agents.RANKING),
    },
}
"""Operations of botocore by service; None where the body tells the format."""

_STREAMS: Final = ("stream", "body", "completion", "responseStream")
"""Members of answers that are streams or bodies."""

OPERATIONS: Final = frozenset(name for calls in CALLS.values() for name in calls)
RETRIES: Final = {"legacy": 4}
DEFAULT_RETRIES: Final = 2
"""What botocore does where nobody configured it, by retry mode. Source: ``_retry.json``, ``retries/standard.py``."""


def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """Read the arguments of ``_make_api_call(operation_name, api_params)``."""
    name = args[0] if args else kwargs["operation_name"]
    if name not in OPERATIONS:
        return None
    calls = CALLS.get(client.meta.service_model.service_name, {})
    if name not in calls:
        return None
    params = args[1] if len(args) > 1 else kwargs["api_params"]
    call = calls[name]
    body = params if call is not None else _invocation(params)
    model = params.get("modelId")
    asked: dict[str, Any] = {**own(body), "stream": name.endswith("Stream")}
    if model is not None:
        asked["model"] = model
    config = client.meta.config
    return Sent(
        call=call or _call(str(model), asked),
        target=_target(client.meta.endpoint_url),
        body=asked,
        retry_limit=_retries(config.retries or {}),
        timeout_s=_seconds(config.read_timeout),
    )


def answer(response: Mapping[str, Any]) -> Any:
    """Show the stream or the HTTP response inside what a call gave; without one it is the answer itself."""
    held = next((held for key in _STREAMS if (held := response.get(key)) is not None), None)
    if held is None:
        return response
    if hasattr(held, "_event_generator"):
        checked = _checked_async if hasattr(type(held), "__anext__") else _checked
        held._event_generator = checked(held._event_generator, weakref.ref(held))  # noqa: SLF001
        return held
    raw = getattr(held, "_raw_stream", None)
    if isinstance(raw, io.BytesIO):  # somebody has read the body, and put it back
        return json_object(raw.getvalue())
    return getattr(held, "__wrapped__", held) if raw is None else raw  # a proxy in aiobotocore 2


def _invocation(params: Mapping[str, Any]) -> Body:
    """Read the model's own body, with the other arguments beside it; of a file there is nothing to read."""
    sent: Any = params.get("body")
    beside = {key: value for key, value in params.items() if key != "body"}
    whole = sent.getvalue() if hasattr(sent, "getvalue") else sent
    return {**beside, **(json_object(whole) if isinstance(whole, str | bytes | bytearray) else {})}


def _call(model: str, body: Body) -> Call:
    operation, found = _request(bedrock_invoke.of, model, body) or ("generate_content", bedrock_invoke.OTHER)
    return Call(operation=operation, format=found)


@functools.lru_cache(maxsize=1000)
def _target(url: str) -> Target:
    parts = urlsplit(url)
    return Target(provider="aws.bedrock", server=parts.hostname, port=hosts.port_of(parts))


def _retries(configured: Mapping[str, Any]) -> int:
    total = configured.get("total_max_attempts")
    return RETRIES.get(str(configured.get("mode")), DEFAULT_RETRIES) if total is None else max(total - 1, 0)


def _seconds(timeout: Any) -> float | None:
    return float(timeout) if isinstance(timeout, int | float) else None


def _checked(messages: Iterator[Any], stream: weakref.ref[Any]) -> Iterator[Any]:
    """Raise what the stream raises for a message that is an exception, while its reading is still watched."""
    for message in messages:
        if message.headers.get(":message-type") != "event" and (held := stream()) is not None:
            held._parse_event(message)  # noqa: SLF001 - what its own iteration calls
        yield message


async def _checked_async(messages: AsyncIterator[Any], stream: weakref.ref[Any]) -> AsyncIterator[Any]:
    async for message in messages:
        if message.headers.get(":message-type") != "event" and (held := stream()) is not None:
            await held._parse_event(message)  # noqa: SLF001
        yield message


ADAPTER: Final = Adapter(
    package="botocore",
    oldest=(1, 40),
    below=(2,),
    hooks=(Hook(module="botocore.client", owner="BaseClient", method="_make_api_call"),),
    read=read,
    answer=answer,
    iterator="_event_generator",
    response="_raw_stream",
    parser="_parser",
)
