"""What the contract tests saw of each SDK, for the table in docs: written if ``CONTRACT_RESULTS`` names a folder."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.contract.drivers._spec import Driver

FACTS: Mapping[str, str] = {
    "id": "gen_ai.response.id",
    "model": "gen_ai.response.model",
    "finish reasons": "gen_ai.response.finish_reasons",
    "tokens": "gen_ai.usage.input_tokens",
    "cache read": "gen_ai.usage.cache_read.input_tokens",
    "cache write": "gen_ai.usage.cache_write.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
    "audio": "gen_ai.usage.audio.",
    "cost": "agentotel.cost.usd",
    "first chunk": "gen_ai.response.time_to_first_chunk",
    "retries": "http.request.resend_count",
    "rate limits": "agentotel.rate_limit.",
    "errors": "agentotel.error.category",
}
"""A fact as the table names it, and how its attribute begins."""

_seen: dict[tuple[str, str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))


def note(driver: Driver, call: str, flavour: str, attributes: Mapping[str, Any]) -> None:
    """Remember what the span of a call said, after its test found it right."""
    operation, provider = attributes["gen_ai.operation.name"], attributes["gen_ai.provider.name"]
    row = _seen[driver.package, provider, operation, call]
    streamed = "gen_ai.request.stream" in attributes or "gen_ai.response.time_to_first_chunk" in attributes
    row["ways"].add(f"{flavour} stream" if streamed else flavour)
    row["facts"] |= {fact for fact, start in FACTS.items() if any(name.startswith(start) for name in attributes)}


def write(drivers: Mapping[str, Driver]) -> None:
    """Write one file for each SDK that was tested: ``groq-oldest.json``."""
    folder, which = os.environ.get("CONTRACT_RESULTS"), os.environ.get("CONTRACT_VERSION", "newest")
    for driver in drivers.values() if folder else ():
        rows = [
            {
                "provider": provider,
                "operation": operation,
                "call": call,
                "ways": sorted(seen["ways"]),
                "facts": [fact for fact in FACTS if fact in seen["facts"]],
            }
            for (package, provider, operation, call), seen in sorted(_seen.items())
            if package == driver.package
        ]
        found = {"package": driver.package, "version": version(driver.distribution), "rows": rows}
        file = f"{driver.package.replace('.', '_')}-{which}.json"
        Path(folder or "").mkdir(parents=True, exist_ok=True)
        Path(folder or "", file).write_text(json.dumps(found, indent=1) + "\n")
