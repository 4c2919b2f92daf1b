"""Interactions of google-genai, old and new: a client of their own inside the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.contract.drivers._google_client import OLD, RETRIES, client, counted, modalities
from tests.contract.drivers._spec import Caller, Ending, Endpoint, Settings
from tests.contract.flavour import done, each
from tests.contract.recordings import Recording
from tests.contract.ways import by_next, in_with, read


def counting(settings: Settings) -> Any:
    """Make a client with as many retries as asked for: the older one counts them, and not the requests."""
    retries = RETRIES if settings.retries is None else settings.retries
    return client(replace(settings, retries=retries - 1), {}) if OLD else client(settings)


def interact(caller: Caller) -> Any:
    return caller.client.used.interactions.create(**caller.recording.body)


async def raw_interaction(caller: Caller) -> None:
    response = await done(caller.client.used.interactions.with_raw_response.create(**caller.recording.body))
    caller.log.append(response.status_code)
    await read(await done(response.parse()), caller.log)


async def streaming_interaction(caller: Caller) -> None:
    """Read the lines of a response that streams."""
    manager = caller.client.used.interactions.with_streaming_response.create(**caller.recording.body)
    async with manager if hasattr(manager, "__aenter__") else _Async(manager) as response:
        caller.log.append(response.status_code)
        caller.log += [line async for line in each(response.iter_lines())]


@dataclass
class _Async:
    """A sync context manager in async clothes."""

    inner: Any

    async def __aenter__(self) -> Any:
        return self.inner.__enter__()

    async def __aexit__(self, *raised: object) -> Any:
        return self.inner.__exit__(*raised)


def asked_interaction(_recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
    sent = body.get("generation_config") or {}
    found = {
        "gen_ai.request.temperature": sent.get("temperature"),
        "gen_ai.request.max_tokens": sent.get("max_output_tokens"),
        "gen_ai.request.reasoning.level": sent.get("thinking_level"),
        "gen_ai.request.stream": body.get("stream") or None,
    }
    found = {name: value for name, value in found.items() if value is not None}
    return {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": body["model"], **found}


def answered_interaction(recording: Recording) -> dict[str, Any]:
    ends = [one["interaction"] for one in recording.events if "usage" in one.get("interaction", {})]
    whole = recording.answer or ends[-1]
    usage = whole["usage"]
    return {
        "gen_ai.response.id": whole["id"],
        "gen_ai.response.model": whole["model"],
        "gen_ai.response.finish_reasons": ({"completed": "stop", "incomplete": "length"}[whole["status"]],),
        **counted(
            {
                "input_tokens": usage["total_input_tokens"] + usage["total_tool_use_tokens"],
                "output_tokens": usage["total_output_tokens"] + usage["total_thought_tokens"],
                "reasoning.output_tokens": usage["total_thought_tokens"],
                "cache_read.input_tokens": usage["total_cached_tokens"],
                **modalities("input", usage["input_tokens_by_modality"], "tokens"),
            }
        ),
    }


ALWAYS_AGAIN = "the older client cannot be told not to try again"

NO_HELPER = "the SDK has no stream helper"


INTERACTIONS = Endpoint(
    name="gemini-interactions",
    provider="gcp.gemini",
    catalogue="google",
    client=counting,
    create=interact,
    recorded=lambda one: one.api == "google.interactions",
    written="google-interactions",
    whole_ways={"raw": raw_interaction, "streaming_lines": streaming_interaction},
    stream_ways={"by_next": by_next, "in_with": in_with, "streaming_lines": streaming_interaction},
    asked=asked_interaction,
    answered=answered_interaction,
    endings={
        "timeout": Ending(
            outcome="error",
            status="ERROR",
            error_type="google.genai.APITimeoutError",
            category="timeout",
            usage_source=None,
        ),
        "error_event": Ending(outcome="error", status="ERROR", error_type="internal_error", usage_source=None),
    },
    without={
        **dict.fromkeys(("cached", "reasoning"), "the plain exchange holds these tokens"),
        **dict.fromkeys(("helper", "helper_left"), NO_HELPER),
        **dict.fromkeys(("streaming_parse", "streaming_unread"), "streaming_lines stands for them"),
        "parse_into": "the SDK has no structured outputs",
        **(dict.fromkeys(("server_error", "timeout", "timeout_in_stream"), ALWAYS_AGAIN) if OLD else {}),
        "connection_refused": "the newer client tries again only what a server answered",
    },
)
