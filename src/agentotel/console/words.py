"""Texts from outside as words of one line."""

from __future__ import annotations

import json
from typing import Final

LONGEST: Final = 80


def clean(text: str) -> str:
    """Replace what a terminal would not print as it is: control characters, line ends, escape sequences."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def excerpt(text: str, more: str) -> str:
    """Give the first characters of a text, on one line; ``more`` stands for the rest."""
    shown = " ".join(text[: 4 * LONGEST].split())
    return clean(shown if len(shown) <= LONGEST else shown[:LONGEST] + more)


def said(messages: object) -> str | None:
    """Read the text of the first message in the JSON shape of the conventions; None where there is none."""
    if not isinstance(messages, str):
        return None
    parts = json.loads(messages)[0]["parts"]
    return " ".join(part["content"] for part in parts if part["type"] == "text")
