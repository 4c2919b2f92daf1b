"""openai 2 and 3, and its clients for Azure."""

from __future__ import annotations

from typing import Any

import openai

from tests.contract.drivers._openai_requests import OPENAI
from tests.contract.drivers._spec import Driver, Ending, Endpoint, Settings
from tests.contract.drivers._stainless import Resource, errors, options
from tests.contract.expected import answered, asked

CHAT = Resource("chat.completions", structured="response_format", helped=True)
COMPLETIONS = Resource("completions")
EMBEDDINGS = Resource("embeddings")
RESPONSES = Resource("responses", structured="text_format", helped=True)

DEPLOYMENTS = "/openai/deployments/"
ALSO = ("service_tier", "system_fingerprint")


def client(settings: Settings) -> Any:
    made = openai.AsyncOpenAI if settings.flavour == "async" else openai.OpenAI
    return made(base_url=f"{settings.url}/v1", **options(openai, settings))


def azure(settings: Settings) -> Any:
    """Make a client for the deployment in the path; for the model of each call if none is."""
    made = openai.AsyncAzureOpenAI if settings.flavour == "async" else openai.AzureOpenAI
    _before, found, rest = settings.recording.path.partition(DEPLOYMENTS)
    return made(
        azure_endpoint=settings.url,
        azure_deployment=rest.partition("/")[0] if found else None,
        api_version="2024-06-01",
        **options(openai, settings),
    )


def endpoint(name: str, resource: Resource, **more: Any) -> Endpoint:
    """Describe a resource."""
    return Endpoint(
        **{
            "name": name,
            "provider": "openai",
            "catalogue": "openai",
            "client": client,
            "create": resource.create,
            "whole_ways": resource.whole_ways,
            "stream_ways": resource.stream_ways,
            "acts": resource.acts,
            **more,
        }
    )


CHAT_FACTS = {
    "written": "openai-chat",
    "asked": asked(),
    "answered": answered("openai_chat", *ALSO),
    "cut": frozenset({"openai-chat-completions-012"}),
}

READS_IN_STREAMS = hasattr(openai._streaming, "APITimeoutError")
"""Whether the SDK gives the time-out of a read inside a stream a class of its own, as openai 3 began to."""

DRIVER = Driver(
    package="openai",
    distribution="openai",
    errors=errors(openai) | ({"stream_timeout": "openai.APITimeoutError"} if READS_IN_STREAMS else {}),
    request_ids=("x-request-id", "apim-request-id"),
    requests=OPENAI,
    endpoints=(
        endpoint(
            "openai-chat",
            CHAT,
            recorded=lambda one: (one.api, one.provider) == ("openai.chat.completions", "openai"),
            **CHAT_FACTS,
        ),
        endpoint(
            "azure-chat",
            CHAT,
            recorded=lambda one: one.provider == "azure",
            provider="azure.ai.openai",
            catalogue="azure",
            client=azure,
            absent=("openai.",),
            **CHAT_FACTS,
        ),
        endpoint(
            "openai-responses",
            RESPONSES,
            recorded=lambda one: one.api == "openai.responses",
            written="openai-responses",
            asked=asked(),
            answered=answered("openai_responses", *ALSO),
            endings={
                "error_event": Ending(outcome="error", status="ERROR", error_type="server_error", category="server"),
            },
        ),
        endpoint(
            "openai-completions",
            COMPLETIONS,
            recorded=lambda one: one.api == "openai.completions",
            asked=asked("text_completion"),
            answered=answered("openai_completions", *ALSO),
        ),
        endpoint(
            "openai-embeddings",
            EMBEDDINGS,
            recorded=lambda one: one.api == "openai.embeddings",
            asked=asked("embeddings"),
            answered=answered("openai_embeddings", *ALSO),
        ),
    ),
)
