"""Turns of the model in Gemini's Live API.

What the user said is sent over the life of a session and is not part of a turn: a turn shows the setup of its
session. Sound is not kept, only what was said as text.

Source: ``LiveServerMessage`` in ``google/genai/types.py`` of google-genai 3.4.
"""

from __future__ import annotations

from dataclasses import replace

from agentotel.facts.call import AttributeValue, Context
from agentotel.semconv.names import CONVERSATION_ID
from agentotel.wire import google_generate
from agentotel.wire._google import get
from agentotel.wire.format import Body, fields
from agentotel.wire.read import items, present, text


class LiveFold:
    """Folds the messages of one turn into the answer that ``generateContent`` would have given."""

    __slots__ = ("_grounding", "_interrupted", "_parts", "_pieces", "_usage", "complete")

    def __init__(self) -> None:
        self.complete = False
        self._interrupted = False
        self._parts: list[object] = []
        self._pieces: dict[str, list[str]] = {"spoken": [], "text": [], "thought": []}
        self._usage: dict[str, object] = {}
        self._grounding: object = None

    def add(self, chunk: object) -> None:
        """Read one message: a mapping or an SDK object."""
        message = fields(chunk)
        counted = fields(get(message, "usageMetadata"))
        self._usage.update({key: value for key, value in counted.items() if value is not None})
        for call in items(get(fields(get(message, "toolCall")), "functionCalls")):
            self._parts.append({"functionCall": call})
        content = fields(get(message, "serverContent"))
        if content:
            self._add_content(content)

    def result(self) -> Body | None:
        """Build the answer as far as it arrived."""
        texts = {kind: "".join(pieces) for kind, pieces in self._pieces.items()}
        said = texts["text"] or texts["spoken"]
        parts = [
            *([{"text": texts["thought"], "thought": True}] if texts["thought"] else ()),
            *([{"text": said}] if said else ()),
            *self._parts,
        ]
        if not (parts or self._usage or self.complete):
            return None
        reason = ("INTERRUPTED" if self._interrupted else "STOP") if self.complete else None
        candidate = present(finishReason=reason, groundingMetadata=self._grounding)
        return {
            "candidates": [{"content": {"role": "model", "parts": parts}, **candidate}],
            "usageMetadata": self._usage,
        }

    def _add_content(self, content: Body) -> None:
        for part in map(fields, items(fields(get(content, "modelTurn")).get("parts"))):
            said = text(part.get("text"))
            if said:
                self._pieces["thought" if part.get("thought") else "text"].append(said)
            elif get(part, "inlineData") is None:
                self._parts.append(part)
        spoken = text(fields(get(content, "outputTranscription")).get("text"))
        if spoken:
            self._pieces["spoken"].append(spoken)
        self._grounding = get(content, "groundingMetadata") or self._grounding
        self._interrupted = self._interrupted or get(content, "interrupted") is True
        self.complete = self.complete or get(content, "turnComplete") is True


def asks(body: Body) -> dict[str, AttributeValue]:
    """Read what a turn asks for: ``session_id`` is that of the session."""
    asked = google_generate.asks(body)
    session = text(body.get("session_id"))
    return {**asked, CONVERSATION_ID: session} if session else asked


def context(_body: Body) -> Context | None:
    """Show nothing: what the model reads in a session is not known from one turn of it."""
    return None


FORMAT = replace(google_generate.FORMAT, name="google_live", asks=asks, fold=LiveFold, context=context)
