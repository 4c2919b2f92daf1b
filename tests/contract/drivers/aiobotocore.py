"""aiobotocore, whose clients are made by a context manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from tests.contract.drivers._bedrock import ERRORS, REQUESTS, endpoints, options
from tests.contract.drivers._spec import Driver, Settings

SESSION = get_session()


class Client:
    """A client that is made by its first call."""

    def __init__(self, settings: Settings) -> None:
        given = options(settings)
        self._making = SESSION.create_client("bedrock-runtime", **{**given, "config": AioConfig(**given["config"])})
        self._stack = AsyncExitStack()
        self._client: Any = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(**given: Any) -> Any:
            if self._client is None:
                self._client = await self._stack.enter_async_context(self._making)
            return await getattr(self._client, name)(**given)

        return call

    async def aclose(self) -> None:
        await self._stack.aclose()


DRIVER = Driver(
    package="aiobotocore",
    distribution="aiobotocore",
    flavours=("async",),
    request_ids=("x-amzn-requestid",),
    requests=REQUESTS,
    errors={
        **ERRORS,
        "stream_timeout": "aiohttp.client_exceptions.SocketTimeoutError",
        "refused": "aiohttp.client_exceptions.ClientConnectorError",
        "reset": "aiohttp.client_exceptions.ClientPayloadError",
    },
    endpoints=endpoints(Client),
)
