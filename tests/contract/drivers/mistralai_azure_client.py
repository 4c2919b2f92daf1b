"""mistralai's client for Azure, which has a copy of all that the other client has."""

from __future__ import annotations

from typing import Any

from mistralai.azure.client import MistralAzure, basesdk

from tests.contract.drivers import mistralai_client as own
from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import KEY, NO_TLS
from tests.contract.expected import answered

HTTP = basesdk.httpx


def client(settings: Settings) -> Any:
    asynchronous = settings.flavour == "async"
    http = (HTTP.AsyncClient if asynchronous else HTTP.Client)(verify=NO_TLS)
    made = MistralAzure(
        api_key=KEY,
        server_url=settings.url,
        timeout_ms=None if settings.timeout_s is None else int(settings.timeout_s * 1000),
        **{"async_client" if asynchronous else "client": http},
    )
    made.close = http.aclose if asynchronous else http.close
    return made


DRIVER = Driver(
    package="mistralai.azure.client",
    distribution="mistralai",
    errors={
        **own.DRIVER.errors,
        **dict.fromkeys((400, 401, 404, 429, "server"), "mistralai.azure.client.errors.sdkerror.SDKError"),
    },
    retries=None,
    request_ids=own.DRIVER.request_ids,
    endpoints=(
        Endpoint(
            name="mistral-azure-chat",
            provider="azure.ai.inference",
            client=client,
            create=own.chat,
            written="mistral-azure-chat",
            asked=own.said(),
            answered=answered("openai_chat"),
            without={**own.WITHOUT, **dict.fromkeys(("helper", "helper_left"), "the client has no such way")},
        ),
    ),
)
