"""What a driver says about an SDK, so that the tests written for all SDKs can call it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.flavour import FLAVOURS, close, done
from tests.contract.recordings import WRITTEN, Recording, written


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a client is made with; None leaves the SDK's own default."""

    flavour: str
    url: str
    recording: Recording
    retries: int | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a call ends. ``error_type`` is a key of ``Driver.errors``, or the attribute itself."""

    outcome: str
    status: str = "UNSET"
    error_type: str | int | None = None
    category: str | None = None
    retry: str | None = None
    usage_source: str | None = "partial"


@dataclass
class Caller:
    """Makes the call of an exchange with a client, and logs what its caller sees."""

    endpoint: Endpoint
    flavour: str
    recording: Recording
    client: Any
    log: list[Any] = field(default_factory=list)

    async def call(self) -> Any:
        """Make the call; a stream where the exchange streams."""
        return await done(self.endpoint.create(self))


Way = Callable[[Caller], Awaitable[None]]
"""One way of making the call of an exchange: it logs what its caller sees, step by step."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One call of an SDK.

    Attributes:
        name: In the names of tests.
        provider: ``gen_ai.provider.name``.
        client: Makes a client from settings.
        create: Makes the plain call: gives a value, a stream, or an awaitable of one.
        recorded: Tells whether a recorded exchange is of this endpoint.
        written: First part of the names in ``tests/contract/exchanges``; None if the scenarios do not run for it.
        whole_ways: Further ways of making a call that does not stream, and ``stream_ways`` of one that does.
        acts: What only scenarios do, by name (``helper_left``).
        asked: The request facts of a recording, from the body that arrived.
        answered: The answer facts (``gen_ai.response.*``, ``gen_ai.usage.*``) of a recording; ``{}`` of a failure.
        catalogue: The provider's id in genai-prices; None if its calls have no price.
        billed: The usage facts that the price is of, where they are not those of the answer.
        endings: Scenarios that end otherwise than the scenario says.
        without: Scenarios that the SDK cannot play, and why. A key may be the name of an exchange or of an act.
        absent: First parts of attributes in ``expected`` of a written exchange that are not said of this endpoint.
        cut: Recorded streams that the server cuts.
    """

    name: str
    provider: str
    client: Callable[[Settings], Any]
    create: Callable[[Caller], Any]
    recorded: Callable[[Recording], bool] = lambda _recording: False
    written: str | None = None
    whole_ways: Mapping[str, Way] = field(default_factory=dict)
    stream_ways: Mapping[str, Way] = field(default_factory=dict)
    acts: Mapping[str, Way] = field(default_factory=dict)
    asked: Callable[[Recording, Any], dict[str, Any]] = lambda _recording, _body: {}
    answered: Callable[[Recording], dict[str, Any]] = lambda _recording: {}
    catalogue: str | None = None
    billed: Callable[[Recording], dict[str, Any] | None] = lambda _recording: None
    endings: Mapping[str, Ending] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    cut: frozenset[str] = frozenset()

    def has(self, kind: str) -> bool:
        """Tell whether a written exchange of a kind is there."""
        return (WRITTEN / f"{self.written}-{kind}.json").is_file()

    def exchange(self, kind: str) -> Recording:
        """Load the written exchange of a kind, for example ``plain``."""
        return written(f"{self.written}-{kind}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request beside the endpoints, answered with one body.

    ``call`` makes it with a client. ``span`` is the name of the span, None where the request is no operation, and
    ``facts`` some attributes of it, None for one that must be absent. ``needs`` is the path of an attribute of the
    client that not every version has (``responses.compact``).
    """

    call: Callable[[Any], Any]
    answer: Any
    span: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    content_type: str = "application/json"
    needs: str = ""

    def exchange(self, provider: str) -> Recording:
        """Make an exchange that answers every request with the body."""
        response = {"status": 200, "headers": {"content-type": self.content_type}, "body": self.answer}
        interactions = [{"request": {"method": verb, "path": ""}, "response": response} for verb in ("POST", "GET")]
        return Recording("request", {"provider": provider, "mode": "json", "interactions": interactions})


@dataclass(frozen=True, kw_only=True)
class Driver:
    """An SDK.

    Attributes:
        package: The package to import, as in the registry.
        distribution: What is installed for it.
        errors: ``error.type`` by HTTP status, and by ``timeout``, ``stream_timeout``, ``connection``, ``refused``
            (of the attempt), ``reset``, ``unparsed`` and ``error_event``; any other status is ``server``, and without
            that its own name.
        retries: How often the SDK tries again by default; None if it cannot.
        request_ids: Response headers that name the request, the best first.
        requests: The smaller operations, and requests that are none, by name; made with the first endpoint's client.
    """

    package: str
    distribution: str
    endpoints: tuple[Endpoint, ...]
    errors: Mapping[str | int, str]
    flavours: tuple[str, ...] = FLAVOURS
    retries: int | None = 2
    request_ids: tuple[str, ...] = ("x-request-id", "request-id")
    requests: Mapping[str, Request] = field(default_factory=dict)

    def error(self, key: str | int | None) -> str | None:
        """Name an error; what is no key is the name itself."""
        if isinstance(key, int):
            return self.errors.get(key) or self.errors.get("server", str(key))
        return None if key is None else self.errors.get(key, key)


@contextlib.asynccontextmanager
async def calling(
    endpoint: Endpoint, flavour: str, recording: Recording, url: str, **settings: Any
) -> AsyncIterator[Caller]:
    """Make a caller with a client of its own, and close the client."""
    client = endpoint.client(Settings(flavour=flavour, url=url, recording=recording, **settings))
    try:
        yield Caller(endpoint, flavour, recording, client)
    finally:
        await close(client)
