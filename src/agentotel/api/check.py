"""Checks of what the application passes: one clear sentence with the fix."""

from __future__ import annotations

from collections.abc import Mapping

from agentotel.errors import ConfigurationError


def text(where: str, value: object) -> str | None:
    """Accept a text, a whole number (as text) or None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    message = f"{where} must be a text, not {type(value).__name__}: pass str(...) of it, or leave it out"
    raise ConfigurationError(message)


def required_text(where: str, value: object) -> str:
    """Accept a text that is not empty."""
    if isinstance(value, str) and value:
        return value
    message = f"{where} must be a text that is not empty, not {value!r:.80}"
    raise ConfigurationError(message)


def positive(where: str, value: object) -> int | None:
    """Accept a whole number from 1, or None."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    message = f"{where} must be a whole number from 1, not {value!r:.80}: leave it out for no limit"
    raise ConfigurationError(message)


def price(where: str, value: object) -> float | None:
    """Accept US dollars, zero or more, or None."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    message = f"{where} must be a number of US dollars, zero or more, not {value!r:.80}"
    raise ConfigurationError(message)


def metadata(where: str, value: object) -> Mapping[str, str | bool | int | float]:
    """Accept a mapping of texts to texts, numbers and booleans."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = f"{where} must be a mapping such as {{'region': 'eu'}}, not {type(value).__name__}"
        raise ConfigurationError(message)
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str | bool | int | float):
            message = f"{where}[{key!r}] must be a text, a number or a boolean, not {type(item).__name__}"
            raise ConfigurationError(message)
    return value
