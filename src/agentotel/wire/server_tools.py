"""Uses of tools that a provider ran itself, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from agentotel.facts.call import AttributeValue, ServerToolUse
from agentotel.semconv import names

_NOTHING: Final[Mapping[str, int]] = {}


def counts(uses: Iterable[ServerToolUse], told: Mapping[str, int] = _NOTHING) -> dict[str, AttributeValue]:
    """Count uses by tool. ``told`` holds counts that the provider sent, which come before ours."""
    found = {**Counter(use.kind for use in uses), **told}
    return {f"{names.SERVER_TOOL_CALLS}{kind}": count for kind, count in found.items() if kind}
