"""Canonical JSON and the hashes made of it.

Keys sorted, no spaces, non-ASCII text as it is. Values that JSON cannot hold are written so that equal
values give equal text in every process: dataclasses and pydantic models as objects, sets as sorted
arrays, bytes as their SHA-256, dates as ISO 8601, enums by value, ``Decimal``, ``UUID`` and paths as
text, NaN and infinities as text, integers of more than 4096 bits in hexadecimal, a container inside itself
as ``{"$cycle": true}``, half of a surrogate pair as its escape, and any other object as
``{"$type": "module.Class"}``, because its ``repr`` may hold an address. Keys that are no text are written
as the JSON of their value.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import hmac
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from typing import Any

_MOST_BITS = 4096
_CYCLE = {"$cycle": True}


def _plain(value: object) -> object:
    """Write a value that JSON does not know as one that it does."""
    for kinds, write in _PLAIN:
        if isinstance(value, kinds):
            return write(value)
    if any((kind.__module__, kind.__qualname__) in _TEXTS for kind in type(value).__mro__):
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


_PLAIN: tuple[tuple[tuple[type, ...], Callable[[Any], object]], ...] = (
    ((Mapping,), dict),
    ((set, frozenset), lambda value: sorted(value, key=canonical_json)),
    ((bytes, bytearray, memoryview), lambda value: {"$bytes": hashlib.sha256(bytes(value)).hexdigest()}),
    ((date, time), lambda value: value.isoformat()),
    ((Enum,), lambda value: value.value),
    ((PurePath,), str),
)
"""Kinds of values that JSON does not know, and how they are written."""

_TEXTS = frozenset({("decimal", "Decimal"), ("uuid", "UUID")})
"""Further kinds that are written as text, by name: their modules are slow to import, and often not needed."""

_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)
_make: Any = getattr(json.encoder, "c_make_encoder", None)
_options = True, False, False  # keys sorted, none skipped, no NaN
_pieces = _make and _make(None, _plain, json.encoder.encode_basestring, None, ":", ",", *_options)
"""The encoder that ``_sorted`` makes anew in every call, which takes longer than using it."""


def _encode(value: object) -> str:
    return _sorted.encode(value) if _pieces is None else "".join(_pieces(value, 0))


_slow = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain).encode


def canonical_json(value: object) -> str:
    """Write ``value`` as canonical JSON.

    Raises:
        RecursionError: Nested deeper than the interpreter goes.
    """
    return _write(_encode, value)


def compact_json(value: object) -> str:
    """Write ``value`` as compact JSON in its own key order, for reading; odd values as in canonical JSON or as text."""
    try:
        return _rust_encoder()(value, fallback=_plain, inf_nan_mode="strings").decode()
    except ValueError:  # half of a surrogate pair, a cycle, bytes that are no text
        return _write(_slow, value)


@functools.cache
def _rust_encoder() -> Callable[..., bytes]:
    """Import pydantic's encoder when content is first written; it takes a third of the time of ``json``."""
    from pydantic_core import to_json  # noqa: PLC0415 - not at import of the library

    return to_json


def _write(encode: Callable[[object], str], value: object) -> str:
    try:
        text = encode(value)
    except (TypeError, ValueError, RecursionError):
        text = encode(_json_value(value, ()))
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _json_value(value: object, above: tuple[int, ...]) -> object:
    """Copy a value as one that JSON can hold. ``above`` names the containers that it lies in."""
    if value is None or isinstance(value, str | int | float):
        return _scalar(value)
    if id(value) in above:
        return _CYCLE
    inside = (*above, id(value))
    if isinstance(value, Mapping):
        return {_key(key): _json_value(item, inside) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item, inside) for item in value]
    return _json_value(_plain(value), inside)


def _scalar(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return hex(value)
    return value


def _key(key: object) -> str:
    return key if isinstance(key, str) else canonical_json(key)


class Digest:
    """Makes labelled hashes of text, for example ``sha256:9f86d0...``: SHA-256, or HMAC-SHA-256 where a key is set."""

    __slots__ = ("_empty", "_label")

    def __init__(self, hash_key: bytes | None = None) -> None:
        self._label = "sha256:" if hash_key is None else "hmac-sha256:"
        self._empty: Any = hashlib.sha256() if hash_key is None else hmac.new(hash_key, digestmod="sha256")

    def __call__(self, text: str) -> str:
        """Give the hash of a text: ``start`` and ``shown`` inlined, for each argument and result passes here."""
        running = self._empty.copy()
        running.update(text.encode("utf-8", "surrogatepass"))
        return self._label + running.hexdigest()  # type: ignore[no-any-return]  # a text

    def start(self) -> Any:
        """Start a hash of a text that comes piece by piece: its ``update`` takes bytes."""
        return self._empty.copy()

    def shown(self, running: Any) -> str:
        """Give the hash of what a running one has taken so far."""
        return f"{self._label}{running.hexdigest()}"


@functools.lru_cache(maxsize=16)
def make_digest(hash_key: bytes | None = None) -> Digest:
    """Return the hash function of a key, which is the same one for the same key."""
    return Digest(hash_key)
