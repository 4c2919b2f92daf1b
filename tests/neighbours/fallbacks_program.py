"""Lets LangChain fall back and retry against servers that fail, and prints what was recorded for each way.

python -m tests.neighbours.fallbacks_program <session | loose>
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.contract.recordings import written
from tests.fakes.replay import Replay
from tests.neighbours import program

KEY: Final = "test-key"
ASKED: Final = [("system", "Be brief."), ("human", "Hello")]
OTHER: Final = [("system", "Be brief."), ("human", "Goodbye")]


def _invoke(model: Any) -> None:
    model.invoke(ASKED)


def _ainvoke(model: Any) -> None:
    asyncio.run(model.ainvoke(ASKED))


def _stream(model: Any) -> None:
    assert list(model.stream(ASKED))


def _astream(model: Any) -> None:
    async def read() -> None:
        assert [chunk async for chunk in model.astream(ASKED)]

    asyncio.run(read())


def _batch(model: Any) -> None:
    model.batch([ASKED, OTHER])


WAYS: Final[dict[str, tuple[Callable[[Any], None], int]]] = {
    "invoke": (_invoke, 1),
    "ainvoke": (_ainvoke, 1),
    "stream": (_stream, 1),
    "astream": (_astream, 1),
    "batch": (_batch, 2),
}
"""How LangChain is asked, and how many requests of the first model that makes."""


def main(place: str) -> None:
    """Ask in every way, with a first model that fails and a second one that answers."""
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI

    program.use_providers()
    program.instrument()
    told = {}
    for way, (ask, requests) in WAYS.items():
        kind = "stream" if "stream" in way else "plain"
        first, second = (written(f"{name}-{kind}").sent for name in ("openai-chat", "anthropic-messages"))
        with Replay(first, fail_first=f"{requests}:503") as failing, Replay(second) as other:
            openai = ChatOpenAI(model="gpt-4o-mini", base_url=failing.url, api_key=KEY, max_retries=0)
            anthropic = ChatAnthropic(
                model="claude-sonnet-4-6", base_url=other.url, api_key=KEY, max_retries=0, max_tokens=9
            )
            told[way] = _made(place, partial(ask, openai.with_fallbacks([anthropic])))
            again = openai.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
        if way in {"invoke", "ainvoke"}:
            with Replay(first, fail_first="1:503") as failing:
                again.bound.root_client.base_url = again.bound.root_async_client.base_url = failing.url
                told[f"retried {way}"] = _made(place, partial(ask, again))
    print(json.dumps(told))


def _made(place: str, ask: Callable[[], None]) -> list[dict[str, Any]]:
    """Give the calls that one way makes, the failed ones first."""
    import agentotel

    program.exporter.clear()
    with agentotel.session() if place == "session" else contextlib.nullcontext():
        ask()
    program.flush()
    calls = [span for span in program.spans() if span["attributes"].get("gen_ai.operation.name") == "chat"]
    return sorted(calls, key=lambda span: span["status"] != "ERROR")


if __name__ == "__main__":
    main(sys.argv[1])
