"""Reading loosely typed JSON, and the small values that both providers' answers need."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from http import HTTPStatus

_ALPHABET = string.ascii_letters + string.digits
_JSON_PIECE_CHARS = 12
_REQUESTS_PER_MINUTE = 500
_TOKENS_PER_MINUTE = 200_000
_TOKENS_PER_REQUEST = 1_500


def mapping(value: object) -> Mapping[str, object]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    """Return the mappings of a list; anything else has none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text_of(content: object) -> str:
    """Return the text of a message's content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    return "".join(str(b.get("text", "")) for b in mappings(content) if b.get("type") == "text")


def token(prefix: str, chars: int) -> str:
    """Return a fresh id, for example ``call_`` and 24 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(chars))


def words(text: str) -> list[str]:
    """Cut a text into pieces of one word, spaces kept."""
    return re.findall(r"\s*\S+|\s+$", text)


def json_pieces(text: str) -> list[str]:
    """Cut a JSON text into pieces that are no JSON themselves."""
    return [text[i : i + _JSON_PIECE_CHARS] for i in range(0, len(text), _JSON_PIECE_CHARS)]


def rate_limit_left(served: int, *, status: int) -> tuple[int, int]:
    """Return requests and tokens left; a 429 has no tokens left."""
    tokens = 0 if status == HTTPStatus.TOO_MANY_REQUESTS else max(0, _TOKENS_PER_MINUTE - _TOKENS_PER_REQUEST * served)
    return max(0, _REQUESTS_PER_MINUTE - served), tokens
