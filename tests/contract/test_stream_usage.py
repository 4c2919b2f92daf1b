"""Usage of streams that the caller did not ask for: the request on the wire, and what the caller sees of it."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextvars import Context, copy_context
from typing import Any

import openai
import pytest

from agentotel.capture import asking
from agentotel.capture.tracking import Tracking
from agentotel.record.operation import ModelFacts, Operation
from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done, each, opened
from tests.contract.scenarios import dropped
from tests.contract.test_answers import ASKED, CLIENTS, client_of
from tests.fakes.made import answering, streaming
from tests.fakes.replay import Replay

WISH = {"include_usage": True}
HEAD = {"id": "c_1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
REFUSED = {"error": {"message": "Unknown parameter: 'stream_options'.", "type": "invalid_request_error"}}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    asking._refusals.clear()
    yield
    asking._refusals.clear()


def chunks(*, metered: bool) -> list[dict[str, Any]]:
    """Make the chunks that a server sends, with or without the option."""
    more = {"usage": None} if metered else {}
    said = [({"role": "assistant", "content": "Hel"}, None), ({"content": "lo"}, None), ({}, "stop")]
    made = [{**HEAD, **more, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in said]
    return [*made, *([{**HEAD, "choices": [], "usage": USAGE}] if metered else [])]


class Server(Replay):
    """A provider: sends usage where it is asked for and, if it is an old one, refuses the option."""

    def __init__(self, *, old: bool = False, status: int = 400) -> None:
        super().__init__(streaming(*chunks(metered=False)))
        self._old = old
        self._status = status

    def _next(self, handler: Any) -> Any:
        asked = (self.requests[-1]["body"].get("stream_options") or {}).get("include_usage")
        if self._old and "stream_options" in self.requests[-1]["body"]:
            return answering(json.dumps(REFUSED), status=self._status)["interactions"][0]["response"]
        exchange = streaming(*chunks(metered=bool(asked)))
        if handler.path.endswith("/completions") and "chat" not in handler.path:
            exchange = streaming(*texts(metered=bool(asked)))
        return exchange["interactions"][0]["response"]

    @property
    def wishes(self) -> list[Any]:
        """What each request said of the option."""
        return [request["body"].get("stream_options") for request in self.requests]


def texts(*, metered: bool) -> list[dict[str, Any]]:
    """Make the chunks of a text completion."""
    head = {"id": "t_1", "object": "text_completion", "created": 1, "model": "gpt-3.5-turbo-instruct"}
    made = [{**head, "choices": [{"index": 0, "text": "Hello", "finish_reason": "stop", "logprobs": None}]}]
    return [*made, *([{**head, "choices": [], "usage": USAGE}] if metered else [])]


async def read(client: Any, **more: Any) -> list[Any]:
    """Read a stream of chat, and close the client."""
    stream = await done(client.chat.completions.create(model="gpt-4o-mini", messages=ASKED, stream=True, **more))
    found = [chunk async for chunk in each(stream)]
    await close(client)
    return found


def shown(found: list[Any]) -> list[Any]:
    """Show chunks without what the option may change in them."""
    return [chunk.to_dict() | {"usage": chunk.usage and chunk.usage.to_dict()} for chunk in found]


COUNTED = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2, "agentotel.usage.source": "provider"}


def counted(span: Any) -> dict[str, Any]:
    """Give the usage on a span."""
    return {name: span.attributes.get(name) for name in COUNTED}


NOTHING = dict.fromkeys(COUNTED)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_is_asked_for_and_the_chunk_is_hidden(flavour: str) -> None:
    with Server() as server, capture(stream_usage="never"):
        plain = shown(await read(client_of("openai", flavour, server)))
    with Server() as server, capture(stream_usage="always") as captured:
        seen = shown(await read(client_of("openai", flavour, server)))
    assert server.wishes == [WISH]
    assert seen == plain
    (span,) = captured.model_calls
    assert (span.outcome, counted(span)) == ("completed", COUNTED)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_next_ends_where_it_would(flavour: str) -> None:
    with Server() as server, capture(stream_usage="always") as captured:
        client = client_of("openai", flavour, server)
        stream = await done(client.chat.completions.create(model="gpt-4o-mini", messages=ASKED, stream=True))
        if flavour == "sync":
            assert [next(stream, None) is None for _ in range(4)] == [False, False, False, True]
        else:
            assert [await anext(stream, None) is None for _ in range(4)] == [False, False, False, True]
        await close(client)
    assert counted(captured.model_calls[0]) == COUNTED


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_the_stream_helper_sees_nothing_of_it(flavour: str) -> None:
    with Server() as server, capture(stream_usage="always") as captured:
        client = client_of("openai", flavour, server)
        async with opened(client.chat.completions.stream(model="gpt-4o-mini", messages=ASKED)) as stream:
            events = [event.type async for event in each(stream)]
            completion = await done(stream.get_final_completion())
        await close(client)
    assert (completion.usage, completion.choices[0].message.content) == (None, "Hello")
    assert events.count("chunk") == 3
    assert (server.wishes, counted(captured.model_calls[0])) == ([WISH], COUNTED)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_text_completions(flavour: str) -> None:
    with Server() as server, capture(stream_usage="always") as captured:
        client = client_of("openai", flavour, server)
        stream = await done(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello", stream=True))
        assert len([chunk async for chunk in each(stream)]) == 1
        await close(client)
    assert (server.wishes, counted(captured.model_calls[0])) == ([WISH], COUNTED)


@pytest.mark.parametrize(
    ("options", "wish", "chunks_seen", "usage"),
    [
        ({"include_usage": True}, {"include_usage": True}, 4, COUNTED),
        ({"include_usage": False}, {"include_usage": False}, 3, NOTHING),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}, 3, COUNTED),
    ],
)
async def test_what_the_caller_says_stays(
    options: dict[str, Any], wish: dict[str, Any], chunks_seen: int, usage: dict[str, Any]
) -> None:
    before = dict(options)
    with Server() as server, capture(stream_usage="always") as captured:
        found = await read(client_of("openai", "sync", server), stream_options=options)
    assert (server.wishes, len(found), options) == ([wish], chunks_seen, before)
    assert counted(captured.model_calls[0]) == usage


async def test_what_the_caller_says_in_the_extra_body_stays() -> None:
    with Server() as server, capture(stream_usage="always"):
        found = await read(client_of("openai", "sync", server), extra_body={"stream_options": WISH})
    assert (server.wishes, len(found)) == ([WISH], 4)


@pytest.mark.parametrize(
    ("mode", "base_url", "wish"),
    [
        ("auto", "http://api.openai.com/v1", WISH),
        ("auto", "http://eu.api.openai.com/v1", WISH),
        ("auto", "http://gateway.example.com/v1", None),
        ("auto", "http://api.openai.com.example.com/v1", None),
        ("always", "http://gateway.example.com/v1", WISH),
        ("never", "http://api.openai.com/v1", None),
    ],
)
async def test_auto_asks_hosts_that_take_it(mode: str, base_url: str, wish: Any) -> None:
    with Server() as server, capture(stream_usage=mode):
        through = openai.DefaultHttpxClient(proxy=server.url)
        found = await read(openai.OpenAI(base_url=base_url, api_key="key", http_client=through))
    assert (server.wishes, len(found)) == ([wish], 3)


@pytest.mark.parametrize(
    ("version", "wish"), [("2024-06-01", None), ("2024-09-01-preview", WISH), ("2024-10-21", WISH), ("preview", WISH)]
)
async def test_azure_takes_it_since_a_version(version: str, wish: Any) -> None:
    with Server() as server, capture():
        client = openai.AzureOpenAI(
            azure_endpoint="http://me.openai.azure.com",
            api_version=version,
            api_key="key",
            http_client=openai.DefaultHttpxClient(proxy=server.url),
        )
        await read(client)
    assert server.wishes == [wish]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_bytes_that_the_caller_reads_are_left_alone(flavour: str) -> None:
    with Server() as server, capture(stream_usage="always"):
        client = client_of("openai", flavour, server)
        wanted = {"model": "gpt-4o-mini", "messages": ASKED, "stream": True}
        raw = await done(client.chat.completions.with_raw_response.create(**wanted))
        assert len([chunk async for chunk in each(raw.parse())]) == 3
        async with opened(client.chat.completions.with_streaming_response.create(**wanted)) as response:
            assert "usage" not in "".join([line async for line in each(response.iter_lines())])
        await close(client)
    assert server.wishes == [None, None]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_server_that_refuses_it_is_asked_once(flavour: str, status: int) -> None:
    with Server(old=True, status=status) as server, capture(stream_usage="always") as captured:
        first = await read(client_of("openai", flavour, server))
        second = await read(client_of("openai", flavour, server))
    assert server.wishes == [WISH, None, None]
    assert (len(first), len(second)) == (3, 3)
    assert [(span.outcome, span.status) for span in captured.model_calls] == [("completed", "UNSET")] * 2
    assert [len([one for one in span.events if one.name == "agentotel.attempt"]) for span in captured.model_calls] == [
        2,
        1,
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_any_other_refusal_is_the_callers(flavour: str) -> None:
    refusal = answering(
        json.dumps({"error": {"message": "Unknown model", "type": "invalid_request_error"}}), status=400
    )
    with Replay(refusal) as server, capture(stream_usage="always") as captured:
        client = client_of("openai", flavour, server)
        with pytest.raises(openai.BadRequestError, match="Unknown model"):
            await read(client)
        await close(client)
    assert len(server.requests) == 1
    assert captured.model_calls[0].outcome == "error"


async def test_a_call_that_does_not_stream_is_not_asked() -> None:
    with Replay(answering({"id": "c", "choices": [], "usage": USAGE})) as server, capture(stream_usage="always"):
        client = CLIENTS["openai"]["sync"](base_url=server.url, api_key="key")
        client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)
        client.responses.create(model="gpt-4o-mini", input="Hello")
        client.close()
    assert all("stream_options" not in request["body"] for request in server.requests)


async def test_a_stream_that_is_left_early_has_no_usage() -> None:
    with Server() as server, capture(stream_usage="always") as captured:
        client = client_of("openai", "sync", server)
        stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASKED, stream=True)
        next(stream)
        stream.close()
        client.close()
    (span,) = captured.model_calls
    assert (span.outcome, counted(span)) == ("abandoned", NOTHING)


def keeping(flavour: str, server: Replay, kept: list[Context]) -> Any:
    """Make a client inside whose calls something is started that lives on, with a copy of the context."""

    def start(_request: Any) -> None:
        kept.append(copy_context())

    async def start_async(request: Any) -> None:
        start(request)

    made = openai.DefaultAsyncHttpxClient if flavour == "async" else openai.DefaultHttpxClient
    http_client = made(event_hooks={"request": [start_async if flavour == "async" else start]})
    return CLIENTS["openai"][flavour](base_url=server.url, api_key="key", http_client=http_client)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_what_was_started_inside_a_call_keeps_nothing_of_it(flavour: str) -> None:
    ours = {asking.Addition, ModelFacts, Operation, Tracking}
    kept: list[Context] = []
    with Server() as server, capture(stream_usage="always") as captured:
        before = [one for one in gc.get_objects() if type(one) in ours]
        await read(keeping(flavour, server, kept))
        await dropped()
        after = [one for one in gc.get_objects() if type(one) in ours]
    assert (server.wishes, len(captured.model_calls), len(kept)) == ([WISH], 1, 1)
    assert [type(one).__name__ for one in after if not any(one is old for old in before)] == []
