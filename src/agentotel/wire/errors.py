"""Exceptions to failures: one table for every SDK and tool.

SDK exceptions are read by what they carry (``status_code``, ``code``, ``type``), others by the names of
their classes, so that no SDK is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from agentotel.facts.call import Failure

CODES: Final[Mapping[str, str]] = {
    "context_length_exceeded": "context_overflow",
    "string_above_max_length": "context_overflow",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "authentication_error": "auth",
    "permission_error": "auth",
    "invalid_api_key": "auth",
    "overloaded_error": "server",
    "api_error": "server",
    "server_error": "server",
    "timeout_error": "timeout",
    "invalid_request_error": "schema",
}
"""Provider error codes and types to ``agentotel.error.category``."""

STATUSES: Final[Mapping[int, str]] = {
    400: "schema",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "schema",
    408: "timeout",
    413: "context_overflow",
    422: "schema",
    429: "rate_limit",
    504: "timeout",
}
"""HTTP status codes to categories; other codes from 500 are ``server``."""

CLASSES: Final = (
    ("Timeout", "timeout"),
    ("TimedOut", "timeout"),
    ("LengthFinishReason", "schema"),
    ("ContentFilter", "content_filter"),
    ("RateLimit", "rate_limit"),
    ("Validation", "schema"),
    ("JSONDecode", "schema"),
    ("Permission", "auth"),
    ("Authentication", "auth"),
    ("Guardrail", "guardrail"),
    ("Protocol", "network"),
    ("Connection", "network"),
    ("Connect", "network"),
    ("ReadError", "network"),
)
"""Parts of class names to categories, first match along the class and its bases."""

_OVERFLOW: Final = ("prompt is too long", "context window", "maximum context length")


def error_type(error: BaseException) -> str:
    """Name the class as the released official packages do: qualified, builtins bare."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{_public(kind.__module__)}.{kind.__qualname__}"


def _public(module: str) -> str:
    """Leave out the private parts of a module path: ``openai._exceptions`` is ``openai`` to its users."""
    parts = module.split(".")
    return ".".join(part for part in parts if not part.startswith("_")) or module


def of_exception(error: BaseException, *, origin: str) -> Failure:
    """Read a failure from an exception. ``origin`` is ``model``, ``tool``, ``agent`` or ``host``."""
    return Failure(type=error_type(error), message=str(error), category=category(error), origin=origin)


def said(failure: Failure) -> Failure:
    """Classify a failure that the body of an answer itself tells of."""
    return replace(failure, category=failure.category or CODES.get(failure.type), origin="model")


def category(error: BaseException) -> str | None:
    """Tell what kind of failure an exception is; None where nothing says so."""
    status = getattr(error, "status_code", None)
    for key in ("code", "type"):
        found = CODES.get(_text(getattr(error, key, None)))
        if found is not None and not (found == "schema" and status is not None):
            return found
    if isinstance(status, int):
        if status == 400 and any(part in str(error) for part in _OVERFLOW):  # noqa: PLR2004 - an HTTP status
            return "context_overflow"
        if (found := by_status(status)) is not None:
            return found
    return _by_class(error)


def by_status(status: int) -> str | None:
    """Tell what kind of failure an HTTP status is."""
    return STATUSES.get(status, "server" if status >= 500 else None)  # noqa: PLR2004 - an HTTP status


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _by_class(error: BaseException) -> str | None:
    for kind in type(error).__mro__:
        for part, found in CLASSES:
            if part in kind.__name__:
                return found
    return None
