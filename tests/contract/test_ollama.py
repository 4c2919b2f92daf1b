"""ollama beyond the calls that all SDKs have: what the classes of its streams have no field for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentotel.testing import capture
from tests.contract.flavour import FLAVOURS, close, done, each
from tests.fakes.made import answering
from tests.fakes.replay import Replay

ollama = pytest.importorskip("ollama")


def _line(said: str, *calls: dict[str, Any], **more: Any) -> str:
    message = {"role": "assistant", "content": said, **({"tool_calls": calls} if calls else {})}
    return json.dumps({"model": "qwen3:8b", "message": message, "done": False, **more}) + "\n"


def _call(call_id: str, name: str) -> dict[str, Any]:
    return {"id": call_id, "function": {"index": 0, "name": name, "arguments": {"a": 1}}}


LINES = (
    _line("Well."),
    _line("", _call("call_1", "add"), _call("call_2", "subtract")),
    _line("", _call("call_3", "add")),
    _line("", done=True, done_reason="stop", prompt_eval_count=7, eval_count=5),
)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
async def test_the_ids_of_tool_calls_in_a_stream(flavour: str, gzip: bool) -> None:
    exchange = answering("".join(LINES), headers={"content-type": "application/x-ndjson"})
    with Replay({**exchange, "mode": "ndjson"}, gzip=gzip) as server:

        async def read() -> list[Any]:
            client = (ollama.AsyncClient if flavour == "async" else ollama.Client)(host=server.url)
            stream = await done(client.chat(model="qwen3", messages=[{"role": "user", "content": "Hi"}], stream=True))
            seen = [chunk.model_dump() async for chunk in each(stream)]
            if hasattr(client, "close"):
                await close(client)
            return seen

        bare = await read()
        with capture(content=True) as captured:
            assert await read() == bare
    (call,) = captured.model_calls
    assert call.outcome == "completed"
    (said,) = json.loads(call.attributes["gen_ai.output.messages"])
    assert [part.get("id") for part in said["parts"]] == [None, "call_1", "call_2", "call_3"]
