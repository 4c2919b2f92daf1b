"""litellm, by way of the openai SDK; what it sends to others is in ``test_litellm.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it is fetched

import litellm

from agentotel.capture.registry import release
from tests.contract.drivers._spec import Caller, Driver, Ending, Endpoint, Request, Settings
from tests.contract.drivers._stainless import KEY
from tests.contract.expected import answered, asked
from tests.contract.flavour import close

litellm.suppress_debug_info = True
litellm.telemetry = False
litellm.types.utils.time = SimpleNamespace(time=lambda: 1760000000.0)  # it dates what it makes of an answer


class Client:
    """The arguments of every call. LiteLLM has no clients of its own, but keeps those that it makes."""

    def __init__(self, settings: Settings, base: str) -> None:
        self.flavour = settings.flavour
        self.options = {"api_base": settings.url + base, "api_key": KEY}
        given = {"max_retries": settings.retries, "timeout": settings.timeout_s}
        self.options |= {name: value for name, value in given.items() if value is not None}

    def call(self, name: str, **arguments: Any) -> Any:
        """Call a function of the package by the name of its sync form."""
        return getattr(litellm, "a" * (self.flavour == "async") + name)(**self.options, **arguments)

    async def aclose(self) -> None:
        """Close what litellm keeps."""
        kept = litellm.in_memory_llm_clients_cache.cache_dict
        for one in list(kept.values()):
            await close(one)
        litellm.in_memory_llm_clients_cache.flush_cache()


class Read:
    """A sync stream, which the SDK's class hides: it looks as if it were an async one too."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[Any]:
        return iter(self.stream)

    def __next__(self) -> Any:
        return next(self.stream)

    def close(self) -> None:
        """Close the stream of the SDK below."""
        self.stream.completion_stream.close()


def create(prefix: str) -> Callable[[Caller], Any]:
    """Make the function that makes the call of a recording to the model that ``prefix`` leads to."""

    def called(caller: Caller) -> Any:
        body = dict(caller.recording.body)
        known = {"allowed_openai_params": ["reasoning_effort"]}  # LiteLLM has a list of models that take it
        found = caller.client.call("completion", model=prefix + body.pop("model"), **known, **body)
        return Read(found) if isinstance(found, litellm.CustomStreamWrapper) else found

    return called


WITHOUT = {
    **dict.fromkeys(
        ("raw", "streaming_parse", "streaming_lines", "streaming_unread", "helper", "helper_left", "parse_into"),
        "the SDK has no such way",
    ),
    "left_with": "a stream of the SDK is no context manager",
    **dict.fromkeys(
        ("left_loop", "dropped_half_read"),
        "the SDK has its streams read as bytes, of which more may be there than read",
    ),
}
if release(version("litellm")) < (1, 106):
    WITHOUT["dropped_unread"] = "the SDK keeps the last answer in a global"
    WITHOUT["reset"] = "async, the SDK takes a reset for an end"

REQUESTS = {
    "embedding": Request(
        call=lambda client: client.call("embedding", model="openai/text-embedding-3-small", input=["a"]),
        answer={
            "object": "list",
            "model": "text-embedding-3-small",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
            "usage": {"prompt_tokens": 7, "total_tokens": 7},
        },
        span="embeddings text-embedding-3-small",
        facts={"gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 7},
    ),
    "text_completion": Request(
        call=lambda client: client.call("text_completion", model="openai/gpt-3.5-turbo-instruct", prompt="Hello"),
        answer={
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 1760000000,
            "model": "gpt-3.5-turbo-instruct",
            "choices": [{"index": 0, "text": "Good day.", "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
        },
        span="text_completion gpt-3.5-turbo-instruct",
        facts={"gen_ai.response.id": "cmpl-1", "gen_ai.usage.output_tokens": 5},
    ),
}

ERRORS = "litellm.exceptions"
DRIVER = Driver(
    package="litellm",
    distribution="litellm",
    errors={
        400: f"{ERRORS}.BadRequestError",  # its message does not name the limit in the words that LiteLLM looks for
        401: f"{ERRORS}.BadRequestError",  # and this one says that the request is invalid
        404: f"{ERRORS}.NotFoundError",
        429: f"{ERRORS}.RateLimitError",
        "server": f"{ERRORS}.InternalServerError",
        "timeout": f"{ERRORS}.Timeout",
        "stream_timeout": "httpx.ReadTimeout",
        "connection": f"{ERRORS}.InternalServerError",
        "refused": "httpx.ConnectError",
        "reset": "httpx.ReadError",
        "error_event": "openai.APIError",
    },
    requests=REQUESTS,
    endpoints=(
        Endpoint(
            name="litellm-openai",
            provider="openai",
            catalogue="openai",
            client=lambda settings: Client(settings, "/v1"),
            create=create("openai/"),
            written="openai-chat",
            asked=asked(),
            answered=answered("openai_chat", "service_tier", "system_fingerprint"),
            endings={
                "error_event": Ending(outcome="error", status="ERROR", error_type="server_error", category="server")
            },
            without=WITHOUT,
        ),
    ),
)
