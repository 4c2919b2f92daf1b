"""What a caller sees of a call, as values that compare equal where a caller could tell no difference."""

from __future__ import annotations

import re
from typing import Any

import pydantic

VOLATILE_HEADERS = {"date"}
PORT = re.compile(r"(127\.0\.0\.1\D{1,9})\d+")
"""Two servers of a test have two ports, which some SDKs name in what they raise."""
TAKEN = re.compile(r", time taken=[\d.]+ seconds")
"""Which LiteLLM says of what it waited for."""
CARRIED = ("status_code", "body", "code", "param", "type", "request_id")


def shown(value: Any) -> Any:
    """Show a value with its type; models by what they dump."""
    if isinstance(value, pydantic.BaseModel):
        extra = {name: shown(getattr(value, name)) for name in ("_request_id",) if hasattr(value, name)}
        return type(value), value.model_dump(mode="json", warnings=False), extra
    if isinstance(value, list | tuple):
        return type(value), [shown(item) for item in value]
    return type(value), value


def shown_error(error: BaseException | None) -> Any:
    """Show an exception: its class, what it says and carries, and the classes of the errors behind it."""
    if error is None:
        return None
    carried = {name: getattr(error, name, None) for name in CARRIED}
    return (
        type(error),
        type(error).__mro__,
        TAKEN.sub("", PORT.sub(r"\1", str(error))),
        carried,
        error.__suppress_context__,
        type(error.__cause__),
        type(error.__context__),
        getattr(error, "__notes__", None),
    )


def shown_response(response: Any) -> Any:
    """Show an HTTP response or a raw response of an SDK, but for its body."""
    headers = {name: value for name, value in response.headers.items() if name not in VOLATILE_HEADERS}
    return type(response), response.status_code, headers, response.http_version
