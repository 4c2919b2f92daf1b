"""Operations of the conventions, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agentotel.semconv.names import AGENT_NAME, DATA_SOURCE_ID

INFERENCE: Final = frozenset({"chat", "generate_content", "text_completion"})
"""Values of ``gen_ai.operation.name`` that are model inference."""

NAMED_AFTER: Final[Mapping[str, str]] = {
    "fetch_response": "",
    "invoke_agent": AGENT_NAME,
    "invoke_workflow": "",
    "retrieval": DATA_SOURCE_ID,
}
"""Operations whose spans are not named after the model, and the attribute whose value stands there, if any."""

MODELLESS: Final = frozenset({"fetch_response", "retrieval"})
"""Operations that run no model, so that they are no model calls in totals."""

SPEAKING: Final = INFERENCE | {"fetch_response", "invoke_agent"}
"""Operations whose answers may end a run or ask for tools."""

NAMELESS: Final = frozenset({"embeddings", "invoke_agent"})
"""Operations whose answers have no id in the conventions."""
