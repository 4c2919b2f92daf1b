"""The ways of making one call: each logs what its caller sees, step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pydantic

from tests.contract.flavour import done, each, opened, take
from tests.contract.recordings import Recording
from tests.contract.seen import shown, shown_response

Log = list[Any]
Way = Callable[[Recording, Any, Log], Awaitable[None]]


FINALS = ("get_final_completion", "get_final_response", "get_final_message")


class Wanted(pydantic.BaseModel):
    """A structured output that no recording holds."""

    nobody_sends_this: int


async def read(value: Any, log: Log) -> None:
    """Log a value, and what it streams."""
    if not hasattr(value, "__next__") and not hasattr(value, "__anext__"):
        log.append(shown(value))
        return
    log.append((type(value), sorted(set(vars(value)) - {"_iterator"}), shown_response(value.response)))
    async for chunk in each(value):
        log.append(shown(chunk))
    log.append(value.response.is_closed)


async def create(recording: Recording, client: Any, log: Log) -> None:
    method = recording.resource(client).create
    await read(await done(method(**recording.arguments(method))), log)


async def create_by_next(recording: Recording, client: Any, log: Log) -> None:
    """Read two items by ``next()``, leave a loop, go on in another, then ask for one more."""
    method = recording.resource(client).create
    stream = await done(method(**recording.arguments(method)))
    log.append(shown(await take(stream, 2)))
    async for chunk in each(stream):
        log.append(shown(chunk))
        break
    async for chunk in each(stream):
        log.append(shown(chunk))
    log.append(shown(await take(stream, 1)))


async def create_in_with(recording: Recording, client: Any, log: Log) -> None:
    method = recording.resource(client).create
    async with opened(await done(method(**recording.arguments(method)))) as stream:
        await read(stream, log)
    log.append(stream.response.is_closed)


async def helper(recording: Recording, client: Any, log: Log) -> None:
    """Read the events and the final value of a ``.stream()`` helper."""
    method = recording.resource(client).stream
    async with opened(method(**recording.arguments(method, without=("stream",)))) as stream:
        log.append(type(stream))
        async for event in each(stream):
            log.append(shown(event))
        final = next(
            name
            for name in ("get_final_completion", "get_final_response", "get_final_message")
            if hasattr(stream, name)
        )
        log.append(shown(await done(getattr(stream, final)())))


async def raw(recording: Recording, client: Any, log: Log) -> None:
    method = recording.resource(client).with_raw_response.create
    response = await done(method(**recording.arguments(recording.resource(client).create)))
    log += [shown_response(response), response.http_request.url, response.retries_taken]
    parsed = await done(response.parse())
    await read(parsed, log)
    assert (await done(response.parse())) is parsed


async def raw_lines(recording: Recording, client: Any, log: Log) -> None:
    method = recording.resource(client).with_raw_response.create
    response = (await done(method(**recording.arguments(recording.resource(client).create)))).http_response
    log.append(shown_response(response))
    lines = response.aiter_lines if recording.streams and hasattr(client, "__aenter__") else response.iter_lines
    log += [line async for line in each(lines())]


async def streaming_parse(recording: Recording, client: Any, log: Log) -> None:
    async with _streaming(recording, client) as response:
        log.append(shown_response(response))
        await read(await done(response.parse()), log)


async def streaming_lines(recording: Recording, client: Any, log: Log) -> None:
    async with _streaming(recording, client) as response:
        log += [line async for line in each(response.iter_lines())]


async def streaming_bytes(recording: Recording, client: Any, log: Log) -> None:
    async with _streaming(recording, client) as response:
        log.append(b"".join([part async for part in each(response.iter_bytes(97))]))


async def streaming_raw(recording: Recording, client: Any, log: Log) -> None:
    async with _streaming(recording, client) as response:
        inner = response.http_response
        chunks = inner.aiter_raw if hasattr(client, "__aenter__") else inner.iter_raw
        log.append(b"".join([part async for part in each(chunks())]))


async def streaming_read(recording: Recording, client: Any, log: Log) -> None:
    async with _streaming(recording, client) as response:
        log.append(await done(response.read()))
        log.append(await done(response.text()))


def _streaming(recording: Recording, client: Any) -> Any:
    resource = recording.resource(client)
    return opened(resource.with_streaming_response.create(**recording.arguments(resource.create)))


async def parse(recording: Recording, client: Any, log: Log) -> None:
    method = recording.resource(client).parse
    log.append(shown(await done(method(**recording.arguments(method, without=("stream",))))))


async def parse_into(recording: Recording, client: Any, log: Log) -> None:
    """Ask for a structured output that the answer does not hold."""
    name = {"openai.chat.completions": "response_format", "openai.responses": "text_format"}.get(
        recording.api, "output_format"
    )
    method = recording.resource(client).parse
    given = recording.arguments(method, without=("stream", "response_format", "output_config", "tools", "tool_choice"))
    log.append(shown(await done(method(**given, **{name: Wanted}))))


ALWAYS: Mapping[str, Way] = {
    way.__name__: way
    for way in (create, raw, streaming_parse, streaming_lines, streaming_bytes, streaming_raw, streaming_read)
}
STREAMED: Mapping[str, Way] = {way.__name__: way for way in (create_by_next, create_in_with, raw_lines)}
HELPED: Mapping[str, Way] = {"helper": helper}
PARSED: Mapping[str, Way] = {way.__name__: way for way in (parse, parse_into)}


def ways(recording: Recording) -> Mapping[str, Way]:
    """Name the ways in which a recording can be asked for."""
    if not recording.streams:
        parsed = recording.api in {"openai.chat.completions", "openai.responses", "anthropic.messages"}
        return {**ALWAYS, **PARSED} if parsed else ALWAYS
    helped = recording.api != "openai.completions"
    return {**ALWAYS, **STREAMED, **HELPED} if helped else {**ALWAYS, **STREAMED}
