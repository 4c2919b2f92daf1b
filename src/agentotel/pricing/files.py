"""Prices of the user in a file; read at set-up only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Final

from agentotel.errors import ConfigurationError
from agentotel.pricing.overrides import parse_overrides

__all__ = ["load_prices"]


def _toml(text: str) -> object:
    import tomllib  # noqa: PLC0415 - only for files of this kind

    return tomllib.loads(text)


_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {".json": json.loads, ".toml": _toml}


def load_prices(path: str | PathLike[str]) -> Mapping[str, Mapping[str, float]]:
    """Read prices from a JSON or TOML file, for ``Prices(overrides)``.

    The file is a table by pattern, ``["my-model-*"]`` in TOML, with USD per million tokens by class.

    Raises:
        ConfigurationError: If the file cannot be read or parsed, or holds a wrong price.
    """
    file = Path(path)
    parse = _PARSERS.get(file.suffix.lower())
    if parse is None:
        raise ConfigurationError(
            f"{file}: expected a .json or .toml file, found {file.suffix or 'no suffix'}; rename or convert it"
        )
    try:
        prices = parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{file}: the file of prices cannot be read ({error.strerror}); check its path and rights"
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: not valid {file.suffix[1:].upper()} ({error}); correct it there") from None
    parse_overrides(prices, where=str(file))
    return prices  # type: ignore[return-value]  # parse_overrides has checked its shape
