"""Runs the Python blocks of one page in order, in one namespace: ``python -m tests.docs.run_page PAGE``.

Blocks find ``client``, ``async_client`` and ``anthropic_client``, which talk to an emulator on this machine, and its
URL as ``gateway``. A block that sets agentotel up starts from nothing. A block of tests is given to pytest. An error
that agentotel swallowed fails the page.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

import agentotel
from agentotel._core import guard
from agentotel.demo.emulator import Emulator
from agentotel.demo.script import Line, Tokens, ToolUse
from tests.docs.pages import Block, blocks, name_of

SCRIPT = (
    Line(
        asks="where is",
        offers="lookup_order",
        calls=(ToolUse(name="lookup_order", arguments={"order_id": "A-1"}),),
        tokens=Tokens(input=412, output=38, cache_read=256),
    ),
    Line(asks="", after=("lookup_order",), text="It arrives on Monday.", tokens=Tokens(input=498, output=21)),
    Line(asks="", text="It arrives on Monday.", tokens=Tokens(input=412, output=38, cache_read=256)),
)

CONFTEST = """
import openai, pytest
from agentotel.demo.emulator import Emulator
from tests.docs.run_page import SCRIPT

@pytest.fixture
def client():
    with Emulator(SCRIPT, latency_s=0, chunk_delay_s=0) as emulator:
        http = openai.DefaultHttpxClient(trust_env=False)
        yield openai.OpenAI(base_url=emulator.openai_url, api_key="none", http_client=http)
"""


def main(page: Path) -> int:
    with Emulator(SCRIPT, latency_s=0, chunk_delay_s=0) as emulator:
        namespace = _clients(emulator) | {"__name__": "__main__"}
        for block in blocks(page):
            if block.language == "python" and not block.not_run:
                _run(block, namespace)
    agentotel.shutdown()
    swallowed = guard.counts()
    assert not swallowed, f"{name_of(page)}: internal errors {swallowed}"
    return 0


def _clients(emulator: Emulator) -> dict[str, Any]:
    return {
        "gateway": emulator.openai_url.removesuffix("/v1"),
        "client": openai.OpenAI(
            base_url=emulator.openai_url, api_key="none", http_client=openai.DefaultHttpxClient(trust_env=False)
        ),
        "async_client": openai.AsyncOpenAI(
            base_url=emulator.openai_url, api_key="none", http_client=openai.DefaultAsyncHttpxClient(trust_env=False)
        ),
        "anthropic_client": anthropic.Anthropic(
            base_url=emulator.anthropic_url, api_key="none", http_client=anthropic.DefaultHttpxClient(trust_env=False)
        ),
    }


def _run(block: Block, namespace: dict[str, Any]) -> None:
    if "\ndef test_" in "\n" + block.text:
        _run_tests(block)
        return
    if "agentotel.init(" in block.text or "agentotel.instrument(" in block.text:
        agentotel.shutdown()
    numbered = "\n" * (block.line - 1) + block.text
    exec(compile(numbered, name_of(block.page), "exec"), namespace)  # noqa: S102 - running the page is the purpose


def _run_tests(block: Block) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        file = Path(folder) / "test_block.py"
        file.write_text(block.text, encoding="utf-8")
        arguments = [
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
            "-c",
            str(Path(folder) / "none.ini"),
            str(file),
        ]
        (Path(folder) / "none.ini").write_text("[pytest]\n", encoding="utf-8")
        code = pytest.main(arguments)
        assert code == 0, f"{name_of(block.page)}:{block.line}: the tests of the block fail"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
