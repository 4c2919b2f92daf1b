"""HTTP libraries, as data: what sends a request in each, and how its arguments are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from agentotel.capture import hosts
from agentotel.capture.spec import Asked, Hook, HttpLibrary

_Args = tuple[Any, ...]
_Kwargs = Mapping[str, Any]


def _httpx_request(args: _Args, kwargs: _Kwargs) -> Any:
    return args[0] if args else kwargs["request"]


def _httpx_asked(_client: Any, args: _Args, kwargs: _Kwargs) -> Asked:
    request = _httpx_request(args, kwargs)
    url = request.url
    return Asked(
        method=request.method,
        path=url.path,
        place=lambda: (url.host or None, hosts.port_of(url)),
        body=lambda: getattr(request, "_content", None),  # a streamed body is not kept, and stays unread
    )


def _httpx_target(_client: Any, args: _Args, kwargs: _Kwargs) -> tuple[str | None, object]:
    request = _httpx_request(args, kwargs)
    return request.url.host, (request.method, request.url)


def _bytes(body: object) -> bytes | None:
    """Give a body that is at hand; one that is still to be read stays unread."""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else None


def _urllib3_argument(args: _Args, kwargs: _Kwargs, place: int, name: str) -> Any:
    return args[place] if len(args) > place else kwargs.get(name)


def _urllib3_asked(pool: Any, args: _Args, kwargs: _Kwargs) -> Asked:
    body = _urllib3_argument(args, kwargs, 2, "body")
    return Asked(
        method=str(_urllib3_argument(args, kwargs, 0, "method")),
        path=urlsplit(str(_urllib3_argument(args, kwargs, 1, "url"))).path,
        place=lambda: (pool.host, hosts.port_of(pool)),
        body=lambda: _bytes(body),
    )


def _urllib3_target(pool: Any, args: _Args, kwargs: _Kwargs) -> tuple[str | None, object]:
    method, url = (_urllib3_argument(args, kwargs, place, name) for place, name in ((1, "method"), (2, "url")))
    return pool.host, (method, pool.host, url)


def _aiohttp_url(session: Any, args: _Args, kwargs: _Kwargs) -> Any:
    """Build the URL as the session does, where it is not given whole."""
    given = args[1] if len(args) > 1 else kwargs["str_or_url"]
    return session._build_url(given)  # noqa: SLF001 - joins the session's base URL


def _aiohttp_asked(session: Any, args: _Args, kwargs: _Kwargs) -> Asked | None:
    try:
        url = _aiohttp_url(session, args, kwargs)
    except ValueError:  # no URL: the session is about to say so in its own words
        return None
    method = args[0] if args else kwargs["method"]
    return Asked(
        method=method,
        path=url.path,
        place=lambda: (url.host, url.port),
        body=lambda: kwargs.get("json") or _bytes(kwargs.get("data")),
    )


def _aiohttp_target(session: Any, args: _Args, kwargs: _Kwargs) -> tuple[str | None, object]:
    url = _aiohttp_url(session, args, kwargs)
    return url.host, (args[0] if args else kwargs["method"], url)


def _httpx(package: str) -> HttpLibrary:
    return HttpLibrary(
        package=package,
        attempts=(
            Hook(module=package, owner="Client", method="send"),
            Hook(module=package, owner="AsyncClient", method="send"),
        ),
        asked=_httpx_asked,
        target=_httpx_target,
    )


LIBRARIES: Final = (
    _httpx("httpx2"),
    _httpx("httpx"),
    HttpLibrary(
        package="urllib3",
        attempts=(Hook(module="urllib3.connectionpool", owner="HTTPConnectionPool", method="_make_request"),),
        calls=(Hook(module="urllib3.connectionpool", owner="HTTPConnectionPool", method="urlopen"),),
        asked=_urllib3_asked,
        target=_urllib3_target,
    ),
    HttpLibrary(
        package="aiohttp",
        attempts=(Hook(module="aiohttp.client", owner="ClientSession", method="_request"),),
        asked=_aiohttp_asked,
        target=_aiohttp_target,
    ),
)
"""requests and botocore send through urllib3, aiobotocore through aiohttp."""
