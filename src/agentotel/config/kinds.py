"""Kinds of settings: how each is read from an argument and from an environment variable.

``check`` takes what the caller passed, ``parse`` the text of a variable. Both return the value or
raise ``ValueError`` with the end of a sentence, such as "must be a number of seconds above 0".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agentotel.config.settings import ContentMode

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_ATTRIBUTE = (str, bool, int, float)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of setting: its name in the documentation, and its two readers."""

    name: str
    check: Callable[[object], object]
    parse: Callable[[str], object]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = "must be a text that is not empty"
        raise ValueError(message)
    return value.strip()


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        message = "must be True or False"
        raise ValueError(message)  # noqa: TRY004 - one error type; resolve() turns it into a ConfigurationError
    return value


def _parse_flag(text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    message = "must be true or false"
    raise ValueError(message)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        message = "must be a number of seconds above 0, for example 5.0"
        raise ValueError(message)
    return float(value)


def _parse_seconds(text: str) -> float:
    try:
        return _seconds(float(text))
    except ValueError:
        return _seconds(None)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = "must be a whole number, 1 or more"
        raise ValueError(message)
    return value


def _parse_count(text: str) -> int:
    return _count(int(text) if text.isdecimal() else None)


def _url(value: object) -> str:
    text = _text(value)
    if "://" not in text:
        text = _with_scheme(text)
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "must be a URL such as 'http://localhost:4318'"
        raise ValueError(message)
    _ = parts.port  # raises ValueError for a port that is no number
    return text


def _with_scheme(text: str) -> str:
    """Complete ``host:port``: plain text on this machine, else the writer has to say what it is."""
    host = urlsplit(f"//{text}").hostname or ""
    if host in {"localhost", "::1"} or host.startswith("127."):
        return f"http://{text}"
    message = f"must say whether to use TLS: write 'https://{text}', or 'http://{text}' for plain text"
    raise ValueError(message)


def _parse_url(text: str) -> str:
    """Read an endpoint variable; without a scheme, OTEL_EXPORTER_OTLP_INSECURE decides, as in other SDKs."""
    if "://" in text:
        return _url(text)
    try:
        return _url(_with_scheme(text))
    except ValueError:
        insecure = os.environ.get("OTEL_EXPORTER_OTLP_INSECURE", "").strip().lower() in _YES
        return _url(f"{'http' if insecure else 'https'}://{text}")


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for item in value.items() for part in item):
        message = "must be a mapping of text to text, for example {'authorization': 'Bearer ...'}"
        raise ValueError(message)
    return {name.strip().lower(): text for name, text in value.items()}


def _pairs(text: str) -> dict[str, str]:
    """Read ``name=value,name=value`` with percent-encoded values, the form of OTEL_EXPORTER_OTLP_HEADERS."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            message = "must look like name=value,name2=value2"
            raise ValueError(message)
        found[unquote(name).strip()] = unquote(value).strip()
    return found


def _parse_headers(text: str) -> dict[str, str]:
    return _headers(_pairs(text))


def _attributes(value: object) -> dict[str, str | bool | int | float]:
    if isinstance(value, Mapping) and all(isinstance(name, str) and name for name in value):
        plain = {name: item for name, item in value.items() if isinstance(item, _ATTRIBUTE)}
        if len(plain) == len(value):
            return plain
    message = "must be a mapping of names to text or numbers, for example {'deployment.environment.name': 'prod'}"
    raise ValueError(message)


def _exporters(value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        message = "must be a text such as 'otlp', 'console', 'none' or 'otlp,console', or a list of such names"
        raise ValueError(message)
    names = tuple(filter(None, (word.strip() for word in words)))
    if "none" in names and len(names) > 1:
        message = "must not combine 'none' with another exporter"
        raise ValueError(message)
    return names


def _hosts(value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and "/" not in word for word in words):
        message = "must be a host name such as 'gateway.example.com', or a list of them"
        raise ValueError(message)
    return tuple(filter(None, (word.strip().lower() for word in words)))


def _content(value: object) -> ContentMode:
    if isinstance(value, bool):
        return ContentMode.SPAN_ONLY if value else ContentMode.NO_CONTENT
    word = value.strip().upper() if isinstance(value, str) else ""
    if word in {"TRUE", "FALSE"}:
        return _content(word == "TRUE")
    if word in ContentMode.__members__:
        return ContentMode[word]
    message = f"must be one of {', '.join(ContentMode.__members__)}, or True (SPAN_ONLY) or False (NO_CONTENT)"
    raise ValueError(message)


def _prices(value: object) -> object:
    if isinstance(value, Mapping) or (isinstance(value, str | os.PathLike) and os.fspath(value)):
        return value
    message = "must be a mapping of model patterns to prices, or the path of a price file"
    raise ValueError(message)


def _key(value: object) -> bytes:
    key = value.encode() if isinstance(value, str) else value
    if not isinstance(key, bytes) or not key:
        message = "must be a secret as text or bytes, not empty"
        raise ValueError(message)
    return key


def choice(*allowed: str) -> Kind:
    """Return the kind of a setting that takes one of a few words, in any case."""

    def read(value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in allowed:
            message = f"must be one of {', '.join(repr(one) for one in allowed)}"
            raise ValueError(message)
        return word

    return Kind(" | ".join(allowed), read, read)


TEXT = Kind("text", _text, _text)
FLAG = Kind("true | false", _flag, _parse_flag)
SECONDS = Kind("seconds", _seconds, _parse_seconds)
COUNT = Kind("whole number", _count, _parse_count)
URL = Kind("URL", _url, _parse_url)
HEADERS = Kind("name=value,...", _headers, _parse_headers)
ATTRIBUTES = Kind("name=value,...", _attributes, _pairs)
EXPORTERS = Kind("otlp | console | none | an entry point, separated by commas", _exporters, _exporters)
HOSTS = Kind("host names separated by commas", _hosts, _hosts)
CONTENT = Kind(" | ".join(ContentMode.__members__), _content, _content)
PRICES = Kind("mapping | path", _prices, _prices)
KEY = Kind("text or bytes", _key, _key)
