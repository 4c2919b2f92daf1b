"""The desk's two ways to talk to a model, each the plain use of one provider's SDK.

A chat keeps its messages in the shape of its provider, so that the desk can put either model
behind any of its agents.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import anthropic
    import openai
    from anthropic.types import MessageParam, TextBlockParam, ToolParam
    from openai.types.chat import (
        ChatCompletionFunctionToolParam,
        ChatCompletionMessage,
        ChatCompletionMessageParam,
    )

MAX_TOKENS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as a model is told of it; ``parameters`` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


def spec_of(tool: Callable[..., object]) -> ToolSpec:
    """Describe a function by its name, its docstring and its parameters (numbers or strings)."""
    parameters = inspect.signature(tool).parameters.values()
    return ToolSpec(
        name=tool.__name__,
        description=inspect.getdoc(tool) or "",
        parameters={
            "type": "object",
            "properties": {p.name: {"type": "number" if p.annotation == "float" else "string"} for p in parameters},
            "required": [p.name for p in parameters],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that the model asks for."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool gave: JSON text, or the text of its error."""

    call_id: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of a model: text, tools that it asks for, or both."""

    text: str
    calls: Sequence[ToolCall]


class Chat(Protocol):
    """A conversation with one model."""

    def user(self, text: str) -> None:
        """Add what the user says."""

    def tools(self, results: Iterable[ToolResult]) -> None:
        """Add what the tools gave."""

    def ask(self) -> Reply:
        """Let the model answer, with tools if it likes."""

    def stream(self) -> Iterator[str]:
        """Let the model answer in words only, and give them as they come."""


class Model(Protocol):
    """A model that chats can be opened with: a chat class with its first arguments given."""

    def __call__(self, *, system: str, tools: Iterable[ToolSpec]) -> Chat:
        """Open a chat."""


class OpenAIChat:
    """A chat over OpenAI's chat completions."""

    def __init__(self, client: openai.OpenAI, model: str, *, system: str, tools: Iterable[ToolSpec]) -> None:
        self._completions = client.chat.completions
        self._model = model
        self._messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": system}]
        self._tools: list[ChatCompletionFunctionToolParam] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in tools
        ]

    def user(self, text: str) -> None:
        """Add what the user says."""
        self._messages.append({"role": "user", "content": text})

    def tools(self, results: Iterable[ToolResult]) -> None:
        """Add what the tools gave."""
        for result in results:
            self._messages.append({"role": "tool", "tool_call_id": result.call_id, "content": result.text})

    def ask(self) -> Reply:
        """Let the model answer, with tools if it likes."""
        completion = self._completions.create(model=self._model, messages=self._messages, tools=self._tools)
        message = completion.choices[0].message
        calls = _calls(message)
        self._messages.append(_param(message.content or "", calls))
        return Reply(text=message.content or "", calls=calls)

    def stream(self) -> Iterator[str]:
        """Let the model answer in words only, and give them as they come."""
        pieces: list[str] = []
        for chunk in self._completions.create(
            model=self._model,
            messages=self._messages,
            tools=self._tools,
            tool_choice="none",
            stream=True,
            stream_options={"include_usage": True},
        ):
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                pieces.append(piece)
                yield piece
        self._messages.append({"role": "assistant", "content": "".join(pieces)})


def _calls(message: ChatCompletionMessage) -> list[ToolCall]:
    return [
        ToolCall(
            id=call.id,
            name=call.function.name,
            arguments=json.loads(call.function.arguments),
        )
        for call in message.tool_calls or ()
        if call.type == "function"
    ]


def _param(text: str, calls: Sequence[ToolCall]) -> ChatCompletionMessageParam:
    if not calls:
        return {"role": "assistant", "content": text}
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in calls
        ],
    }


class AnthropicChat:
    """A chat over Anthropic's messages; the system text and the tools are cached."""

    def __init__(self, client: anthropic.Anthropic, model: str, *, system: str, tools: Iterable[ToolSpec]) -> None:
        self._client = client.messages
        self._model = model
        self._system: list[TextBlockParam] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
        self._messages: list[MessageParam] = []
        self._tools: list[ToolParam] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": dict(tool.parameters),
            }
            for tool in tools
        ]

    def user(self, text: str) -> None:
        """Add what the user says."""
        self._messages.append({"role": "user", "content": text})

    def tools(self, results: Iterable[ToolResult]) -> None:
        """Add what the tools gave."""
        self._messages.append(
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": result.call_id,
                        "content": result.text,
                        "is_error": result.failed,
                    }
                    for result in results
                ],
            }
        )

    def ask(self) -> Reply:
        """Let the model answer, with tools if it likes."""
        message = self._client.create(
            model=self._model,
            max_tokens=MAX_TOKENS,
            system=self._system,
            messages=self._messages,
            tools=self._tools,
        )
        self._messages.append(message.to_param())
        return Reply(
            text="".join(block.text for block in message.content if block.type == "text"),
            calls=[
                ToolCall(id=block.id, name=block.name, arguments=dict(block.input))
                for block in message.content
                if block.type == "tool_use"
            ],
        )

    def stream(self) -> Iterator[str]:
        """Let the model answer in words only, and give them as they come."""
        with self._client.stream(
            model=self._model,
            max_tokens=MAX_TOKENS,
            system=self._system,
            messages=self._messages,
            tools=self._tools,
            tool_choice={"type": "none"},
        ) as stream:
            yield from stream.text_stream
            self._messages.append(stream.get_final_message().to_param())
