"""Checks of what the application passes: one clear sentence with the fix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Final

from agentotel.api.mistakes import warn_once
from agentotel.errors import ConfigurationError

MOST_CHARACTERS: Final = 1024
MOST_ID_CHARACTERS: Final = 256
MOST_METADATA: Final = 32

Scalar = str | bool | int | float


def _refuse(message: str, value: object) -> ConfigurationError:
    """Make the error; a function where a value belongs is a decorator without its parentheses."""
    if callable(value) and not isinstance(value, type):
        name = getattr(value, "__name__", "...")
        message += f" (as a decorator of {name} it needs parentheses and its own arguments)"
    return ConfigurationError(message)


def cut(where: str, value: str) -> str:
    """Cut a text that is too long for an attribute, and say so once."""
    if len(value) <= MOST_CHARACTERS:
        return value
    warn_once("%s is longer than %s characters: the rest is left out", where, str(MOST_CHARACTERS))
    return value[: MOST_CHARACTERS - 1] + "…"


def text(where: str, value: object) -> str | None:
    """Accept a text, a whole number (as text) or None. A long text is cut."""
    if value is None:
        return None
    if isinstance(value, str):
        return cut(where, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    message = f"{where} must be a text, not {type(value).__name__}: pass str(...) of it, or leave it out"
    raise _refuse(message, value)


def required_text(where: str, value: object) -> str:
    """Accept a text that is not empty. A long one is cut."""
    if isinstance(value, str) and value:
        return cut(where, value)
    given = "an empty one" if isinstance(value, str) else type(value).__name__
    message = f"{where} must be a text that is not empty, not {given}"
    raise _refuse(message, value)


def session_id(where: str, value: object) -> str | None:
    """Accept an id that is neither empty nor long, or None."""
    found = text(where, value)
    if found is None or 0 < len(found) <= MOST_ID_CHARACTERS:
        return found
    message = f"{where} must have 1 to {MOST_ID_CHARACTERS} characters: leave it out for a random id"
    raise ConfigurationError(message)


def positive(where: str, value: object) -> int | None:
    """Accept a whole number from 1, or None."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    message = f"{where} must be a whole number from 1, not {value!r:.80}: leave it out for no limit"
    raise ConfigurationError(message)


def is_price(value: object) -> bool:
    """Tell whether a value is an amount of US dollars: finite, zero or more."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and math.isfinite(value)


def price(where: str, value: object) -> float | None:
    """Accept US dollars, zero or more, or None."""
    if value is None:
        return None
    if is_price(value):
        return float(value)  # type: ignore[arg-type]  # a number, as is_price says
    message = f"{where} must be a number of US dollars, zero or more, not {value!r:.80}"
    raise ConfigurationError(message)


def arguments(where: str, value: object) -> Mapping[str, object] | str:
    """Accept the arguments of a call: a mapping by name, JSON text, or None."""
    if value is None:
        return {}
    if isinstance(value, Mapping | str):
        return value
    message = f"{where} must be a mapping by name, or JSON text, not {type(value).__name__}"
    raise ConfigurationError(message)


def metadata(where: str, value: object) -> Mapping[str, Scalar]:
    """Accept a mapping of texts to texts, numbers and booleans. The first 32 are kept, long texts are cut."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = f"{where} must be a mapping such as {{'region': 'eu'}}, not {type(value).__name__}"
        raise ConfigurationError(message)
    if len(value) > MOST_METADATA:
        warn_once("%s has more than %s entries: the rest is left out", where, str(MOST_METADATA))
    return {_key(where, key): _entry(where, key, item) for key, item in islice(value.items(), MOST_METADATA)}


def _key(where: str, key: object) -> str:
    if isinstance(key, str) and key:
        return cut(where, key)
    message = f"{where} must have texts as keys, not {type(key).__name__}: write them as text"
    raise ConfigurationError(message)


def _entry(where: str, key: object, item: object) -> Scalar:
    if isinstance(item, str):
        return cut(f"{where}[{key!r:.80}]", item)
    if isinstance(item, bool | int | float):
        return item
    message = f"{where}[{key!r:.80}] must be a text, a number or a boolean, not {type(item).__name__}"
    raise ConfigurationError(message)
