"""Event loops that come and go, streams and generators left where nobody expects it: nothing is said, nothing hangs."""

from __future__ import annotations

import pytest

from tests.contract.matrix import endpoint
from tests.e2e.test_exit import run
from tests.fakes.otlp import otlp_sink
from tests.fakes.replay import Replay

BEGIN = """
import asyncio, os, sys, threading
import agentotel
if os.environ["RECORD"]:
    agentotel.init(service_name="loops")
import openai

QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "?"}]}
plain, held = os.environ["PLAIN"], os.environ["STREAM"]

def sync(url):
    return openai.OpenAI(base_url=url, api_key="k", http_client=openai.DefaultHttpxClient(trust_env=False))

def asynchronous(url):
    http = openai.DefaultAsyncHttpxClient(trust_env=False)
    return openai.AsyncOpenAI(base_url=url, api_key="k", http_client=http)

"""

TWICE = """
async def work(number):
    async with agentotel.agent(f"a-{number}"), asynchronous(plain) as client:
        await client.chat.completions.create(**QUESTION)
        stream = await client.with_options(base_url=held).chat.completions.create(**QUESTION, stream=True)
        print((await anext(stream)).id)

asyncio.run(work(1))
asyncio.run(work(2))
"""

EXIT = """
stream = sync(held).chat.completions.create(**QUESTION, stream=True)
print(next(stream).id)
sys.exit(3)
"""

EXIT_ASYNC = """
async def work():
    global client, stream
    client = asynchronous(held)
    stream = await client.chat.completions.create(**QUESTION, stream=True)
    print((await anext(stream)).id)

asyncio.run(work())
sys.exit(3)
"""

EXIT_IN_LOOP = """
async def work():
    async for chunk in await asynchronous(held).chat.completions.create(**QUESTION, stream=True):
        print(chunk.id)
        sys.exit(3)

asyncio.run(work())
"""

DROPPED = """
import gc

async def work():
    async with asynchronous(held) as client:
        for _ in range(20):
            stream = await client.chat.completions.create(**QUESTION, stream=True)
            await anext(stream)
            del stream
            gc.collect()
            await asyncio.sleep(0.01)

asyncio.run(work())
"""

OTHER_TASK = """
async def answer(client):
    async with agentotel.turn(), agentotel.agent("a"):
        async for chunk in await client.chat.completions.create(**QUESTION, stream=True):
            yield chunk.id

async def work():
    async with asynchronous(held) as client:
        made = answer(client)
        print(await anext(made))
        async def end():
            await made.aclose()
        await asyncio.create_task(end())
        left = answer(client)
        print(await asyncio.create_task(anext(left)))
        del left
        await asyncio.sleep(0.1)

async def anext(made):
    return await made.__anext__()

asyncio.run(work())
"""

OTHER_THREAD = """
streams = []
def begin():
    with agentotel.agent("a"):
        streams.append(sync(held).chat.completions.create(**QUESTION, stream=True))
        print(next(streams[-1]).id)

for _ in range(2):
    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
ending = threading.Thread(target=streams[0].close)
ending.start()
ending.join()
"""

PROGRAMS = {
    "twice": (TWICE, ["abandoned", "abandoned", "completed", "completed"]),
    "exit": (EXIT, ["abandoned"]),
    "exit_async": (EXIT_ASYNC, ["abandoned"]),
    "exit_in_loop": (EXIT_IN_LOOP, ["abandoned"]),
    "dropped": (DROPPED, ["abandoned"] * 20),
    "other_task": (OTHER_TASK, ["abandoned", "abandoned"]),
    "other_thread": (OTHER_THREAD, ["abandoned", "abandoned"]),
}
"""Programs, and how their calls end."""

LEFT_TO_THE_LOOP = {"twice", "exit_async", "exit_in_loop", "other_task"}
CLOSING = "an error occurred during closing of asynchronous generator"
"""What asyncio may say, without us too, where a loop that ends has to close the generators inside httpx's responses."""
OURS = ("internal error", "Exception ignored", "never awaited", "never retrieved")


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_left_ends_quietly_and_once(name: str) -> None:
    program, outcomes = PROGRAMS[name]
    plain, stream = (endpoint("openai-chat").exchange(kind).sent for kind in ("plain", "stream"))
    with otlp_sink() as sink, Replay(plain) as whole, Replay(stream, hold_after=2) as held:
        bare, ended = (
            run(BEGIN + program, sink.url, PLAIN=whole.url, STREAM=held.url, RECORD=on) for on in ("", "yes")
        )
    assert (ended.code, ended.out) == (bare.code, bare.out)
    assert not ended.err or (name in LEFT_TO_THE_LOOP and CLOSING in ended.err), ended.err
    assert not [words for words in OURS if words in ended.err]
    said = [{one.key: one.value.string_value for one in span.attributes} for span in sink.spans]
    calls = [one for one in said if one.get("gen_ai.operation.name") == "chat"]
    assert sorted(one["agentotel.outcome"] for one in calls) == outcomes
    assert len({span.span_id for span in sink.spans}) == len(sink.spans)
