"""Formats that say so make one message of each: what they make of it does not depend on the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentotel.wire import anthropic_messages, bedrock_converse, cohere_chat, mistral_chat, ollama, openai_chat
from agentotel.wire.format import Format
from tests.contract import recordings

FORMATS = {
    "openai": openai_chat.FORMAT,
    "anthropic": anthropic_messages.FORMAT,
    "bedrock": bedrock_converse.FORMAT,
    "cohere": cohere_chat.FORMAT,
    "mistral": mistral_chat.CHAT,
    "ollama": ollama.FORMAT,
}


def bodies(value: Any) -> Iterator[dict[str, Any]]:
    """Find the requests with messages in an exchange."""
    if isinstance(value, dict):
        if isinstance(value.get("messages"), list):
            yield value
        for item in value.values():
            yield from bodies(item)
    elif isinstance(value, list):
        for item in value:
            yield from bodies(item)


def everything() -> list[dict[str, Any]]:
    written = [recordings.written(path.stem) for path in sorted(Path(recordings.WRITTEN).glob("*.json"))]
    return [body for one in (*recordings.recorded().values(), *written) for body in bodies(one.body)]


@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
def test_messages_can_be_read_one_by_one(format_: Format) -> None:
    assert format_.separate
    found = everything()
    assert len(found) > 40
    for body in found:
        context, whole = format_.context(body), format_.content(body)
        assert context is not None
        assert whole is not None
        assert context.messages is body["messages"]
        each = [format_.content({"messages": [message]}) for message in body["messages"]]
        assert [one.input_messages for one in each if one] == [[said] for said in whole.input_messages or []]
