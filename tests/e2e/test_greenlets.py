"""Processes that gevent or eventlet has patched: each greenlet has its own spans, nothing of ours is said or hangs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.matrix import endpoint
from tests.e2e.test_exit import run
from tests.fakes.otlp import otlp_sink
from tests.fakes.replay import Replay

COUNT = 6

SPAWN = {
    "gevent": """
from gevent import monkey
monkey.patch_all()
import gevent
def together(work, count):
    gevent.joinall([gevent.spawn(work, number) for number in range(count)], raise_error=True)
""",
    "eventlet": """
import eventlet
eventlet.monkey_patch()
def together(work, count):
    for greenlet in [eventlet.spawn(work, number) for number in range(count)]:
        greenlet.wait()
""",
}

PROGRAM = """
import gc, os, sys, time
sys.modules["trio"] = None  # httpcore imports it where it is there, which fails once eventlet has patched sockets
import agentotel
if os.environ["RECORD"]:
    agentotel.init(service_name="greenlets")
import openai

left = []

def work(number):
    http = openai.DefaultHttpxClient(trust_env=False)
    client = openai.OpenAI(base_url=os.environ["PLAIN"], api_key="k", http_client=http)
    question = {"model": f"m-{number}", "messages": [{"role": "user", "content": "?"}]}
    with agentotel.session(f"s-{number}"), agentotel.agent(f"a-{number}"):
        client.chat.completions.create(**question)
        time.sleep(0.01)
        stream = client.with_options(base_url=os.environ["STREAM"]).chat.completions.create(**question, stream=True)
        next(stream)
        time.sleep(0.01)
        client.chat.completions.create(**question)
        if number == 0:
            left.append(stream)
        elif number % 2:
            stream.close()

gc.disable()  # a collection in a greenlet could leave it for another one while it frees a stream
together(work, COUNT)
gc.collect()
print(len(left))
"""


@pytest.mark.parametrize("library", SPAWN)
def test_each_greenlet_has_spans_of_its_own(library: str) -> None:
    pytest.importorskip(library)
    plain, stream = (endpoint("openai-chat").exchange(kind).sent for kind in ("plain", "stream"))
    program = SPAWN[library] + PROGRAM.replace("COUNT", str(COUNT))
    with otlp_sink() as sink, Replay(plain) as whole, Replay(stream, hold_after=2) as held:
        bare, ended = (run(program, sink.url, PLAIN=whole.url, STREAM=held.url, RECORD=on) for on in ("", "yes"))
    assert (ended.code, ended.out, _messages(ended.err)) == (bare.code, "1\n", _messages(bare.err))
    assert len({span.span_id for span in sink.spans}) == len(sink.spans) == COUNT * 5
    for number in range(COUNT):
        mine = [span for span in sink.spans if _said(span)["session.id"] == f"s-{number}"]
        agent = next(span for span in mine if span.name == f"invoke_agent a-{number}")
        calls = [span for span in mine if span.name == f"chat m-{number}"]
        assert {span.trace_id for span in mine} == {agent.trace_id}
        assert {span.parent_span_id for span in calls} == {agent.span_id}
        outcomes = sorted(_said(span)["agentotel.outcome"] for span in calls)
        assert outcomes == ["abandoned", "completed", "completed"]


def _messages(text: str) -> list[str]:
    """Give what the library that patched says of the stream left at exit, without us too, but for the way there."""
    return [line for line in text.splitlines() if not line.startswith(("  ", "Exception ignored in"))]


def _said(span: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}
