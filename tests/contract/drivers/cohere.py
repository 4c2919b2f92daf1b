"""cohere, both versions of its API; streams are generators over a context manager of httpx."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import cohere
import httpx

from tests.contract.drivers._cohere_requests import REQUESTS
from tests.contract.drivers._spec import Caller, Driver, Ending, Endpoint, Settings
from tests.contract.drivers._stainless import KEY, NO_TLS
from tests.contract.expected import asked
from tests.contract.recordings import Recording

REPEATS = "max_retries" in inspect.signature(cohere.ClientV2).parameters
"""Whether a client can be told how often to try again; before 6, only a call can."""

WITHOUT = {
    **dict.fromkeys(
        ("raw", "streaming_parse", "streaming_lines", "streaming_unread", "helper", "helper_left", "parse_into"),
        "the SDK has no such way",
    ),
    "left_with": "a generator is no context manager",
    "dropped_unread": "a generator that nobody reads sends no request",
    "rate_limit_then_stream": "the SDK does not repeat streams",
}
if "thinking" not in inspect.signature(cohere.ClientV2.chat).parameters:
    WITHOUT["reasoning"] = "the SDK before 5.17 cannot ask for it"
CLIENTS = {
    "v1": {"sync": cohere.Client, "async": cohere.AsyncClient},
    "v2": {"sync": cohere.ClientV2, "async": cohere.AsyncClientV2},
}


def client(version: str) -> Any:
    """Make the function that makes a client of a version of the API."""

    def make(settings: Settings) -> Any:
        asynchronous = settings.flavour == "async"
        http = (httpx.AsyncClient if asynchronous else httpx.Client)(verify=NO_TLS)
        repeats = {"max_retries": settings.retries} if REPEATS and settings.retries is not None else {}
        made = CLIENTS[version][settings.flavour](
            api_key=KEY, base_url=settings.url, timeout=settings.timeout_s, httpx_client=http, **repeats
        )
        made.close = http.aclose if asynchronous else http.close
        return made

    return make


def create(caller: Caller) -> Any:
    method = caller.client.chat_stream if caller.recording.streams else caller.client.chat
    return method(**{name: value for name, value in caller.recording.body.items() if name != "stream"})


def said(recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the span must say of a request; two of its parameters have names of their own."""
    return asked()(recording, {**body, "top_p": body.get("p"), "top_k": body.get("k")})


def ended(recording: Recording) -> Mapping[str, Any]:
    """Give what an answer says besides the message: of a stream, its first and its last event."""
    if recording.answer is not None:
        return recording.answer
    return {"id": recording.events[0]["id"], **recording.events[-1]["delta"]}


def answered(recording: Recording) -> dict[str, Any]:
    body = ended(recording)
    return {
        "gen_ai.response.id": body["id"],
        "gen_ai.response.finish_reasons": (body["finish_reason"],),
        **{f"gen_ai.usage.{name}": count for name, count in body["usage"]["billed_units"].items()},
    }


def billed(recording: Recording) -> dict[str, Any] | None:
    """Read what is billed: less than the tokens, since Cohere does not bill its own prompts."""
    usage = ended(recording).get("usage")
    return usage and {f"gen_ai.usage.{name}": count for name, count in usage["billed_units"].items()}


ERRORS = "cohere.errors"
DRIVER = Driver(
    package="cohere",
    distribution="cohere",
    errors={
        400: f"{ERRORS}.bad_request_error.BadRequestError",
        401: f"{ERRORS}.unauthorized_error.UnauthorizedError",
        404: f"{ERRORS}.not_found_error.NotFoundError",
        429: f"{ERRORS}.too_many_requests_error.TooManyRequestsError",
        "server": f"{ERRORS}.internal_server_error.InternalServerError",
        "timeout": "httpx.ReadTimeout",
        "stream_timeout": "httpx.ReadTimeout",
        "connection": "httpx.ConnectError",
        "refused": "httpx.ConnectError",
        "reset": "httpx.ReadError",
        "error_event": "_OTHER",
    },
    retries=2 if REPEATS else None,
    request_ids=("x-debug-trace-id",),
    requests=REQUESTS,
    endpoints=(
        Endpoint(
            name="cohere-chat",
            provider="cohere",
            catalogue="cohere",
            billed=billed,
            client=client("v2"),
            create=create,
            recorded=lambda one: one.api == "cohere.chat",
            written="cohere-chat",
            asked=said,
            answered=answered,
            without=WITHOUT,
            endings={"error_event": Ending(outcome="error", status="ERROR", error_type="error_event")},
        ),
        Endpoint(
            name="cohere-chat-v1",
            provider="cohere",
            catalogue="cohere",
            client=client("v1"),
            create=create,
            recorded=lambda one: one.api == "cohere.chat_v1",
            asked=said,
        ),
    ),
)
