"""Canonical JSON and the hashes made of it.

Keys sorted, no spaces, non-ASCII text as it is. Values that JSON cannot hold are written so that equal
values give equal text in every process: dataclasses and pydantic models as objects, sets as sorted
arrays, bytes as their SHA-256, dates as ISO 8601, enums by value, ``Decimal``, ``UUID`` and paths as
text, and any other object as ``{"$type": "module.Class"}``, because its ``repr`` may hold an address.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from uuid import UUID

_TEXT = (Decimal, UUID, PurePath)


def _plain(value: object) -> object:
    """Write a value that JSON does not know as one that it does."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=canonical_json)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _TEXT):
        return str(value)
    return _object(value)


def _object(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    dump = getattr(type(value), "model_dump", None)
    if callable(dump):
        return dump(value, mode="json")
    kind = type(value)
    return {"$type": f"{kind.__module__}.{kind.__qualname__}"}


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_plain).encode


def canonical_json(value: object) -> str:
    """Write ``value`` as canonical JSON."""
    try:
        return _encode(value)
    except TypeError:
        return _encode(_text_keys(value))


def compact_json(value: object) -> str:
    """Write ``value`` as compact JSON in its own key order, for reading; odd values as in canonical JSON or as text."""
    try:
        return _rust_encoder()(value, fallback=_plain, inf_nan_mode="constants").decode()
    except ValueError:  # a lone surrogate, or a key that is not text
        return _encoded(value)


def _encoded(value: object) -> str:
    try:
        return _compact(value)
    except TypeError:
        return _compact(_text_keys(value))


@functools.cache
def _rust_encoder() -> Callable[..., bytes]:
    """Import pydantic's encoder when content is first written; it takes a third of the time of ``json``."""
    from pydantic_core import to_json  # noqa: PLC0415 - not at import of the library

    return to_json


def _text_keys(value: object) -> object:
    """Copy a value with every mapping key as text: JSON has no others, and mixed ones do not sort."""
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_text_keys(item) for item in value]
    return value


Digest = Callable[[str], str]
"""Text to a labelled hash, for example ``sha256:9f86d0...``."""


def make_digest(hash_key: bytes | None = None) -> Digest:
    """Return the hash function in use: SHA-256, or HMAC-SHA-256 where a key is set."""
    if hash_key is None:
        return lambda text: "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return lambda text: "hmac-sha256:" + hmac.digest(hash_key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
