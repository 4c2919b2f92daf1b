"""mistralai's client for Vertex AI, which has a copy of all that the first client has."""

from __future__ import annotations

from typing import Any

from mistralai.gcp.client import MistralGCP, basesdk

from tests.contract.drivers import mistralai_client as own
from tests.contract.drivers._mistral_requests import ANSWER, CHUNK, COUNTED, events, stream, whole
from tests.contract.drivers._spec import Driver, Endpoint, Settings
from tests.contract.drivers._stainless import KEY, NO_TLS
from tests.contract.expected import answered

HTTP = basesdk.httpx


def client(settings: Settings) -> Any:
    asynchronous = settings.flavour == "async"
    http = (HTTP.AsyncClient if asynchronous else HTTP.Client)(verify=NO_TLS)
    made = MistralGCP(
        project_id="p1",
        access_token=KEY,
        server_url=settings.url,
        timeout_ms=None if settings.timeout_s is None else int(settings.timeout_s * 1000),
        **{"async_client" if asynchronous else "client": http},
    )
    made.close = http.aclose if asynchronous else http.close
    return made


FIM = {"model": "codestral", "prompt": "def f(", "suffix": "return 1"}

DRIVER = Driver(
    package="mistralai.gcp.client",
    distribution="mistralai",
    errors={
        **own.DRIVER.errors,
        **dict.fromkeys((400, 401, 404, 429, "server"), "mistralai.gcp.client.errors.sdkerror.SDKError"),
    },
    retries=None,
    request_ids=own.DRIVER.request_ids,
    requests={
        "fim": whole(
            "fim.complete", ANSWER, "text_completion codestral", {**COUNTED, "gen_ai.response.id": "a1"}, **FIM
        ),
        "fim stream": stream("fim.stream", events(CHUNK), "text_completion codestral", COUNTED, **FIM),
    },
    endpoints=(
        Endpoint(
            name="mistral-gcp-chat",
            provider="gcp.vertex_ai",
            client=client,
            create=own.chat,
            written="mistral-gcp-chat",
            asked=own.said(),
            answered=answered("openai_chat"),
            without={**own.WITHOUT, **dict.fromkeys(("helper", "helper_left"), "the client has no such way")},
        ),
    ),
)
