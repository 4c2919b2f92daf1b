"""Inferences inside an answer that its totals leave out and that are billed as well."""

from __future__ import annotations

from agentotel.facts.call import AttributeValue, Usage
from agentotel.semconv import names

Beside = tuple[tuple[str | None, Usage], ...]
"""Model and tokens of each; None is the model of the answer."""


def sums(beside: Beside) -> dict[str, AttributeValue]:
    """Add up their tokens; nothing where there are none."""
    if not beside:
        return {}
    return {
        names.USAGE_BESIDE_INPUT: sum(found.input_tokens or 0 for _, found in beside),
        names.USAGE_BESIDE_OUTPUT: sum(found.output_tokens or 0 for _, found in beside),
    }
