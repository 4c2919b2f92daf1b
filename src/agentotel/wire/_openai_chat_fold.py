"""Reads the chunks of a streamed chat completion."""

from __future__ import annotations

from collections.abc import Callable

from agentotel.wire import _groq
from agentotel.wire._openai import sent_error, sent_usage
from agentotel.wire.format import Body, fields
from agentotel.wire.logprobs import MOST_TOKENS, Entry, told, told_in_stream
from agentotel.wire.parts import parsed
from agentotel.wire.read import integer, items, present, text

_HEAD = ("id", "model", "service_tier", "system_fingerprint")
_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")
_AUDIO_TEXTS = ("data", "transcript")
_NO_ID = "null"
"""What Mistral writes for an id that is not there."""


class ChatFold:
    """Folds chat completion chunks into the completion that they make up.

    Nearly all chunks are one piece of text for the first choice; those pass on a short way that
    looks at nothing else. A chunk leaves it at any sign of something more: another key in its delta,
    a finish reason, usage, another choice.
    """

    __slots__ = ("_append", "_choices", "_error", "_head", "_usage")

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._head: dict[str, object] = {}
        self._usage: object = None
        self._error: object = None
        self._append: Callable[[str], None] | None = None

    @property
    def complete(self) -> bool:
        """Whether every choice seen has its finish reason."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    def add(self, chunk: object) -> bool:
        """Read one chunk: a mapping or an SDK object."""
        append = self._append
        try:
            if type(chunk) is dict:
                (choice,) = chunk["choices"]
                delta = choice["delta"]
                unmetered = chunk.get("usage") is None and choice.get("logprobs") is None
                if len(delta) == 1 and choice["finish_reason"] is None and unmetered:
                    piece = delta["content"]
                    if type(piece) is str and append and choice["index"] == 0:
                        append(piece)
                        return True
            else:
                told = chunk.__dict__
                (choice,) = told["choices"]
                seen = choice.__dict__
                if seen["finish_reason"] is None and told["usage"] is None and seen["logprobs"] is None:
                    delta = seen["delta"]
                    if len(delta.__pydantic_fields_set__) == 1 and not delta.__pydantic_extra__:
                        piece = delta.content
                        if type(piece) is str and append and seen["index"] == 0:
                            append(piece)
                            return True
        except (AttributeError, KeyError, TypeError, ValueError):
            pass  # the chunk has another shape
        self._add_any(fields(chunk))
        return False

    def result(self) -> Body | None:
        """Build the completion as far as it arrived."""
        if not (self._choices or self._head or self._error):
            return None
        choices = [choice.result(index) for index, choice in sorted(self._choices.items())]
        return {**self._head, "choices": choices, **present(usage=self._usage, error=self._error)}

    def _add_any(self, chunk: Body) -> None:
        for key in _HEAD:
            value = chunk.get(key)
            if isinstance(value, str) and value:
                self._head[key] = value
        self._usage = sent_usage(chunk) or self._usage
        self._error = sent_error(chunk) or self._error
        for choice in items(chunk.get("choices")):
            sent = fields(choice)
            self._usage = self._usage or sent.get("usage")  # where Moonshot sends it
            index = integer(sent.get("index")) or 0
            if index not in self._choices:
                self._choices[index] = _Choice()
            self._choices[index].add(sent)
        if self._append is None and 0 in self._choices:
            self._append = self._choices[0].texts["content"].append


class _Choice:
    """One choice in pieces."""

    __slots__ = (
        "audio",
        "calls",
        "executed",
        "finish_reason",
        "function",
        "images",
        "logprobs",
        "others",
        "role",
        "texts",
    )

    def __init__(self) -> None:
        self.role: str | None = None
        self.finish_reason: str | None = None
        self.texts: dict[str, list[str]] = {key: [] for key in _TEXTS}
        self.audio: dict[str, list[str]] = {key: [] for key in _AUDIO_TEXTS}
        self.calls = _Calls()
        self.function = _Call()
        self.logprobs: list[Entry] = []
        self.images: list[object] = []
        self.executed: dict[int, Body] = {}
        self.others: list[Body] = []

    def add(self, choice: Body) -> None:
        self.finish_reason = text(choice.get("finish_reason")) or self.finish_reason
        delta = fields(choice.get("delta"))
        for key, value in delta.items():
            if value is None:
                continue
            if key in self.texts and isinstance(value, str):
                self.texts[key].append(value)
            elif key == "role":
                self.role = self.role or text(value)
            else:
                self._add_rest(key, value)
        if choice.get("logprobs") is not None and len(self.logprobs) < MOST_TOKENS:
            self.logprobs += told_in_stream(choice, delta)

    def _add_rest(self, key: str, sent: object) -> None:
        """Take what few pieces have."""
        if key == "tool_calls":
            for call in items(sent):
                self.calls.add(fields(call))
        elif key == "content":
            for part in items(sent):
                self._add_part(fields(part))
        elif key == "audio":
            _gather(fields(sent), self.audio)
        elif key == "function_call":
            self.function.add_function(fields(sent))
        elif key == "images":
            self.images += items(sent)
        elif key == _groq.KEY:
            _groq.take(self.executed, sent)

    def _add_part(self, sent: Body) -> None:
        """Take a part of Mistral's, whose reasoning models send lists where others send texts."""
        _gather({"content": sent.get("text")}, self.texts)
        for thought in items(sent.get("thinking")):
            _gather({"reasoning_content": fields(thought).get("text")}, self.texts)
        if not ("text" in sent or "thinking" in sent):
            self.others.append(sent)

    def result(self, index: int) -> Body:
        joined: dict[str, object] = {key: "".join(pieces) for key, pieces in self.texts.items() if pieces}
        if self.others:
            joined["content"] = [{"type": "text", "text": joined.get("content")}, *self.others]
        audio = {key: "".join(pieces) for key, pieces in self.audio.items() if pieces}
        message = present(
            role=self.role,
            audio=audio or None,
            images=self.images or None,
            executed_tools=[tool for _, tool in sorted(self.executed.items())] or None,
            tool_calls=self.calls.result(),
            function_call=self.function.result().get("function"),
        )
        ended = present(finish_reason=self.finish_reason, logprobs=told(self.logprobs))
        return {"index": index, "message": {**message, **joined}, **ended}


class _Calls:
    """The tool calls of a choice.

    A call is known by its index. Some compatible servers (Gemini) send no index, or index 0 for each of
    several calls; there a new id starts a new call, or where they send no ids, a call that is whole in one piece.
    """

    __slots__ = ("_at", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at: dict[object, _Call] = {}

    def add(self, sent: Body) -> None:
        index, call_id = integer(sent.get("index")), text(sent.get("id"))
        if call_id == _NO_ID:
            call_id = None
        call = self._at.get(index)
        if call is None or (call_id and call.id and call_id != call.id) or (not call_id and call.is_before(sent)):
            call = self._at[index] = _Call()
            self._calls.append(call)
        call.id = call.id or call_id
        call.kind = call.kind or text(sent.get("type"))
        call.add_function(fields(sent.get("function")))
        call.add_custom(fields(sent.get("custom")))

    def result(self) -> list[Body] | None:
        return [call.result() for call in self._calls] or None


class _Call:
    """One tool call in pieces: a function, or a custom tool with free text."""

    __slots__ = ("arguments", "id", "input", "kind", "name")

    def __init__(self) -> None:
        self.id: str | None = None
        self.kind: str | None = None
        self.name: str | None = None
        self.arguments: list[str] = []
        self.input: list[str] = []

    def is_before(self, sent: Body) -> bool:
        """Tell whether what was sent is another call: a name again, and arguments, where this one has all of them."""
        function = fields(sent.get("function"))
        if not (self.name and function.get("name") and function.get("arguments")):
            return False
        return function["name"] != self.name or isinstance(parsed("".join(self.arguments)), dict)

    def add_function(self, sent: Body) -> None:
        self.name = self.name or text(sent.get("name"))
        _gather(sent, {"arguments": self.arguments})

    def add_custom(self, sent: Body) -> None:
        self.name = self.name or text(sent.get("name"))
        _gather(sent, {"input": self.input})

    def result(self) -> Body:
        if self.input:
            return present(id=self.id, type=self.kind, custom={"name": self.name, "input": "".join(self.input)})
        function = {"name": self.name, "arguments": "".join(self.arguments)} if self.name else None
        return present(id=self.id, type=self.kind, function=function)


def _gather(sent: Body, pieces: dict[str, list[str]]) -> None:
    for key, target in pieces.items():
        piece = sent.get(key)
        if isinstance(piece, str):
            target.append(piece)
