"""Clients of a small emulator on this machine, so that the examples need no key and no network.

In your program write ``openai.OpenAI()`` and ``anthropic.Anthropic()`` instead; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anthropic
import openai

from agentotel.demo.emulator import Emulator
from agentotel.demo.script import Line, Tokens, ToolUse

_SMALL = Tokens(input=412, output=38, cache_read=256)

LINES = (
    Line(
        asks="weather",
        offers="get_weather",
        calls=(ToolUse(name="get_weather", arguments={"city": "Lyon"}),),
        tokens=_SMALL,
    ),
    Line(asks="weather", after=("get_weather",), text="It is 21 degrees and dry in Lyon.", tokens=_SMALL),
    Line(asks="busy", busy=True, text="Now I have time for you.", tokens=_SMALL),
    Line(asks="", text="Traces, metrics and logs are three views of one program at work.", tokens=_SMALL),
)
"""What the emulated models say: the first line that fits the last question and the tool results after it."""


@contextmanager
def openai_client() -> Iterator[openai.OpenAI]:
    """Give an OpenAI client that talks to the emulator while the block runs."""
    with (
        Emulator(LINES, latency_s=0, chunk_delay_s=0) as emulator,
        openai.OpenAI(
            base_url=emulator.openai_url, api_key="none", http_client=openai.DefaultHttpxClient(trust_env=False)
        ) as client,
    ):
        yield client


@contextmanager
def anthropic_client() -> Iterator[anthropic.Anthropic]:
    """Give an Anthropic client that talks to the emulator while the block runs."""
    with (
        Emulator(LINES, latency_s=0, chunk_delay_s=0) as emulator,
        anthropic.Anthropic(
            base_url=emulator.anthropic_url, api_key="none", http_client=anthropic.DefaultHttpxClient(trust_env=False)
        ) as client,
    ):
        yield client
