"""mistralai's clients for platforms, each of which has a copy of all that the first client has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.contract.drivers import mistralai_client as own
from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import NO_TLS
from tests.contract.expected import answered

_WITHOUT = {**own.WITHOUT, **dict.fromkeys(("helper", "helper_left"), "the client has no such way")}


def maker(http: Any, make: Callable[..., Any], **given: Any) -> Callable[[Settings], Any]:
    """Give what makes a client of ``make``, which sends with the HTTP library ``http``."""

    def client(settings: Settings) -> Any:
        asynchronous = settings.flavour == "async"
        sender = (http.AsyncClient if asynchronous else http.Client)(verify=NO_TLS)
        made = make(
            **given,
            server_url=settings.url,
            timeout_ms=None if settings.timeout_s is None else int(settings.timeout_s * 1000),
            **{"async_client" if asynchronous else "client": sender},
        )
        made.close = sender.aclose if asynchronous else sender.close
        return made

    return client


def driver(*, package: str, platform: str, provider: str, client: Callable[[Settings], Any], **more: Any) -> Driver:
    """Make the driver of the client of a platform."""
    return Driver(
        package=package,
        errors={
            **own.DRIVER.errors,
            **dict.fromkeys((400, 401, 404, 429, "server"), f"{package}.errors.sdkerror.SDKError"),
        },
        retries=None,
        request_ids=own.DRIVER.request_ids,
        **more,
        endpoints=(
            Endpoint(
                name=f"mistral-{platform}-chat",
                provider=provider,
                client=client,
                create=own.chat,
                written=f"mistral-{platform}-chat",
                asked=own.said(),
                answered=answered("openai_chat"),
                without=_WITHOUT,
            ),
        ),
    )
