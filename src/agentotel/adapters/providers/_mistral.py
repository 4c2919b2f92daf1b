"""What the mistralai SDK's clients for Mistral, Azure and Vertex have in common: one ``do_request`` method.

It stands above the retries, whose limit is a time and no number, and is given the HTTP request whole.
Source: ``basesdk.py`` of mistralai 2.0 and 3.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentotel.adapters.providers._paths import Found
from agentotel.capture import hosts
from agentotel.capture.bodies import json_object
from agentotel.capture.spec import Adapter, Hook, Sent, Target
from agentotel.wire.format import Body

RAISED: Final = {422: "httpvalidationerror.HTTPValidationError"}
"""Exceptions by HTTP status, in ``errors``; any other status is an ``SDKError``."""


def adapter(
    module: str,
    provider: str,
    find: Callable[[str, str], Found | None],
    *,
    tracers: tuple[Hook, ...] = (),
    place: Callable[[Any], str] = lambda url: str(url.path),
) -> Adapter:
    """Make the adapter of one of the clients, which has a copy of everything in ``module``.

    ``place`` shows what ``find`` knows of a URL.
    """

    def read(_sdk: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
        request = args[1] if len(args) > 1 else kwargs["request"]
        url = request.url
        found = find(request.method.lower(), place(url))
        if found is None:
            return None
        call, said = found
        timeout: Mapping[str, Any] = request.extensions.get("timeout") or {}
        return Sent(
            call=call,
            target=Target(provider=provider, server=url.host, port=hosts.port_of(url)),
            body={**_body(request), **said},
            timeout_s=timeout.get("read"),
        )

    return Adapter(
        package="mistralai",
        oldest=(2,),
        below=(4,),
        hooks=tuple(
            Hook(module=f"{module}.basesdk", owner="BaseSDK", method=method)
            for method in ("do_request", "do_request_async")
        ),
        read=read,
        raises=lambda status: f"{module}.errors.{RAISED.get(status, 'sdkerror.SDKError')}",
        tracers=tracers,
    )


def _body(request: Any) -> Body:
    """Read a body: JSON, or the words of a form, whose files are not looked at."""
    words = getattr(request.stream, "fields", None)
    if words is not None:
        return {word.name: word.value for word in words if isinstance(getattr(word, "value", None), str)}
    return json_object(request.content)
