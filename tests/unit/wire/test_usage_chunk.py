from __future__ import annotations

from types import SimpleNamespace

import pytest

from agentotel.wire._openai import usage_chunk

USAGE = {"prompt_tokens": 1}


@pytest.mark.parametrize(
    ("chunk", "told"),
    [
        ({"choices": [], "usage": USAGE}, True),
        ({"choices": [], "usage": None}, False),
        ({"choices": []}, False),
        ({"choices": [{"index": 0}], "usage": USAGE}, False),
        ({"usage": USAGE}, False),
        (SimpleNamespace(choices=[], usage=USAGE), True),
        (SimpleNamespace(choices=[1], usage=USAGE), False),
        (SimpleNamespace(usage=USAGE), False),
        ("text", False),
        (None, False),
    ],
)
def test_tells_the_chunk_of_usage(chunk: object, told: bool) -> None:
    assert usage_chunk(chunk) is told
