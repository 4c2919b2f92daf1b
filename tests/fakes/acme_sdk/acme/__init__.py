"""The SDK of the how-to on adding a provider: one request method, tried again twice, over httpx."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

RETRIED = {429, 500}


class AcmeError(Exception):
    """An answer that is an error, or no answer."""

    def __init__(self, message: str, status_code: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body = body


class AcmeConnectionError(AcmeError):
    """No answer came."""


class AcmeTimeoutError(AcmeConnectionError):
    """No answer came in time."""


class Stream:
    """The events of a streamed answer."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._iterator = self._events()

    def _events(self) -> Iterator[dict[str, Any]]:
        try:
            for line in self.response.iter_lines():
                data = line.removeprefix("data:").strip()
                if line.startswith("data:") and data != "[DONE]":
                    yield json.loads(data)
        finally:
            self.response.close()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> dict[str, Any]:
        return next(self._iterator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()


class Client:
    """A client of Acme's API."""

    def __init__(self, base_url: str, *, retries: int = 2, timeout_s: float = 60) -> None:
        self.base_url = httpx.URL(base_url)
        self.retries = retries
        self.timeout_s = timeout_s
        self.http = httpx.Client(base_url=base_url, timeout=timeout_s, trust_env=False, verify=False)  # noqa: S501

    def chat(self, **body: Any) -> Any:
        return self.request("/v1/chat", body)

    def request(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a request, again where that may help."""
        for retries_left in reversed(range(self.retries + 1)):
            try:
                sent = self.http.build_request("POST", path, json=body)
                response = self.http.send(sent, stream=bool(body.get("stream")))
            except httpx.TransportError as error:
                if not retries_left:
                    late = isinstance(error, httpx.TimeoutException)
                    raise (AcmeTimeoutError if late else AcmeConnectionError)("No answer") from error
            else:
                if response.status_code not in RETRIED or not retries_left:
                    return self._read(response, stream=bool(body.get("stream")))
                response.read()
            time.sleep(0.02)
        raise AssertionError

    def _read(self, response: httpx.Response, *, stream: bool) -> Any:
        if response.is_error:
            answer = json.loads(response.read())
            raise AcmeError(answer["error"]["message"], response.status_code, answer)
        return Stream(response) if stream else response.json()

    def close(self) -> None:
        self.http.close()
