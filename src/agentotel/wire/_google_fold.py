"""Reads the chunks of a streamed Gemini answer."""

from __future__ import annotations

import json

from agentotel.wire._google import get
from agentotel.wire._google_pieces import put
from agentotel.wire.format import Body, fields
from agentotel.wire.logprobs import MOST_TOKENS
from agentotel.wire.read import integer, items, present, text

_HEAD = ("responseId", "modelVersion")
_SAYS_MORE = frozenset({"finishReason", "groundingMetadata", "urlContextMetadata", "logprobsResult"})
_MOST_WAITING = 1024 * 1024
_LAST = ("groundingMetadata", "urlContextMetadata")


class GenerateFold:
    """Folds chunks into the answer that they make up.

    Each chunk is an answer with the next pieces: parts are put one after another, neighbouring texts joined.
    Usage grows from chunk to chunk, and a later chunk may leave out what an earlier one said. Nearly all chunks are
    one piece of text for the first candidate; those pass on a short way that looks at nothing else.
    """

    __slots__ = ("_candidates", "_error", "_feedback", "_head", "_plain", "_usage")

    def __init__(self) -> None:
        self._candidates: dict[int, _Candidate] = {}
        self._head: dict[str, object] = {}
        self._usage: dict[str, object] = {}
        self._feedback: object = None
        self._error: object = None
        self._plain: _Candidate | None = None

    @property
    def complete(self) -> bool:
        """Whether every candidate seen has its finish reason, or the prompt was blocked."""
        seen = self._candidates.values()
        return all(candidate.finish_reason for candidate in seen) if seen else self._feedback is not None

    def add(self, chunk: object) -> None:
        """Read one chunk: a mapping or an SDK object."""
        try:
            (candidate,) = chunk["candidates"]  # type: ignore[index]  # what is no mapping goes the long way
            (part,) = candidate["content"]["parts"]
            piece = part["text"]
            first = self._plain
            told = len(part) > 1 or candidate.get("index") or _SAYS_MORE & candidate.keys()
            if first and type(piece) is str and not told:
                self._usage.update(chunk["usageMetadata"])  # type: ignore[index]
                first.pieces.append(piece)
                return
        except (KeyError, TypeError, ValueError):
            pass  # the chunk has another shape
        self._add_any(fields(chunk))

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        candidates = [candidate.result(index) for index, candidate in sorted(self._candidates.items())]
        made = {
            **self._head,
            **present(
                candidates=candidates or None,
                usageMetadata=self._usage or None,
                promptFeedback=self._feedback,
                error=self._error,
            ),
        }
        return made or None

    def _add_any(self, sent: Body) -> None:
        for key in _HEAD:
            value = text(get(sent, key))
            if value:
                self._head[key] = value
        counted = get(sent, "usageMetadata")
        if counted is not None:
            self._usage.update({key: value for key, value in fields(counted).items() if value is not None})
        self._feedback = get(sent, "promptFeedback") or self._feedback
        self._error = sent.get("error") or self._error
        for candidate in map(fields, items(sent.get("candidates"))):
            index = integer(candidate.get("index")) or 0
            if index not in self._candidates:
                self._candidates[index] = _Candidate()
            self._candidates[index].add(candidate)
        first = self._candidates.get(0)
        self._plain = first if first and first.speaking else None


class _Candidate:
    """One candidate in pieces."""

    __slots__ = ("_kept", "_parts", "_scores", "_thought", "finish_reason", "pieces", "role")

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.role: str | None = None
        self._parts: list[Body] = []
        self.pieces: list[str] = []
        self._thought = False
        self._kept: dict[str, object] = {}
        self._scores: dict[str, list[object]] = {"chosenCandidates": [], "topCandidates": []}

    def add(self, candidate: Body) -> None:
        self.finish_reason = text(get(candidate, "finishReason")) or self.finish_reason
        content = fields(candidate.get("content"))
        self.role = self.role or text(content.get("role"))
        for part in map(fields, items(content.get("parts"))):
            self._add(part)
        for key in _LAST:
            value = get(candidate, key)
            if value is not None:
                self._kept[key] = value
        scores = fields(get(candidate, "logprobsResult"))
        for key, kept in self._scores.items():
            kept.extend(items(get(scores, key))[: MOST_TOKENS - len(kept)])

    @property
    def speaking(self) -> bool:
        """Whether the last part is a text of the answer, which the next text goes on."""
        return bool(self.pieces) and not self._thought

    def result(self, index: int) -> Body:
        self._close()
        content = {"role": self.role or "model", "parts": self._parts}
        scores = {"logprobsResult": self._scores} if any(self._scores.values()) else {}
        return {"index": index, "content": content, **present(finishReason=self.finish_reason), **self._kept, **scores}

    def _add(self, part: Body) -> None:
        said = part.get("text")
        if type(said) is not str:
            self._close()
            call = get(part, "functionCall")
            if call is None or (fields(call).get("name") and not get(fields(call), "willContinue")):
                self._parts.append(part)
            else:
                self._grow(fields(call))
            return
        thought = bool(part.get("thought"))
        if thought is not self._thought:
            self._close()
            self._thought = thought
        self.pieces.append(said)

    def _grow(self, call: Body) -> None:
        """Put pieces of arguments into the call that they belong to: the last one, or one that begins here."""
        if call.get("name") or not self._parts:
            self._parts.append({"functionCall": {**present(id=call.get("id"), name=call.get("name")), "args": {}}})
        grown = fields(self._parts[-1].get("functionCall"))
        for piece in map(fields, items(get(call, "partialArgs"))):
            put(grown.get("args"), piece)

    def _close(self) -> None:
        """Join the texts so far into one part."""
        joined = "".join(self.pieces)
        self.pieces.clear()
        if joined:
            self._parts.append({"text": joined, "thought": True} if self._thought else {"text": joined})


class TextFold(GenerateFold):
    """Folds chunks that the SDK passes on as JSON texts, in objects that hold them as ``body``.

    The texts wait until the stream has ended, so that no JSON is read while it runs.
    """

    __slots__ = ("_size", "_waiting")

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[str] = []
        self._size = 0

    @property
    def complete(self) -> bool:
        """Whether every candidate seen has its finish reason, or the prompt was blocked."""
        self._read()
        return super().complete

    def add(self, chunk: object) -> None:
        """Take one chunk."""
        sent: str = chunk.body  # type: ignore[attr-defined]  # an object of the SDK
        self._waiting.append(sent)
        self._size += len(sent)
        if self._size > _MOST_WAITING:
            self._read()

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        self._read()
        return super().result()

    def _read(self) -> None:
        for sent in self._waiting:
            super().add(json.loads(sent))
        self._waiting.clear()
        self._size = 0
