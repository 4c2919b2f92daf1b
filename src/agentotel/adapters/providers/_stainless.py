"""What the SDKs that Stainless generates have in common: one ``request`` method, one options object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from agentotel.capture.spec import Call, Hook, Sent, Target

Paths = Mapping[tuple[str, str], Call]
"""Operations by HTTP method and path; ``{id}`` stands for one segment."""

_ID = re.compile(r"(?<=/responses/)[^/]+$")


def hooks(package: str) -> tuple[Hook, ...]:
    """Name the request methods of a package."""
    return tuple(
        Hook(module=f"{package}._base_client", owner=owner, method="request")
        for owner in ("SyncAPIClient", "AsyncAPIClient")
    )


def reader(
    paths: Paths, provider: Callable[[Any], str]
) -> Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Sent | None]:
    """Make the function that reads the arguments of ``request(cast_to, options, *, stream, stream_cls)``."""
    targets: WeakKeyDictionary[Any, tuple[Any, Target]] = WeakKeyDictionary()

    def target(client: Any) -> Target:
        url = client.base_url
        known = targets.get(client)
        if known is not None and known[0] is url:
            return known[1]
        port = url.port or {"https": 443, "http": 80}.get(url.scheme)
        made = Target(provider=provider(client), server=url.host or None, port=port)
        targets[client] = (url, made)
        return made

    def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
        options = args[1] if len(args) > 1 else kwargs["options"]
        call = find(paths, options.method, options.url)
        if call is None:
            return None
        body = options.json_data if isinstance(options.json_data, Mapping) else {}
        if options.extra_json:
            body = {**body, **options.extra_json}
        limit = options.max_retries
        return Sent(
            call=call,
            target=target(client),
            body=body if call.operation != "fetch_response" else _fetched(options),
            retry_limit=limit if isinstance(limit, int) else client.max_retries,
            timeout_s=_seconds(options.timeout, client),
        )

    return read


def _fetched(options: Any) -> Mapping[str, object]:
    """Show what a request without a body asks for: its query, and the id at the end of its path."""
    return {**options.params, "id": options.url.partition("?")[0].rpartition("/")[2]}


def find(paths: Paths, method: str, url: str) -> Call | None:
    """Find the operation of a request; None where it is none."""
    method = method.lower()
    call = paths.get((method, url))
    if call is not None:
        return call
    path = url.partition("?")[0]
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return paths.get((method, path)) or paths.get((method, _ID.sub("{id}", path)))


def _seconds(timeout: Any, client: Any) -> float | None:
    """Give the configured time-out: a number, or the read time-out of an HTTP library's object."""
    for value in (timeout, client.timeout):
        if isinstance(value, int | float):
            return float(value)
        read = getattr(value, "read", None)
        if isinstance(read, int | float):
            return float(read)
    return None
