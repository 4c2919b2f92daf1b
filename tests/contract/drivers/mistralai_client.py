"""mistralai, old and new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic
from mistralai.client import Mistral, basesdk

from tests.contract.drivers._mistral_requests import REQUESTS
from tests.contract.drivers._spec import Caller, Driver, Endpoint, Settings
from tests.contract.drivers._stainless import KEY, NO_TLS
from tests.contract.expected import answered, asked
from tests.contract.flavour import done, each, opened, take
from tests.contract.recordings import Recording
from tests.contract.seen import shown

HTTP = basesdk.httpx
"""httpx2, or httpx before version 3."""

WITHOUT = {
    **dict.fromkeys(
        ("raw", "streaming_parse", "streaming_lines", "streaming_unread"), "the SDK has no raw responses of its own"
    ),
    "parse_into": "the SDK parses what it has decoded, above its HTTP request",
}
if HTTP.__name__ == "httpx":
    WITHOUT |= {
        "early_close": "before 3 an asynchronous stream has no close()",
        "error_event": "before 3 the SDK leaves an asynchronous stream open after an event that it cannot read",
    }


class Wanted(pydantic.BaseModel):
    """A structured output."""

    nobody_sends_this: int


def client(settings: Settings) -> Any:
    """Make a client with one HTTP client, that of the flavour."""
    asynchronous = settings.flavour == "async"
    http = (HTTP.AsyncClient if asynchronous else HTTP.Client)(verify=NO_TLS, follow_redirects=True)
    made = Mistral(
        api_key=KEY,
        server_url=settings.url,
        timeout_ms=None if settings.timeout_s is None else int(settings.timeout_s * 1000),
        **{"async_client" if asynchronous else "client": http},
    )
    made.close = http.aclose if asynchronous else http.close
    return made


def called(caller: Caller, resource: str, whole: str, stream: str | None = None, **more: Any) -> Any:
    """Call one method of a resource, or its asynchronous twin; a stream has a method of its own."""
    name = stream if stream and caller.recording.streams else whole
    method = getattr(getattr(caller.client, resource), f"{name}_async" if caller.flavour == "async" else name)
    body = {key: value for key, value in caller.recording.body.items() if key != "stream"}
    return method(**body, **more)


def chat(caller: Caller) -> Any:
    return called(caller, "chat", "complete", "stream")


def embed(caller: Caller) -> Any:
    body = caller.recording.body
    method = caller.client.embeddings.create_async if caller.flavour == "async" else caller.client.embeddings.create
    return method(model=body["model"], inputs=body["input"])


async def helper(caller: Caller) -> None:
    """Read a stream of ``parse_stream``, which is ``stream`` with a schema."""
    async with opened(await done(called(caller, "chat", "", "parse_stream", response_format=Wanted))) as stream:
        async for event in each(stream):
            caller.log.append(shown(event))


async def helper_left(caller: Caller) -> None:
    async with opened(await done(called(caller, "chat", "", "parse_stream", response_format=Wanted))) as stream:
        caller.log.append(type((await take(stream, 1))[0]))


def said(*also: str) -> Any:
    """Make the function that reads the request facts of a recording; the seed has a name of its own."""
    read = asked(*also)

    def reading(recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
        return read(recording, {**body, "seed": body.get("random_seed")})

    return reading


ERROR = "mistralai.client.errors.sdkerror.SDKError"
DRIVER = Driver(
    package="mistralai.client",
    distribution="mistralai",
    errors={
        **dict.fromkeys((400, 401, 404, 429, "server"), ERROR),
        "timeout": f"{HTTP.__name__}.ReadTimeout",
        "stream_timeout": f"{HTTP.__name__}.ReadTimeout",
        "connection": f"{HTTP.__name__}.ConnectError",
        "refused": f"{HTTP.__name__}.ConnectError",
        "reset": f"{HTTP.__name__}.ReadError",
        "error_event": "internal_server_error",
    },
    retries=None,
    request_ids=("mistral-correlation-id",),
    requests=REQUESTS,
    endpoints=(
        Endpoint(
            name="mistral-chat",
            provider="mistral_ai",
            catalogue="mistral",
            client=client,
            create=chat,
            recorded=lambda one: one.api == "mistral.chat",
            written="mistral-chat",
            acts={"helper": helper, "helper_left": helper_left},
            asked=said(),
            answered=answered("openai_chat"),
            without=WITHOUT,
        ),
        Endpoint(
            name="mistral-embeddings",
            provider="mistral_ai",
            catalogue="mistral",
            client=client,
            create=embed,
            recorded=lambda one: one.api == "mistral.embeddings",
            asked=said("embeddings"),
            answered=answered("openai_embeddings"),
        ),
    ),
)
