"""Asking for the usage of a stream where the caller did not, in a copy of the request.

OpenAI's chat and text completions send usage with a stream only for ``stream_options.include_usage``. The chunk that
this adds is not shown to the caller. A response that the caller reads as bytes is left alone: nothing could be hidden
in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from agentotel._core import guard
from agentotel._core.locks import make_lock
from agentotel.capture import hosts
from agentotel.capture.spec import Adapter, Sent
from agentotel.wire.format import Body, fields

HOSTS: Final[Mapping[str, str | None]] = {
    "api.openai.com": None,
    "openai.azure.com": "2024-09-01",
    "services.ai.azure.com": "2024-09-01",
    "api.deepseek.com": None,
    "api.x.ai": None,
    "api.moonshot.ai": None,
    "api.moonshot.cn": None,
    "api.fireworks.ai": None,
    "openrouter.ai": None,
    "generativelanguage.googleapis.com": None,
}
"""Ends of host names that take the option, and the API version since which they do.

Groq, Together, Mistral and Perplexity send the usage of a stream unasked. Source: their API references, and Azure's
change log of API versions.
"""

MOST_REFUSALS: Final = 1000
_STATUSES: Final = frozenset({400, 422})
"""What servers answer that do not know the option; those in Python often send the second."""

_refuses = guard.site("capture.ask_refused")
_lock = make_lock()
_refusals: set[str] = set()


class Addition:
    """The arguments of a call with the option in them; ``hidden`` tells the chunk that it adds."""

    __slots__ = ("_args", "_host", "_kwargs", "hidden")

    def __init__(
        self, host: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], hidden: Callable[[object], bool]
    ) -> None:
        self._host = host
        self._args = args
        self._kwargs = kwargs
        self.hidden: Callable[[object], bool] | None = hidden

    def send(self, wrapped: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call with the option and, where the server refuses just this, as the application wanted to."""
        try:
            return wrapped(*self._args, **self._kwargs)
        except Exception as error:
            if _refuses(self._refused, error) is False:  # else it may be ours
                raise
        self.hidden = None
        return wrapped(*args, **kwargs)

    async def send_async(self, wrapped: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Do the same with a coroutine function."""
        try:
            return await wrapped(*self._args, **self._kwargs)
        except Exception as error:
            if _refuses(self._refused, error) is False:  # else it may be ours
                raise
        self.hidden = None
        return await wrapped(*args, **kwargs)

    def _refused(self, error: Exception) -> bool:
        """Tell whether the option was refused, and remember where."""
        if getattr(error, "status_code", None) not in _STATUSES:
            return False
        if "stream_options" not in f"{error}{getattr(error, 'body', '')}":
            return False
        with _lock:
            if self._host is not None and len(_refusals) < MOST_REFUSALS:
                _refusals.add(self._host)
        return True


def addition(
    adapter: Adapter, sent: Sent, mode: str, client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Addition | None:
    """Make the arguments that ask for usage; None where it is not to be asked for, or was."""
    hidden, host = sent.call.format.usage_chunk, sent.target.server
    if hidden is None or adapter.with_body is None or not _wanted(mode, host, adapter, client):
        return None
    wish = _wish(sent.body)
    added = None if wish is None else adapter.with_body(args, kwargs, wish)
    return None if added is None else Addition(host, *added, hidden)


def _wanted(mode: str, host: str | None, adapter: Adapter, client: Any) -> bool:
    if mode == "never" or host in _refusals:
        return False
    if mode == "always":
        return True
    since = _since(host)
    return since is None or (since != "" and (adapter.api_version(client) or since) >= since)


@lru_cache(maxsize=1024)
def _since(host: str | None) -> str | None:
    """Give the API version since which a host takes the option: None where all do, empty where it is not known."""
    return next((since for end, since in HOSTS.items() if host is not None and hosts.ends(host, end)), "")


def _wish(body: Body) -> Body | None:
    """Add the option to those of the caller; None where the caller said yes or no."""
    options = body.get("stream_options")
    said = fields(options)
    if body.get("stream") is not True or "include_usage" in said or (options is not None and not said):
        return None
    return {"stream_options": {**said, "include_usage": True}}
