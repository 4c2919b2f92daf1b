"""The clients of google-genai, and how its counts of tokens are written."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google import genai
from google.auth.credentials import Credentials
from google.genai import types

from tests.contract.drivers._spec import Settings
from tests.contract.flavour import close

try:
    import httpx2 as http
except ImportError:
    import httpx as http  # type: ignore[no-redef]

OLD = int(genai.__version__.partition(".")[0]) < 3
if OLD:
    import httpx as http  # type: ignore[no-redef]

RETRIES = 2
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""An empty context: the servers are plain HTTP, and loading certificates takes longer than a call."""


class Token(Credentials):
    """A token that is always good."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "test-token"

    def refresh(self, _request: Any) -> None:
        raise AssertionError


@dataclass
class Client:
    """A client of the SDK that is closed in one way, sync or async."""

    used: Any
    sends: Any

    async def close(self) -> None:
        await close(self.used)
        await close(self.sends)


DELAYS = {"initial_delay": 0.02, "jitter": 0.01, "exp_base": 1}


def client(settings: Settings, delays: Mapping[str, float] = DELAYS, **more: Any) -> Client:
    """Make a client that sends with httpx, sync or async."""
    asynchronous = settings.flavour == "async"
    timeout_s = settings.timeout_s
    sends = (http.AsyncClient if asynchronous else http.Client)(verify=NO_TLS, timeout=timeout_s)
    retries = RETRIES if settings.retries is None else settings.retries
    whole = genai.Client(
        http_options=types.HttpOptions(
            base_url=settings.url,
            api_version="v1beta",
            timeout=None if timeout_s is None else int(timeout_s * 1000),
            retry_options=types.HttpRetryOptions(attempts=retries + 1, **delays),
            **{"httpx_async_client" if asynchronous else "httpx_client": sends},
        ),
        **({"api_key": "test-key"} | more),
    )
    return Client(whole.aio if asynchronous else whole, sends)


def vertex(settings: Settings) -> Client:
    return client(settings, vertexai=True, project="p", location="us-central1", credentials=Token(), api_key=None)


def counted(usage: Mapping[str, Any]) -> dict[str, int]:
    return {f"gen_ai.usage.{name}": count for name, count in usage.items() if count is not None}


def modalities(side: str, details: Any, key: str) -> dict[str, int]:
    return {f"{one['modality'].lower()}.{side}_tokens": one[key] for one in details}
