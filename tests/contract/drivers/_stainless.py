"""What the drivers of the SDKs that Stainless generates have in common: resources, raw responses, error classes."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import pydantic

from tests.contract.drivers._spec import Caller, Endpoint, Settings, Way
from tests.contract.expected import answered, asked
from tests.contract.flavour import done, each, opened, take
from tests.contract.seen import shown, shown_response
from tests.contract.ways import by_next, in_with, read

KEY = "test-key"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""An empty context: the servers are plain HTTP, and loading certificates takes longer than a call."""

NO_HELPERS = dict.fromkeys(("helper", "helper_left", "parse_into"), "the SDK has no such helper")
"""Of ``Endpoint.without``, for an SDK that only creates."""

FINALS = ("get_final_completion", "get_final_response", "get_final_message")


class Wanted(pydantic.BaseModel):
    """A structured output that no exchange holds."""

    nobody_sends_this: int


def options(package: ModuleType, settings: Settings) -> dict[str, Any]:
    """Make the options of a client that all these SDKs know."""
    http = package.DefaultAsyncHttpxClient if settings.flavour == "async" else package.DefaultHttpxClient
    found = {"api_key": KEY, "http_client": http(verify=NO_TLS)}
    if settings.retries is not None:
        found["max_retries"] = settings.retries
    if settings.timeout_s is not None:
        found["timeout"] = settings.timeout_s
    return found


def http_library(package: ModuleType) -> str:
    """Name the HTTP library of an SDK: ``httpx`` or ``httpx2``."""
    names = [kind.__module__.partition(".")[0] for kind in package.DefaultHttpxClient.__mro__]
    return next(name for name in names if name.startswith("httpx"))


def errors(package: ModuleType) -> dict[str | int, str]:
    """Name the ``error.type`` of what an SDK raises."""
    name, http = package.__name__, http_library(package)
    return {
        400: f"{name}.BadRequestError",
        401: f"{name}.AuthenticationError",
        404: f"{name}.NotFoundError",
        429: f"{name}.RateLimitError",
        "server": f"{name}.InternalServerError",
        "timeout": f"{name}.APITimeoutError",
        "stream_timeout": f"{http}.ReadTimeout",
        "connection": f"{name}.APIConnectionError",
        "refused": f"{http}.ConnectError",
        "reset": f"{http}.ReadError",
        "unparsed": "pydantic_core.ValidationError",
        "error_event": f"{name}.APIError",
    }


def chat_endpoint(package: ModuleType, address: str = "") -> Endpoint:
    """Describe the chat of an SDK in OpenAI's format, with classes named after it; ``address`` ends its base URL."""
    name = package.__name__
    chat = Resource("chat.completions")

    def client(settings: Settings) -> Any:
        kind = f"Async{name.title()}" if settings.flavour == "async" else name.title()
        return getattr(package, kind)(base_url=settings.url + address, **options(package, settings))

    return Endpoint(
        name=f"{name}-chat",
        provider=name,
        catalogue=name,
        client=client,
        create=chat.create,
        recorded=lambda one: one.api == f"{name}.chat",
        written=f"{name}-chat",
        whole_ways=chat.whole_ways,
        stream_ways=chat.stream_ways,
        acts=chat.acts,
        asked=asked(),
        answered=answered("openai_chat"),
        without=NO_HELPERS,
    )


@dataclass(frozen=True)
class Resource:
    """A resource of a client and its ways of making a call.

    ``path`` is where it hangs (``chat.completions``); ``structured`` is the argument of ``parse`` that takes a
    schema, None where there is no ``parse``; ``helped`` tells whether there is a ``.stream()`` helper.
    """

    path: str
    structured: str | None = None
    helped: bool = False

    def of(self, caller: Caller) -> Any:
        """Find the resource of a client."""
        found = caller.client
        for name in self.path.split("."):
            found = getattr(found, name)
        return found

    def create(self, caller: Caller) -> Any:
        """Make the plain call."""
        return self._called(caller, self.of(caller).create)

    @cached_property
    def whole_ways(self) -> Mapping[str, Way]:
        parsed = (self.parse, self.parse_into) if self.structured else ()
        return _named(*self._always, *parsed)

    @cached_property
    def stream_ways(self) -> Mapping[str, Way]:
        return _named(*self._always, by_next, in_with, self.raw_lines, *((self.helper,) if self.helped else ()))

    @cached_property
    def acts(self) -> Mapping[str, Way]:
        return _named(*((self.helper_left,) if self.helped else ()), self.streaming_unread)

    @property
    def _always(self) -> tuple[Way, ...]:
        return (
            self.raw,
            self.streaming_parse,
            self.streaming_lines,
            self.streaming_bytes,
            self.streaming_raw,
            self.streaming_read,
        )

    def _called(self, caller: Caller, method: Callable[..., Any], without: tuple[str, ...] = (), **more: Any) -> Any:
        plain = self.of(caller).create if "create" in getattr(method, "__name__", "create") else method
        return method(**arguments(plain, caller.recording.body, without), **more)

    async def raw(self, caller: Caller) -> None:
        response = await done(self._called(caller, self.of(caller).with_raw_response.create))
        caller.log += [shown_response(response), response.http_request.url.path, response.retries_taken]
        parsed = await done(response.parse())
        await read(parsed, caller.log)
        assert (await done(response.parse())) is parsed

    async def raw_lines(self, caller: Caller) -> None:
        response = (await done(self._called(caller, self.of(caller).with_raw_response.create))).http_response
        caller.log.append(shown_response(response))
        unread = not response.is_stream_consumed and caller.flavour == "async"
        caller.log += [line async for line in each((response.aiter_lines if unread else response.iter_lines)())]

    async def streaming_parse(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            caller.log.append(shown_response(response))
            await read(await done(response.parse()), caller.log)

    async def streaming_lines(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            caller.log += [line async for line in each(response.iter_lines())]

    async def streaming_bytes(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            caller.log.append(b"".join([part async for part in each(response.iter_bytes(97))]))

    async def streaming_raw(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            inner = response.http_response
            chunks = inner.aiter_raw if caller.flavour == "async" else inner.iter_raw
            caller.log.append(b"".join([part async for part in each(chunks())]))

    async def streaming_read(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            caller.log += [await done(response.read()), await done(response.text())]

    async def streaming_unread(self, caller: Caller) -> None:
        async with self._streaming(caller) as response:
            caller.log.append(response.status_code)

    def _streaming(self, caller: Caller) -> Any:
        return opened(self._called(caller, self.of(caller).with_streaming_response.create))

    async def helper(self, caller: Caller) -> None:
        """Read the events and the final value of a ``.stream()`` helper."""
        async with self._helped(caller) as stream:
            caller.log.append(type(stream))
            async for event in each(stream):
                caller.log.append(shown(event))
            final = next(name for name in FINALS if hasattr(stream, name))
            caller.log.append(shown(await done(getattr(stream, final)())))

    async def helper_left(self, caller: Caller) -> None:
        async with self._helped(caller) as events:
            caller.log.append(type((await take(events, 1))[0]))

    def _helped(self, caller: Caller) -> Any:
        return opened(self._called(caller, self.of(caller).stream, ("stream",)))

    async def parse(self, caller: Caller) -> None:
        caller.log.append(shown(await done(self._called(caller, self.of(caller).parse, ("stream",)))))

    async def parse_into(self, caller: Caller) -> None:
        """Ask for a structured output that the answer does not hold."""
        without = ("stream", "response_format", "output_config", "tools", "tool_choice")
        wanted = {str(self.structured): Wanted}
        caller.log.append(shown(await done(self._called(caller, self.of(caller).parse, without, **wanted))))


def _named(*ways: Way) -> dict[str, Way]:
    return {way.__name__: way for way in ways}


def arguments(method: Callable[..., Any], body: Mapping[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Turn a body into arguments of a method; what it does not know goes into ``extra_body``."""
    known = inspect.signature(method).parameters
    body = {name: value for name, value in body.items() if name not in without}
    extra = {name: value for name, value in body.items() if name not in known}
    given = {name: value for name, value in body.items() if name in known}
    return {**given, "extra_body": extra} if extra else given
