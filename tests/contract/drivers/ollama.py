"""ollama, whose streams are plain generators."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import ollama

from tests.contract.drivers._spec import Caller, Driver, Ending, Endpoint, Request, Settings
from tests.contract.drivers._stainless import NO_TLS
from tests.contract.expected import PARAMETERS
from tests.contract.recordings import Recording

OPTIONS = {**PARAMETERS, "num_predict": "gen_ai.request.max_tokens"}

WITHOUT = {
    **dict.fromkeys(
        ("raw", "streaming_parse", "streaming_lines", "streaming_unread", "helper", "helper_left", "parse_into"),
        "the SDK has no such way",
    ),
    "left_with": "a generator is no context manager",
    "cached": "Ollama does not say what it had cached",
    "dropped_unread": "a generator that nobody reads sends no request",
}
if "think" not in inspect.signature(ollama.Client.chat).parameters:
    WITHOUT["reasoning"] = "the SDK before 0.5 cannot ask for it"


def client(settings: Settings) -> Any:
    made = ollama.AsyncClient if settings.flavour == "async" else ollama.Client
    found = made(host=settings.url, timeout=settings.timeout_s, verify=NO_TLS)
    if not hasattr(found, "close"):  # before 0.6
        http = found._client
        found.close = http.aclose if settings.flavour == "async" else http.close
    return found


def create(method: str) -> Callable[[Caller], Any]:
    """Make the call of a method of the client."""
    return lambda caller: getattr(caller.client, method)(**caller.recording.body)


def asked(operation: str) -> Callable[[Recording, Any], dict[str, Any]]:
    """Make the function that reads what the span must say of a request; most of it stands under ``options``."""

    def read(_recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"gen_ai.operation.name": operation, "gen_ai.request.model": body["model"]}
        if body.get("stream"):
            found["gen_ai.request.stream"] = True
        options = body.get("options") or {}
        return found | {OPTIONS[name]: value for name, value in options.items() if name in OPTIONS}

    return read


def answered(recording: Recording) -> dict[str, Any]:
    """Read what the span must say of an answer, whose last line says it all."""
    body = recording.events[-1] if recording.answer is None else recording.answer
    found = {
        "gen_ai.response.model": body["model"],
        "gen_ai.response.finish_reasons": (body["done_reason"],) if "done_reason" in body else None,
        "gen_ai.usage.input_tokens": body.get("prompt_eval_count"),
        "gen_ai.usage.output_tokens": body.get("eval_count"),
    }
    return {name: value for name, value in found.items() if value is not None}


def endpoint(name: str, operation: str, method: str, **more: Any) -> Endpoint:
    return Endpoint(
        name=name,
        provider="ollama",
        client=client,
        create=create(method),
        recorded=lambda one: one.api == f"ollama.{method}",
        asked=asked(operation),
        answered=answered,
        **more,
    )


DONE = {"model": "m:1", "done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5}
COUNTED = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5}
REQUESTS = {
    "generate": Request(
        call=lambda client: client.generate(model="m", prompt="Hello", system="Be kind.", options={"seed": 7}),
        answer={**DONE, "response": "Good day."},
        span="text_completion m",
        facts={**COUNTED, "gen_ai.response.finish_reasons": ("stop",), "gen_ai.request.seed": 7},
    ),
    "embed": Request(
        call=lambda client: client.embed(model="m", input=["a", "b"]),
        answer={"model": "m:1", "embeddings": [[0.5], [0.25]], "prompt_eval_count": 7},
        span="embeddings m",
        facts={"gen_ai.usage.input_tokens": 7, "gen_ai.response.model": "m:1", "agentotel.cost.usd": None},
    ),
    "embeddings": Request(
        call=lambda client: client.embeddings(model="m", prompt="a"),
        answer={"embedding": [0.5]},
        span="embeddings m",
        facts={"gen_ai.usage.input_tokens": None},
    ),
    "systemone": Request(
        call=lambda client: client.systemone(
            model="m", state="a", questions={"q": {"type": "noul", "instructions": "is it?"}}
        ),
        answer={
            "model": "m:1",
            "answers": {"q": {"type": "noul", "noul": 0.5}},
            "usage": {"input_tokens": 7, "output_tokens": 5},
        },
        span="generate_content m",
        facts=COUNTED,
        needs="systemone",
    ),
    "list": Request(call=lambda client: client.list(), answer={"models": []}),
    "pull": Request(call=lambda client: client.pull("m"), answer={"status": "success"}),
}

SOURCE = importlib.import_module("ollama._client")  # the package has a client of this name
CONNECTION = "ConnectionError" if hasattr(SOURCE, "CONNECTION_ERROR_MESSAGE") else "httpx.ConnectError"
DRIVER = Driver(
    package="ollama",
    distribution="ollama",
    errors={
        **dict.fromkeys((400, 401, 404, 429, "server", "error_event"), "ollama.ResponseError"),
        "timeout": "httpx.ReadTimeout",
        "stream_timeout": "httpx.ReadTimeout",
        "connection": CONNECTION,
        "refused": "httpx.ConnectError",
        "reset": "httpx.ReadError",
    },
    retries=None,
    requests=REQUESTS,
    endpoints=(
        endpoint(
            "ollama-chat",
            "chat",
            "chat",
            written="ollama-chat",
            without=WITHOUT,
            endings={"error_event": Ending(outcome="error", status="ERROR", error_type="error_event")},
        ),
        endpoint("ollama-generate", "text_completion", "generate"),
        endpoint("ollama-embed", "embeddings", "embed"),
    ),
)
