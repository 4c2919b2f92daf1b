"""What the SDKs that Stainless generates have in common: one ``request`` method, one options object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel.adapters.providers._paths import Found, Paths, Routes
from agentotel.capture import hosts
from agentotel.capture.spec import Arguments, Call, Hook, Sent, Target, own

MOST_TARGETS: Final = 1000
_NUMBERS: Final = (int, float)


def under(prefix: str, paths: Paths, kept: tuple[str, ...] | None = None) -> dict[tuple[str, str], Call]:
    """Give operations of a table below a path: all of them, or those that are ``kept``."""
    return {(verb, prefix + path): call for (verb, path), call in paths.items() if kept is None or path in kept}


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
    # By id, since a subclass may be unhashable; the URL that is kept tells clients with one id apart.
    targets: dict[int, tuple[Any, Target]] = {}
    routes = Routes(paths)

    def target(client: Any) -> Target:
        url = client._base_url  # noqa: SLF001 - what ``base_url`` gives, at a tenth of the time in openai 3
        known = targets.get(id(client))
        if known is not None and known[0] is url:
            return known[1]
        if len(targets) >= MOST_TARGETS:
            targets.clear()
        made = Target(provider=provider(client), server=url.host or None, port=hosts.port_of(url))
        targets[id(client)] = (url, made)
        return made

    def read(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
        options = args[1] if len(args) > 1 else kwargs["options"]
        url = options.url
        found = find(routes, options.method, url)
        if found is None:
            return None
        call, said = found
        body = options.json_data
        if body.__class__ is not dict and not isinstance(body, Mapping):
            body = options.params
        if options.extra_json or said:
            body = {**body, **own(options.extra_json or {}), **said}
        limit = options.max_retries
        return Sent(
            call,
            _elsewhere(target(client), url) if "://" in url else target(client),
            body,
            limit if isinstance(limit, int) else client.max_retries,
            seconds(options.timeout, client),
            getattr(client, "_client", None),
        )

    return read


def validators(package: str, *streams: tuple[str, tuple[str, ...]]) -> tuple[Hook, ...]:
    """Name what parses answers outside the request methods: raw responses, and stream helpers by module and class."""
    helpers = (
        Hook(module=f"{package}.{module}", owner=owner, method="__stream__")
        for module, owners in streams
        for owner in owners
    )
    return (
        Hook(module=f"{package}._response", owner="APIResponse", method="parse"),
        Hook(module=f"{package}._response", owner="AsyncAPIResponse", method="parse"),
        *helpers,
    )


PARSED: Final = ("_raw_stream",)
"""Attributes of stream helpers with the stream that the client gave."""


def with_body(args: tuple[Any, ...], kwargs: Mapping[str, Any], more: Mapping[str, object]) -> Arguments | None:
    """Give the arguments of ``request`` with more in the body; None where the caller wants a raw response."""
    options = args[1] if len(args) > 1 else kwargs["options"]
    given = options.headers if isinstance(options.headers, Mapping) else {}
    if any(name.lower() == _RAW for name in given) or not isinstance(options.json_data, Mapping):
        return None
    if more.keys() & (options.extra_json or {}).keys():
        return None
    copied = copy(options)
    copied.json_data = {**options.json_data, **more}
    return ((args[0], copied, *args[2:]), kwargs) if len(args) > 1 else (args, {**kwargs, "options": copied})


_RAW: Final = "x-stainless-raw-response"


def find(routes: Routes, method: str, url: str) -> Found | None:
    """Find the operation of a request; None where it is none. A whole URL may have any path before the known one."""
    if (found := routes.whole(method, url)) is not None:
        return found
    path = url.partition("?")[0]
    if "://" in path:
        return routes.find_end(method.lower(), path)
    return routes.find(method.lower(), "/" + path.lstrip("/"))


def _elsewhere(target: Target, url: str) -> Target:
    """Name the server of a request that was given a whole URL."""
    parts = urlsplit(url)
    return replace(target, server=parts.hostname, port=hosts.port_of(parts))


def seconds(timeout: Any, client: Any) -> float | None:
    """Give the time-out of one read: of the request, else of the client; None where there is none."""
    configured = client.timeout if type(timeout).__name__ == "NotGiven" else timeout
    read_s = getattr(configured, "read", configured)
    return float(read_s) if isinstance(read_s, _NUMBERS) else None
