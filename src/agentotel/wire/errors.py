"""Exceptions and errors in bodies to failures, by the tables of every SDK.

Exceptions are read by what they carry and by the names of their classes, so that no SDK is imported. What a
provider's code says comes before a class that its SDK gives no true status, this before the HTTP status, and all of
it before a class whose name only sounds like something. That a request is wrong (``schema``) is the weakest word:
whatever says more comes before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Final

from agentotel.facts.call import Failure
from agentotel.wire.error_tables import PARTS, STATUSES, TABLES
from agentotel.wire.format import fields
from agentotel.wire.read import integer

_CODES: Final = {code.lower(): found for table in TABLES for code, found in table.codes.items()}
_CLASSES: Final = {
    (package, name): found for table in TABLES for package in table.packages for name, found in table.classes.items()
}
_TEXTS: Final = {part: found for table in TABLES for part, found in table.texts.items()}
_BY_STATUS: Final = frozenset(package for table in TABLES if table.by_status for package in table.packages)
_PACKAGES: Final = frozenset(package for table in TABLES for package in table.packages)

_WEAKEST: Final = "schema"
_VAGUEST: Final = "server"
"""What a code is not believed where the status says that the request is at fault: Ollama's ``api_error`` of a 404."""
_LONGEST: Final = 4096
_NAMES: Final = ("code", "type", "status", "Code")
_BODIES: Final = ("body", "details", "response")


def error_type(error: BaseException) -> str:
    """Name an error as the released official packages do: by its class, qualified, builtins bare.

    Google's is named by its HTTP status: all from 400 are one class there, and all from 500 another.
    """
    kind = type(error)
    if any(_root(one) in _BY_STATUS for one in kind.__mro__) and (status := _status(error)) is not None:
        return str(status)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{_public(kind.__module__)}.{kind.__qualname__}"


def _public(module: str) -> str:
    """Cut a module path before its first private part: ``openai._exceptions`` is ``openai`` to its users.

    What lies below a private package is nobody's name: some SDKs change it once another of their modules is loaded.
    """
    return ".".join(takewhile(lambda part: not part.startswith("_"), module.split("."))) or module


def of_exception(error: BaseException, origin: str) -> Failure:
    """Read a failure from an exception. ``origin`` is ``model``, ``tool``, ``agent`` or ``host``."""
    return Failure(type=error_type(error), message=str(error), category=category(error), origin=_origin(error, origin))


def _origin(error: BaseException, origin: str) -> str:
    """Tell the host's errors from the model's: neither an SDK nor a transport raised them, nor did an answer."""
    if origin != "model" or isinstance(error, OSError) or _status(error) is not None:
        return origin
    return origin if any(_root(kind) in _PACKAGES for kind in type(error).__mro__) else "host"


def said(failure: Failure) -> Failure:
    """Classify a failure that the body of an answer itself tells of."""
    if failure.category is not None:
        return replace(failure, origin="model")
    kind = failure.type
    status = by_status(int(kind)) if kind.isdecimal() else None
    return replace(failure, category=_strongest((_CODES.get(kind.lower()), status), failure.message), origin="model")


def category(error: BaseException) -> str | None:
    """Tell what kind of failure an exception is; None where nothing says so."""
    status = _status(error)
    refused = None if status is None else by_status(status)
    told = [_CODES.get(code.lower()) for code in _codes(error)]
    if refused == _WEAKEST:
        told = [one for one in told if one != _VAGUEST]
    message = _text(error) if refused or any(told) else None  # else the application may have written it
    return _strongest((*told, _by_class(error), refused), message) or _by_name(error)


def by_status(status: int) -> str | None:
    """Tell what kind of failure an HTTP status is."""
    return STATUSES.get(status, "server" if 500 <= status < 600 else None)  # noqa: PLR2004 - HTTP statuses


def _strongest(found: Iterable[str | None], message: str | None) -> str | None:
    """Take the first category that is more than ``schema``; in a message only where there is nothing but that."""
    known = [one for one in found if one is not None]
    more = next((one for one in known if one != _WEAKEST), None)
    if more is not None or not known or not message:
        return more or (known[0] if known else None)
    lowered = message[:_LONGEST].lower()
    return next((one for part, one in _TEXTS.items() if part in lowered), _WEAKEST)


def _text(error: BaseException) -> str:
    """Give what an exception says, and the body that it keeps, of which it may say only a field."""
    kept = getattr(error, "body", None)
    return str(error) if kept is None else f"{error} {kept}"


def _codes(error: BaseException) -> Iterator[str]:
    """Give the codes of an exception: its own, then those of the body that it keeps."""
    holders = [getattr(error, name, None) for name in _BODIES]
    for holder in ({name: getattr(error, name, None) for name in _NAMES}, *map(_error_object, holders)):
        for name in _NAMES:
            code = holder.get(name)
            if isinstance(code, str):
                yield code
        inner = holder.get("innererror")
        if isinstance(inner, Mapping) and isinstance(code := inner.get("code"), str):
            yield code


def _error_object(body: object) -> Mapping[str, object]:
    """Find the error object of a body: a mapping or its JSON, Gemini's in a list, botocore's with capital letters."""
    if isinstance(body, str) and body.startswith("{"):
        try:
            body = json.loads(body)
        except ValueError:
            return {}
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    return fields(body.get("error") or body.get("Error")) or body


def _status(error: BaseException) -> int | None:
    """Find the HTTP status of an exception, by the names that SDKs and HTTP libraries have for it."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    for found in (
        getattr(error, "status_code", None),
        getattr(error, "status", None),
        getattr(error, "code", None),
        fields(metadata).get("HTTPStatusCode"),
        getattr(response, "status_code", None),
    ):
        status = integer(found)
        if status is not None and 400 <= status < 600:  # noqa: PLR2004 - HTTP statuses
            return status
    return None


def _by_class(error: BaseException) -> str | None:
    """Find the first class of an exception and its bases that the table of its SDK names."""
    kinds = ((_root(kind), kind.__name__) for kind in type(error).__mro__)
    return next((_CLASSES[kind] for kind in kinds if kind in _CLASSES), None)


def _root(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _by_name(error: BaseException) -> str | None:
    for kind in type(error).__mro__:
        for part, found in PARTS.items():
            if part in kind.__name__:
                return found
    return None
